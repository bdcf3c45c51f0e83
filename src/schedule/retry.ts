/** When to try again: pure arithmetic, clock and randomness come from outside. */

/** The first wait is drawn from one second; each further one from twice the last. */
const BASE_MS = 1000

/**
 * Milliseconds to wait before the next try, drawn evenly from an exponentially growing range ("full jitter": failures that
 * happened together do not come back together).
 *
 * @param tries how many tries have failed, from 1
 * @param random from 0 up to 1
 */
export function backoffMs(tries: number, maxWaitMs: number, random: () => number): number {
  return random() * Math.min(maxWaitMs, BASE_MS * 2 ** (tries - 1))
}
