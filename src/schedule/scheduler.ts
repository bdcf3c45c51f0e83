/**
 * Which document starts when.
 *
 * A document is *queued* at its host, *running* (it holds one of the run's slots and one of its host's until its body has
 * arrived), or *waiting* for another try (it holds nothing). A host is *runnable* while it has a queued document, a free
 * slot, and its rate and cooling allow a start; runnable hosts take turns. So a free slot is filled whenever any document of
 * any host may start, and one slow host or document never stands in the way of another.
 *
 * Where documents of a host are many and quick, several are handed out as a *chain*: one starts, the others *follow* it in its slot
 * without being asked for one by one. They hold nothing until then, and are called back when there are slots that want them.
 *
 * A host that only fails is paused, probed, and in the end given up (host-budget.ts). A document under suspicion of ending threads
 * is *set aside*: one of these at a time is queued, so that they do not hold slots while they wait for a thread of their own.
 *
 * Pure: the clock is an argument (milliseconds, any origin), randomness is passed in. Each call costs at most O(log n).
 */
import { type Failure, MillError } from '../errors.ts'
import type { Attempt, Document, DocumentHistory, Hold } from '../model.ts'
import type { ScheduleOptions } from '../options.ts'
import { chainLength, withPace } from './chain-length.ts'
import { Followers } from './followers.ts'
import { coolHost, type Entry, type Host, hasQueued, nextQueued, queueLength } from './host.ts'
import { HostBudget, isHostFault, unavailable } from './host-budget.ts'
import { Hosts } from './hosts.ts'
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
  readonly #hosts: Hosts
  readonly #entries = new Map<Attempt, Entry>()
  /** Documents that wait for another try. */
  readonly #waiting = new TimeHeap<Entry>()
  /** Documents to be tried by themselves, and the one of them that is queued, running or waiting. */
  readonly #aside: Entry[] = []
  #lone: Entry | undefined
  readonly #followers = new Followers()
  #running = 0
  #attempting = 0

  /** @param lends whether documents that wait for another try leave, for they are lent by a queue where they wait */
  constructor(options: ScheduleOptions, random: () => number = Math.random, lends = false) {
    this.#options = options
    this.#hosts = new Hosts(options.perHost)
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

  /** Documents queued, following others, or waiting for another try. */
  get pending(): number {
    return this.#hosts.queued + this.#followers.size + this.#waiting.size + this.#aside.length
  }

  /** @param aside it is set aside from the start, see `setAside` */
  add(document: Document, aside = false): void {
    const host = this.#hosts.join(document.host)
    const { attempts: number, patienceSpentMs } = document.history ?? { attempts: 0, patienceSpentMs: 0 }
    const entry: Entry = { document, host, number, patienceSpentMs, holdsSlot: false, follows: false, startedAt: 0 }
    if (aside) {
      this.#aside.push(entry)
      this.#queueLone()
      return
    }
    this.#hosts.queue(entry)
  }

  /** The next document to start now, or undefined when none may. */
  next(now: number): Attempt | undefined {
    this.#wake(now)
    if (this.#running >= this.#options.concurrency) return undefined
    const entry = this.#hosts.next(now)
    if (entry === undefined) return undefined
    const { host } = entry
    if (host.name !== '') host.nextStart = Math.max(host.nextStart, now) + this.#options.startIntervalMs
    this.#occupy(entry, now)
    return this.#handOut(entry)
  }

  /**
   * Documents that are to follow one that `next` has given, where it pays and nobody else waits for its slot. For each of them `begun`
   * or `requeue` is to come.
   */
  followers(leader: Attempt): Attempt[] {
    const entry = this.#entries.get(leader)
    if (entry === undefined || !this.#mayLead(entry)) return []
    const { host } = entry
    const length = chainLength(host.paceMs, queueLength(host) / this.#options.concurrency)
    const attempts: Attempt[] = []
    while (attempts.length + 1 < length && this.#mayFollow(nextQueued(host))) {
      const next = this.#hosts.take(host)
      if (next === undefined) break
      this.#followers.add(next)
      attempts.push(this.#handOut(next))
    }
    return attempts
  }

  /** A document has the slot of the one that it follows. */
  begun(attempt: Attempt, before: Attempt, now: number): void {
    const entry = this.#entries.get(attempt)
    const last = this.#entries.get(before)
    if (entry?.follows !== true || last === undefined) return
    this.#followers.remove(entry)
    this.#free(last)
    this.#occupy(entry, now)
  }

  /**
   * Whether documents that follow others are to come back: a slot is free that one could have, another host waits for theirs, or their own is
   * to be left alone.
   */
  wantsBack(now: number): boolean {
    const isFree = this.#running < this.#options.concurrency
    for (const host of this.#followers.hosts) {
      if (host.coolUntil > now || host.budget?.isGivenUp === true || this.#hosts.isOtherWaiting(host, now)) return true
      if (isFree && (host.name === '' || host.running < this.#options.perHost)) return true
    }
    return false
  }

  /** When something may start by time alone, or undefined when only events can change anything. */
  wakeAt(): number | undefined {
    const host = this.#hosts.wakeAt ?? Number.POSITIVE_INFINITY
    const document = this.#waiting.earliest ?? Number.POSITIVE_INFINITY
    const time = Math.min(host, document)
    return time === Number.POSITIVE_INFINITY ? undefined : time
  }

  /** What keeps the next document from starting, after `next` has given none. */
  hold(): Extract<Hold, 'list' | 'slots' | 'host' | 'rate' | 'cooling' | 'retry'> {
    if (this.#hosts.queued === 0 && this.#followers.size > 0) return 'slots'
    if (this.#hosts.queued === 0) return this.#waiting.size > 0 ? 'retry' : 'list'
    if (this.#running >= this.#options.concurrency) return 'slots'
    const host = this.#hosts.firstToWake
    if (host === undefined) return 'host'
    return host.coolUntil > host.nextStart ? 'cooling' : 'rate'
  }

  /** The body has arrived: its slots are free while it is parsed. */
  downloaded(attempt: Attempt): void {
    const entry = this.#entries.get(attempt)
    if (entry !== undefined) this.#free(entry)
  }

  /** The attempt ended well. */
  done(attempt: Attempt, now: number, tookMs?: number): void {
    const { host } = this.#settle(attempt)
    if (tookMs !== undefined) host.paceMs = withPace(host.paceMs, tookMs)
    this.#clear(host)
    this.#hosts.leave(host, now)
  }

  /** The attempt ended badly. */
  failed(attempt: Attempt, failure: Failure, now: number): Verdict {
    const entry = this.#settle(attempt)
    entry.host.paceMs = undefined
    const hostPausedUntil = this.#charge(entry, failure, now)
    const verdict = this.#judge(entry, failure, now)
    if (verdict.next === 'failed' || this.#lends) this.#hosts.leave(entry.host, now)
    return hostPausedUntil === undefined ? verdict : { ...verdict, hostPausedUntil }
  }

  /** The host is well. */
  #clear(host: Host): void {
    if (host.budget === undefined) return
    host.budget.succeeded()
    // It may have been given up, or probed by one document at a time.
    this.#hosts.offer(host)
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
      coolHost(host, verdict.until)
      return verdict.until
    }
    if (verdict.next === 'give-up') {
      host.lastFault = failure
      this.#hosts.offer(host)
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
    this.#hosts.queueAgain(entry)
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
    for (const host of this.#hosts.abandoned()) this.#drain(host, unavailableHost(host), given, now)
    return given
  }

  /**
   * Documents that will not be tried again because their server asked to wait for longer than the limit. Call when nothing else
   * can be had: the list has ended, or nothing more of it fits; those whose time has come by then are left to `next`.
   */
  giveUp(now: number): GivenUp[] {
    const given: GivenUp[] = []
    if (this.#attempting > 0 || this.#waiting.size > 0 || this.#hosts.isAnyRunnable) return given
    for (const host of this.#hosts) {
      if (host.putOff === undefined && hasQueued(host)) return given
    }
    for (const host of this.#hosts) {
      if (host.putOff === undefined || host.coolUntil <= now) continue
      this.#drain(host, host.putOff, given, now)
    }
    return given
  }

  #drain(host: Host, failure: Failure, given: GivenUp[], now: number): void {
    for (let entry = this.#hosts.take(host); entry !== undefined; entry = this.#hosts.take(host)) {
      given.push({ document: entry.document, attempts: entry.number, failure })
      this.#endLone(entry)
      this.#hosts.leave(host, now)
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
      coolHost(host, notBefore)
      host.putOff = askedTooMuch(failure, retryAfterMs, retryMaxWaitMs)
      this.#hosts.queueAgain(entry)
      return { next: 'put-off', notBefore, history: historyOf(entry) }
    }
    if (entry.patienceSpentMs > retryMaxWaitMs)
      return { next: 'failed', failure: askedTooOften(failure, entry.patienceSpentMs, retryMaxWaitMs) }
    coolHost(host, notBefore)
    this.#hosts.queueAgain(entry)
    return { next: 'again', notBefore, history: historyOf(entry) }
  }

  #queueLone(): void {
    if (this.#lone !== undefined) return
    this.#lone = this.#aside.shift()
    if (this.#lone !== undefined) this.#hosts.queueAgain(this.#lone)
  }

  /** If it was the one that was set aside, the next one has its turn. */
  #endLone(entry: Entry): void {
    if (entry !== this.#lone) return
    this.#lone = undefined
    this.#queueLone()
  }

  /** Moves everything whose time has come to where `next` finds it. */
  #wake(now: number): void {
    this.#hosts.wake(now)
    for (let entry = this.#waiting.popDue(now); entry !== undefined; entry = this.#waiting.popDue(now)) {
      this.#hosts.queueAgain(entry)
    }
  }

  #handOut(entry: Entry): Attempt {
    entry.number += 1
    const attempt = { document: entry.document, number: entry.number }
    this.#entries.set(attempt, entry)
    return attempt
  }

  /** It has a slot from now on. */
  #occupy(entry: Entry, now: number): void {
    entry.host.running += 1
    this.#running += 1
    this.#attempting += 1
    entry.holdsSlot = true
    entry.startedAt = now
  }

  #settle(attempt: Attempt): Entry {
    const entry = this.#entries.get(attempt)
    if (entry === undefined) throw new MillError('INTERNAL', `attempt at ${attempt.document.url} was settled twice`)
    this.#entries.delete(attempt)
    if (entry.follows) this.#followers.remove(entry)
    else this.#attempting -= 1
    this.#free(entry)
    this.#endLone(entry)
    return entry
  }

  #mayLead(entry: Entry): boolean {
    const { startIntervalMs } = this.#options
    const { budget } = entry.host
    const isWell = budget === undefined || budget.failures === 0
    const isFirstTry = entry.number === 1 && entry !== this.#lone
    return (
      startIntervalMs === 0 &&
      !this.#lends &&
      isWell &&
      isFirstTry &&
      !this.#hosts.isOtherWaiting(entry.host, entry.startedAt)
    )
  }

  /** One that has failed, or ended a thread, is tried by itself. */
  #mayFollow(entry: Entry | undefined): boolean {
    return entry !== undefined && entry.number === 0 && entry !== this.#lone
  }

  #free(entry: Entry): void {
    if (!entry.holdsSlot) return
    entry.holdsSlot = false
    entry.host.running -= 1
    this.#running -= 1
    this.#hosts.offer(entry.host)
  }
}

function unavailableHost({ name, budget, lastFault }: Host): Failure {
  return unavailable(name, budget, lastFault)
}

function historyOf({ number, patienceSpentMs }: Entry): DocumentHistory {
  return { attempts: number, patienceSpentMs }
}
