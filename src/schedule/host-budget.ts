/**
 * How many failures a host may have: after so many in a row it is left alone for a while, then probed by one document at a time, then left
 * alone for longer, and in the end given up, so that a dead server costs minutes whatever the number of its documents. Any
 * answer that shows it to be well begins anew.
 *
 * Pure: the clock is an argument.
 */

import { type ErrorCode, type Failure, MillError } from '../errors.ts'

/** Failures that say that the host is not well, and not only its document. */
const HOST_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'DNS_FAILED',
  'CONNECT_FAILED',
  'CONNECT_TIMEOUT',
  'CONNECTION_LOST',
  'HTTP_MALFORMED',
  'HTTP_UNAVAILABLE',
  'STALLED',
  'TIMEOUT',
  'BODY_TRUNCATED',
])

/** Whether a failure counts against its host; one that says when to come back is an answer, not a fault. */
export function isHostFault({ code, retryAfterMs }: Failure): boolean {
  return retryAfterMs === undefined && HOST_FAULTS.has(code)
}

/** The first pause; each further one is twice the last. */
const FIRST_PAUSE_MS = 5000

/** Pauses before a host is given up: 5 + 10 + 20 + 40 + 80 + 160 s, about five minutes in all. */
export const MAX_PAUSES = 6

/** What follows from a failure. */
export type HostVerdict =
  | { readonly next: 'go-on' }
  /** Nothing of the host starts before that time. */
  | { readonly next: 'pause'; readonly until: number }
  | { readonly next: 'give-up' }

const GO_ON: HostVerdict = { next: 'go-on' }

/** What a budget remembers, for a host that several machines ask. */
export interface HostCount {
  readonly failures: number
  readonly pauses: number
  /** When the last pause began. */
  readonly pausedAt: number
  readonly isGivenUp: boolean
}

const CLEAN: HostCount = { failures: 0, pauses: 0, pausedAt: Number.NEGATIVE_INFINITY, isGivenUp: false }

export class HostBudget {
  readonly #maxFailures: number
  readonly #maxPauseMs: number
  readonly #random: () => number
  #failures: number
  #pauses: number
  #pausedAt: number
  #isGivenUp: boolean

  /**
   * @param maxFailures in a row before the first pause; 0 for no limit
   * @param maxPauseMs what no pause is longer than
   * @param random from 0 up to 1
   * @param count what it begins with
   */
  constructor(maxFailures: number, maxPauseMs: number, random: () => number, count: HostCount = CLEAN) {
    this.#maxFailures = maxFailures
    this.#maxPauseMs = maxPauseMs
    this.#random = random
    this.#failures = count.failures
    this.#pauses = count.pauses
    this.#pausedAt = count.pausedAt
    this.#isGivenUp = count.isGivenUp
  }

  get count(): HostCount {
    return {
      failures: this.#failures,
      pauses: this.#pauses,
      pausedAt: this.#pausedAt,
      isGivenUp: this.#isGivenUp,
    }
  }

  get failures(): number {
    return this.#failures
  }

  get pauses(): number {
    return this.#pauses
  }

  /** After a pause one document at a time shows whether the host is well again. */
  get isProbing(): boolean {
    return this.#pauses > 0
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** The host answered as a host does that is well. */
  succeeded(): void {
    this.#failures = 0
    this.#pauses = 0
    this.#pausedAt = Number.NEGATIVE_INFINITY
    this.#isGivenUp = false
  }

  /** @param startedAt of the attempt: one that was under way when the pause began says nothing new */
  failed(startedAt: number, now: number): HostVerdict {
    if (this.#maxFailures === 0) return GO_ON
    this.#failures += 1
    const isNews = startedAt >= this.#pausedAt
    if (this.#isGivenUp || !isNews || (this.#pauses === 0 && this.#failures < this.#maxFailures)) return GO_ON
    if (this.#pauses >= MAX_PAUSES) {
      this.#isGivenUp = true
      return { next: 'give-up' }
    }
    // From three quarters of the pause up to all of it: machines that work on one list do not come back together.
    const wholeMs = Math.min(this.#maxPauseMs, FIRST_PAUSE_MS * 2 ** this.#pauses)
    const pauseMs = wholeMs * (0.75 + 0.25 * this.#random())
    this.#pauses += 1
    this.#pausedAt = now
    return { next: 'pause', until: now + pauseMs }
  }
}

/** What the documents of a host fail with that is given up. */
export function unavailable(
  host: string,
  count: Pick<HostCount, 'failures' | 'pauses'> | undefined,
  last: Pick<Failure, 'code' | 'message'> | undefined,
): Failure {
  const often = `${count?.failures ?? 0} times in a row and was left alone ${count?.pauses ?? 0} times meanwhile`
  return new MillError(
    'HOST_UNAVAILABLE',
    `${host} failed ${often}; the last time: ${last?.code}: ${last?.message}`,
  ).toFailure()
}
