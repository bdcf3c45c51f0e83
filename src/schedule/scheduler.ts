/**
 * Which document starts when.
 *
 * A document is *queued* at its host, *running* (it holds one of the run's slots and one of its host's until its body has
 * arrived), or *waiting* for another try (it holds nothing). A host is *runnable* while it has a queued document, a free
 * slot, and its rate and cooling allow a start; runnable hosts take turns. So a free slot is filled whenever any document of
 * any host may start, and one slow host or document never stands in the way of another.
 *
 * A host that only fails is paused, probed, and in the end given up (host-budget.ts). A document under suspicion of ending threads
 * is *set aside*: one of these at a time is queued, so that they do not hold slots while they wait for a thread of their own.
 *
 * Pure: the clock is an argument (milliseconds, any origin), randomness is passed in. Each call costs at most O(log n).
 */
import { type Failure, MillError } from '../errors.ts'
import type { Attempt, Document, DocumentHistory, Hold } from '../model.ts'
import type { ScheduleOptions } from '../options.ts'
import { createHost, type Entry, type Host, hasQueued, takeQueued } from './host.ts'
import { HostBudget, isHostFault, unavailable } from './host-budget.ts'
import { backoffMs } from './retry.ts'
import { askedTooMuch, askedTooOften, patienceCostMs } from './retry-after.ts'
import { TimeHeap } from './time-heap.ts'

/** What becomes of a document after a failed attempt. */
export type Verdict = (
  | {
      /** After `put-off` only if the rest of the run takes that long: the server asked for a wait beyond the limit. */
      readonly next: 'again' | 'put-off'
      readonly notBefore: number
      /** What has been counted of it so far. */
      readonly history: DocumentHistory
    }
  | { readonly next: 'failed'; readonly failure: Failure }
) & {
  /** Set when this failure was one too many for its host, which is left alone until then. */
  readonly hostPausedUntil?: number
}

/** A document that fails without being tried once more. */
export interface GivenUp {
  readonly document: Document
  readonly attempts: number
  readonly failure: Failure
}

export class Scheduler {
  readonly #options: ScheduleOptions
  readonly #random: () => number
  readonly #lends: boolean
  readonly #hosts = new Map<string, Host>()
  readonly #entries = new Map<Attempt, Entry>()
  /** Hosts that may have something to start, in the order of their turns. */
  readonly #runnable = new Set<Host>()
  /** Hosts that become runnable by time alone. */
  readonly #hostTimes = new TimeHeap<Host>()
  /** Documents that wait for another try. */
  readonly #waiting = new TimeHeap<Entry>()
  /** Hosts that are given up and have documents queued. */
  readonly #abandoned = new Set<Host>()
  /** Documents to be tried by themselves, and the one of them that is queued, running or waiting. */
  readonly #aside: Entry[] = []
  #lone: Entry | undefined
  #running = 0
  #attempting = 0
  #queued = 0

  /** @param lends whether documents that wait for another try leave, for they are lent by a queue where they wait */
  constructor(options: ScheduleOptions, random: () => number = Math.random, lends = false) {
    this.#options = options
    this.#random = random
    this.#lends = lends
  }

  /** Documents holding a slot: their bodies are still arriving. */
  get downloading(): number {
    return this.#running
  }

  /** Documents handed out and not yet settled. */
  get attempting(): number {
    return this.#attempting
  }

  /** Documents queued or waiting for another try. */
  get pending(): number {
    return this.#queued + this.#waiting.size + this.#aside.length
  }

  /** @param aside it is set aside from the start, see `setAside` */
  add(document: Document, aside = false): void {
    const host = this.#host(document.host)
    host.documents += 1
    const { attempts: number, patienceSpentMs } = document.history ?? { attempts: 0, patienceSpentMs: 0 }
    const entry: Entry = { document, host, number, patienceSpentMs, holdsSlot: false, startedAt: 0 }
    if (aside) {
      this.#aside.push(entry)
      this.#queueLone()
      return
    }
    host.queued.push(entry)
    this.#queued += 1
    this.#offer(host)
  }

