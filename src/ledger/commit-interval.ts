/** How often what is done becomes safe. */

/** A kill costs what was milled since the last commit: so little of it that nobody minds. */
export const LEAST_COMMIT_INTERVAL_MS = 100

/** And so much, at most, where a sync of the disk is slow. */
const MOST_COMMIT_INTERVAL_MS = 2000

/** The part of the time that the main thread may be at it, or wait for the disk. With tiny documents the threads wait as well. */
const COMMIT_SHARE = 0.02

/**
 * Least time from one commit to the next. Each waits for a sync of the disk, and the main thread with it: 0.1 ms on one machine, 20 on
 * another. So the pace follows what the last one took.
 */
export function commitIntervalMs(lastCommitMs: number): number {
  return Math.min(MOST_COMMIT_INTERVAL_MS, Math.max(LEAST_COMMIT_INTERVAL_MS, lastCommitMs / COMMIT_SHARE))
}
