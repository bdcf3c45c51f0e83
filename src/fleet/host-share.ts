/** How much of a host may start now, over all machines. Pure: times are milliseconds of the database's clock. */

/** A host as the queue has it. */
export interface HostState {
  readonly number: number
  /** Empty for local files, which have no limits. */
  readonly name: string
  /** Documents that hold one of its slots, over all machines. */
  readonly running: number
  readonly nextStart: number
  readonly coolUntil: number
  readonly pauses: number
  /** Whether failures of its were counted, so that it is news when it is well. */
  readonly isTroubled: boolean
}

export interface HostLimits {
  readonly perHost: number
  /** Least time between two starts; 0 for none. */
  readonly startIntervalMs: number
}

/**
 * Starts that are given out before their time, so that a rate of many a second does not take a claim for each. A worker keeps each
 * until its time has come.
 */
const AHEAD_MS = 200

export interface Share {
  /** How many may be taken. */
  readonly count: number
  /** When the first of them may start; each further one is an interval later. */
  readonly startAt: number
}

/** @returns what may be taken, or when to ask again: undefined when only the end of another document can change it */
export function shareOf(host: HostState, limits: HostLimits, most: number, now: number): Share | number | undefined {
  if (host.name === '') return { count: most, startAt: now }
  if (host.coolUntil > now) return host.coolUntil
  // After a pause, one document at a time shows whether it is well again.
  const perHost = host.pauses > 0 ? 1 : limits.perHost
  const free = perHost - host.running
  if (free <= 0) return undefined
  const startAt = Math.max(host.nextStart, now)
  if (limits.startIntervalMs === 0) return { count: Math.min(most, free), startAt: now }
  const due = Math.floor((now + AHEAD_MS - startAt) / limits.startIntervalMs) + 1
  if (due <= 0) return startAt - AHEAD_MS
  return { count: Math.min(most, free, due), startAt }
}

/** When the host may have something to start again, after so many were taken; undefined as above. */
export function readyAfter(
  host: HostState,
  limits: HostLimits,
  taken: number,
  share: Share,
  now: number,
): number | undefined {
  if (host.name === '') return now
  const perHost = host.pauses > 0 ? 1 : limits.perHost
  if (host.running + taken >= perHost) return undefined
  return Math.max(now, share.startAt + taken * limits.startIntervalMs - AHEAD_MS)
}