  /** The next document to start now, or undefined when none may. */
  next(now: number): Attempt | undefined {
    this.#wake(now)
    if (this.#running >= this.#options.concurrency) return undefined
    for (const host of this.#runnable) {
      this.#runnable.delete(host)
      if (!this.#mayStart(host, now)) continue
      const entry = this.#take(host)
      if (entry === undefined) continue
      if (host.name !== '') host.nextStart = Math.max(host.nextStart, now) + this.#options.startIntervalMs
      host.running += 1
      this.#running += 1
      this.#attempting += 1
      entry.holdsSlot = true
      entry.startedAt = now
      entry.number += 1
      this.#runnable.add(host)
      const attempt = { document: entry.document, number: entry.number }
      this.#entries.set(attempt, entry)
      return attempt
    }
    return undefined
  }

  /** When something may start by time alone, or undefined when only events can change anything. */
  wakeAt(): number | undefined {
    const host = this.#hostTimes.earliest ?? Number.POSITIVE_INFINITY
    const document = this.#waiting.earliest ?? Number.POSITIVE_INFINITY
    const time = Math.min(host, document)
    return time === Number.POSITIVE_INFINITY ? undefined : time
  }

  /** What keeps the next document from starting, after `next` has given none. */
  hold(): Extract<Hold, 'list' | 'slots' | 'host' | 'rate' | 'cooling' | 'retry'> {
    if (this.#queued === 0) return this.#waiting.size > 0 ? 'retry' : 'list'
    if (this.#running >= this.#options.concurrency) return 'slots'
    const host = this.#hostTimes.first
    if (host === undefined) return 'host'
    return host.coolUntil > host.nextStart ? 'cooling' : 'rate'
  }

  /** The body has arrived: its slots are free while it is parsed. */
  downloaded(attempt: Attempt): void {
    const entry = this.#entries.get(attempt)
    if (entry !== undefined) this.#free(entry)
  }

  /** The attempt ended well. */
  done(attempt: Attempt, now: number): void {
    const { host } = this.#settle(attempt)
    this.#clear(host)
    this.#leave(host, now)
  }

  /** The attempt ended badly. */
  failed(attempt: Attempt, failure: Failure, now: number): Verdict {
    const entry = this.#settle(attempt)
    const hostPausedUntil = this.#charge(entry, failure, now)
    const verdict = this.#judge(entry, failure, now)
    if (verdict.next === 'failed' || this.#lends) this.#leave(entry.host, now)
    return hostPausedUntil === undefined ? verdict : { ...verdict, hostPausedUntil }
  }

  /** The host is well. */
  #clear(host: Host): void {
    if (host.budget === undefined) return
    host.budget.succeeded()
    // It may have been given up, or probed by one document at a time.
    this.#runnable.add(host)
  }

  /** Puts a failure down to its host. @returns until when the host is left alone, if this was one too many */
  #charge(entry: Entry, failure: Failure, now: number): number | undefined {
    const { host } = entry
    if (host.name === '' || failure.retryAfterMs !== undefined) return undefined
    if (!isHostFault(failure)) {
      this.#clear(host)
      return undefined
    }
    const { hostFailures, retryMaxWaitMs } = this.#options
    host.budget ??= new HostBudget(hostFailures, retryMaxWaitMs, this.#random)
    const verdict = host.budget.failed(entry.startedAt, now)
    if (verdict.next === 'pause') {
      this.#cool(host, verdict.until)
      return verdict.until
    }
    if (verdict.next === 'give-up') {
      host.lastFault = failure
      this.#offer(host)
    }
    return undefined
  }

  #judge(entry: Entry, failure: Failure, now: number): Verdict {
    if (failure.disposition !== 'retry') return { next: 'failed', failure }
    if (failure.retryAfterMs !== undefined) return this.#obey(entry, failure, failure.retryAfterMs, now)
    if (entry.number > this.#options.retries) return { next: 'failed', failure }
    if (entry.host.budget?.isGivenUp === true) return { next: 'failed', failure: unavailableHost(entry.host) }
    const notBefore = now + backoffMs(entry.number, this.#options.retryMaxWaitMs, this.#random)
    if (!this.#lends) this.#waiting.push(notBefore, entry)
    return { next: 'again', notBefore, history: historyOf(entry) }
  }

  /** The attempt was lost through no fault of its document's: it is tried again soon and this one does not count. */
  requeue(attempt: Attempt): void {
    const entry = this.#settle(attempt)
    entry.number -= 1
    this.#queueAgain(entry)
  }

  /** The same, but it is set aside: of all such documents one at a time is handed out. */
  setAside(attempt: Attempt): void {
    const entry = this.#settle(attempt)
    entry.number -= 1
    this.#aside.push(entry)
    this.#queueLone()
  }

  /** Documents of hosts that are given up. */
  abandoned(now: number): GivenUp[] {
    const given: GivenUp[] = []
    for (const host of this.#abandoned) {
      this.#abandoned.delete(host)
      if (host.budget?.isGivenUp === true) this.#drain(host, unavailableHost(host), given, now)
    }
    return given
  }

  /**
   * Documents that will not be tried again because their server asked to wait for longer than the limit. Call when nothing else
   * can be had: the list has ended, or nothing more of it fits; those whose time has come by then are left to `next`.
   */
  giveUp(now: number): GivenUp[] {
    const given: GivenUp[] = []
    if (this.#attempting > 0 || this.#waiting.size > 0 || this.#runnable.size > 0) return given
    for (const host of this.#hosts.values()) {
      if (host.putOff === undefined && hasQueued(host)) return given
    }
    for (const host of this.#hosts.values()) {
      if (host.putOff === undefined || host.coolUntil <= now) continue
      this.#drain(host, host.putOff, given, now)
    }
    return given
  }

  #drain(host: Host, failure: Failure, given: GivenUp[], now: number): void {
    for (let entry = this.#take(host); entry !== undefined; entry = this.#take(host)) {
      given.push({ document: entry.document, attempts: entry.number, failure })
      this.#endLone(entry)
      this.#leave(host, now)
    }
  }

  /** Retry-After cools the whole host, is never cut short, and costs the document no retry. */
  #obey(entry: Entry, failure: Failure, retryAfterMs: number, now: number): Verdict {
    const { host } = entry
    const notBefore = now + retryAfterMs
    const { retryMaxWaitMs } = this.#options
    entry.patienceSpentMs += patienceCostMs(retryAfterMs)
    entry.number -= 1
    // A queue that lends documents keeps the host's times, for everyone.
    if (this.#lends && (retryAfterMs > retryMaxWaitMs || entry.patienceSpentMs <= retryMaxWaitMs))
      return { next: retryAfterMs > retryMaxWaitMs ? 'put-off' : 'again', notBefore, history: historyOf(entry) }
    if (retryAfterMs > retryMaxWaitMs) {
      this.#cool(host, notBefore)
      host.putOff = askedTooMuch(failure, retryAfterMs, retryMaxWaitMs)
      this.#queueAgain(entry)
      return { next: 'put-off', notBefore, history: historyOf(entry) }
    }
    if (entry.patienceSpentMs > retryMaxWaitMs)
      return { next: 'failed', failure: askedTooOften(failure, entry.patienceSpentMs, retryMaxWaitMs) }
    this.#cool(host, notBefore)
    this.#queueAgain(entry)
    return { next: 'again', notBefore, history: historyOf(entry) }
  }

  #cool(host: Host, until: number): void {
    host.coolUntil = Math.max(host.coolUntil, until)
  }

  #queueAgain(entry: Entry): void {
    entry.host.again.push(entry)
    this.#queued += 1
    this.#offer(entry.host)
  }

  /** The host may have something to start, or to be given up. */
  #offer(host: Host): void {
    if (host.budget?.isGivenUp === true) this.#abandoned.add(host)
    else this.#runnable.add(host)
  }

  #queueLone(): void {
    if (this.#lone !== undefined) return
    this.#lone = this.#aside.shift()
    if (this.#lone !== undefined) this.#queueAgain(this.#lone)
  }

  /** If it was the one that was set aside, the next one has its turn. */
  #endLone(entry: Entry): void {
    if (entry !== this.#lone) return
    this.#lone = undefined
    this.#queueLone()
  }

  /** Moves everything whose time has come to where `next` finds it. */
  #wake(now: number): void {
    for (let host = this.#hostTimes.popDue(now); host !== undefined; host = this.#hostTimes.popDue(now)) {
      host.timer = 0
      if (host.documents > 0) this.#runnable.add(host)
      else this.#forget(host, now)
    }
    for (let entry = this.#waiting.popDue(now); entry !== undefined; entry = this.#waiting.popDue(now)) {
      this.#queueAgain(entry)
    }
  }

  /** Whether a slot and the time allow a start; when only time is in the way, the host is woken by it. */
  #mayStart(host: Host, now: number): boolean {
    if (!hasQueued(host) || host.budget?.isGivenUp === true) return false
    if (host.budget?.isProbing === true && host.running > 0) return false
    if (host.name !== '' && host.running >= this.#options.perHost) return false
    if (this.#wakeLater(host, now)) return false
    host.putOff = undefined
    return true
  }

  /** Whether the host's rate or cooling stand against a start; then it is woken when they no longer do. */
  #wakeLater(host: Host, now: number): boolean {
    const from = Math.max(host.nextStart, host.coolUntil)
    if (from <= now) return false
    if (host.timer !== from) {
      host.timer = from
      this.#hostTimes.push(from, host)
    }
    return true
  }

  #take(host: Host): Entry | undefined {
    const entry = takeQueued(host)
    if (entry !== undefined) this.#queued -= 1
    return entry
  }

  #settle(attempt: Attempt): Entry {
    const entry = this.#entries.get(attempt)
    if (entry === undefined) throw new MillError('INTERNAL', `attempt at ${attempt.document.url} was settled twice`)
    this.#entries.delete(attempt)
    this.#attempting -= 1
    this.#free(entry)
    this.#endLone(entry)
    return entry
  }

  #free(entry: Entry): void {
    if (!entry.holdsSlot) return
    entry.holdsSlot = false
    entry.host.running -= 1
    this.#running -= 1
    this.#runnable.add(entry.host)
  }

  /** One document less at a host. */
  #leave(host: Host, now: number): void {
    host.documents -= 1
    if (host.documents === 0) this.#forget(host, now)
  }

  /** A host without documents is only remembered while its times need it. */
  #forget(host: Host, now: number): void {
    // A timer may be left of one that was forgotten before and has come back since.
    if (this.#hosts.get(host.name) !== host || host.budget?.isGivenUp === true) return
    if (!this.#wakeLater(host, now)) this.#hosts.delete(host.name)
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = createHost(name)
      this.#hosts.set(name, host)
    }
    return host
  }
}

function unavailableHost({ name, budget, lastFault }: Host): Failure {
  return unavailable(name, budget, lastFault)
}

function historyOf({ number, patienceSpentMs }: Entry): DocumentHistory {
  return { attempts: number, patienceSpentMs }
}
