/** How many documents a thread is given at once, to be downloaded one after the other in one slot. */

/** Longest that a chain is to take: what waits in it is asked for later than it could be where another slot becomes free. */
const CHAIN_MS = 200

/** More of them save nothing. */
const MAX_LENGTH = 16

/** Part of what is queued for each slot that goes into one chain: so chains become shorter towards the end, and slots end together. */
const SHARE = 1 / 2

/** What the last document counts in the mean. */
const WEIGHT = 1 / 4

export function withPace(paceMs: number | undefined, tookMs: number): number {
  return paceMs === undefined ? tookMs : paceMs + WEIGHT * (tookMs - paceMs)
}

/**
 * @param paceMs how long a document of the host takes; undefined where it is not known
 * @param queuedPerSlot documents of the host that wait for a start, for each slot
 */
export function chainLength(paceMs: number | undefined, queuedPerSlot: number): number {
  if (paceMs === undefined) return 1
  return Math.max(1, Math.floor(Math.min(MAX_LENGTH, CHAIN_MS / paceMs, SHARE * queuedPerSlot)))
}
