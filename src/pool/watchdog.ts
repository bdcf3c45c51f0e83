/**
 * Which threads are stuck: their pulse has not moved for too long. Pure: time is what it is told.
 *
 * Nothing is asked of a thread, because one that is stuck cannot answer; and no message is spent on one that is well.
 */

/** Looks taken during the time-out: a stuck thread is noticed at most one of them late. */
const LOOKS = 4

const LONGEST_TICK_MS = 1000

/** How often to look, in milliseconds. */
export function watchTickMs(timeoutMs: number): number {
  return Math.min(LONGEST_TICK_MS, timeoutMs / LOOKS)
}

interface Sighting {
  steps: number
  silentMs: number
}

export class Watchdog<Thread> {
  readonly #timeoutMs: number
  readonly #sightings = new Map<Thread, Sighting>()

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /**
   * Looks at all threads.
   * @param elapsedMs since the last look: one that comes late says nothing of the threads (the process was stopped, or main itself
   * was busy), and counts as if it came in time
   * @returns those that have not moved for the time-out
   */
  look(threads: Iterable<readonly [Thread, number]>, elapsedMs: number): Thread[] {
    const spanMs = Math.min(elapsedMs, 1.5 * watchTickMs(this.#timeoutMs))
    const stuck: Thread[] = []
    for (const [thread, steps] of threads) {
      const seen = this.#sightings.get(thread)
      if (seen === undefined) this.#sightings.set(thread, { steps, silentMs: 0 })
      else if (seen.steps !== steps) {
        seen.steps = steps
        seen.silentMs = 0
      } else {
        seen.silentMs += spanMs
        if (seen.silentMs >= this.#timeoutMs) stuck.push(thread)
      }
    }
    return stuck
  }

  forget(thread: Thread): void {
    this.#sightings.delete(thread)
  }
}
