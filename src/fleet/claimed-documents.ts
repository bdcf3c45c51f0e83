/**
 * The documents that this machine has of a run's queue, as a run takes them: claimed a few at a time, as many as its threads can take, so
 * that none is held for long before it starts. Slots of hosts go back when a body has arrived, documents that wait for another try at once.
 */
import type { Document } from '../model.ts'
import type { RunEvent } from '../report/events.ts'
import { Bell } from '../schedule/bell.ts'
import { isHostFault } from '../schedule/host-budget.ts'
import { askedTooMuch } from '../schedule/retry-after.ts'
import type { SettledDocument } from '../sinks/sink.ts'
import type { DocumentSource, FailedAttempt, Listed, Loan } from '../sources/source.ts'
import { ClaimRoom } from './claim-room.ts'
import { type ClaimAnswer, claim, RENEW_MS } from './claims.ts'
import type { FleetDatabase } from './database.ts'
import type { Engine } from './engine.ts'
import type { HostNews } from './host-news.ts'
import type { HostLimits } from './host-share.ts'
import type { Returned } from './returns.ts'
import { type Claim, documentOf } from './turns.ts'
import { type FleetWorker, LEASE_MS } from './worker.ts'

/** So long before its end a lease is not relied on. */
const DOUBT_MS = 2000

export interface ClaimSetting {
  readonly database: FleetDatabase
  readonly engine: Engine
  readonly worker: FleetWorker
  readonly run: number
  readonly limits: HostLimits
  readonly hostFailures: number
  readonly retryMaxWaitMs: number
  /** Documents that the threads can take at once. */
  readonly room: number
}

interface Held {
  readonly id: number
  readonly claim: Claim
  /** When it may start, in milliseconds of this machine's clock. */
  readonly startAt: number
  startedAt: number
  /** Whether a thread has it or is to have it. */
  isInHand: boolean
}

/** What is to be told with the next claim. */
class NextClaim {
  readonly downloaded = new Set<string>()
  readonly ended = new Set<string>()
  readonly returned: Returned[] = []
  readonly news: HostNews[] = []

  get isUrgent(): boolean {
    return this.downloaded.size > 0 || this.returned.length > 0
  }

  get isEmpty(): boolean {
    return !this.isUrgent && this.ended.size === 0 && this.news.length === 0
  }
}

export class ClaimedDocuments implements DocumentSource {
  readonly duplicates = 0
  readonly ofOtherShards = 0
  readonly loan: Loan
  readonly #setting: ClaimSetting
  readonly #held = new Map<number, Held>()
  /** Those that are not handed out yet, in the order of their times. */
  readonly #queue: Held[] = []
  readonly #bell = new Bell()
  readonly #room: ClaimRoom
  #nextClaim = new NextClaim()
  #inHand = 0
  #nextId = 0
  #renewedAt = Number.NEGATIVE_INFINITY
  #connections: number
  #isClaiming = true
  #isClosed = false
  #failure: { readonly reason: unknown } | undefined
  /** From the first document that is asked for. */
  #working: Promise<void> | undefined

  constructor(setting: ClaimSetting) {
    this.#setting = setting
    this.#room = new ClaimRoom(setting.room)
    this.#connections = setting.database.connections
    this.loan = this.#lend()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Listed, undefined>> {
    this.#working ??= this.#work().catch((reason: unknown) => {
      this.#failure = { reason }
      this.#isClosed = true
      this.#bell.ring()
    })
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason
      if (!this.#isClaiming || this.#isClosed) return { done: true, value: undefined }
      const first = this.#queue[0]
      const waitMs = first === undefined ? undefined : first.startAt - performance.now()
      if (first !== undefined && waitMs !== undefined && waitMs <= 0) {
        this.#queue.shift()
        return { done: false, value: this.#listed(first) }
      }
      await this.#bell.rung(waitMs)
    }
  }

  async return(): Promise<IteratorResult<Listed, undefined>> {
    this.#isClaiming = false
    this.#bell.ring()
    return { done: true, value: undefined }
  }

  /** The claim of a document that is still this machine's. */
  claimOf({ id }: Document): Claim | undefined {
    return this.#held.get(id)?.claim
  }

  /** What became of these is written: they are nobody's any more. */
  settled(documents: readonly SettledDocument[]): void {
    for (const settled of documents) {
      const held = this.#held.get(settled.document.id)
      if (held === undefined) continue
      this.#letGo(held)
      this.#nextClaim.ended.add(held.claim.job)
    }
    if (this.#held.size === 0) this.#bell.ring()
  }

  /** Follows the run that takes the documents. */
  readonly listener = (event: RunEvent): void => {
    if (event.type === 'attempt-started') {
      const held = this.#held.get(event.id)
      if (held !== undefined) held.startedAt = performance.now()
    } else if (event.type === 'downloaded') {
      const held = this.#held.get(event.id)
      if (held !== undefined) this.#freeSlot(held)
      // Of one that failed it is told what follows first, and then that its slot is free: its host may have asked to be left alone.
    } else if (event.type === 'attempt-ended' && event.status !== 'failed') {
      const held = this.#held.get(event.id)
      if (held === undefined) return
      this.#putDown(held)
      if (held.claim.host.isTroubled) this.#tell({ kind: 'well', host: held.claim.host.number })
      this.#freeSlot(held)
    }
  }

  /** Gives back everything that is not settled. Call when the run is at its end, however it ended. */
  async close(): Promise<void> {
    this.#isClaiming = false
    this.#isClosed = true
    this.#bell.ring()
    await this.#working
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  #lend(): Loan {
    const isGood = () => performance.now() - this.#renewedAt < LEASE_MS - DOUBT_MS
    return {
      get isGood() {
        return isGood()
      },
      has: ({ id }) => this.#held.has(id),
      failed: (attempt) => this.#failed(attempt),
    }
  }

  #failed({ document, failure, again }: FailedAttempt): void {
    const held = this.#held.get(document.id)
    if (held === undefined) return
    const { retryAfterMs } = failure
    if (retryAfterMs === undefined) this.#hear(held, failure)
    else {
      const isTooLong = again?.isPutOff === true
      const tooLong = isTooLong ? askedTooMuch(failure, retryAfterMs, this.#setting.retryMaxWaitMs) : undefined
      this.#tell({ kind: 'asked', host: held.claim.host.number, waitMs: retryAfterMs, tooLong })
    }
    if (again === undefined) {
      this.#putDown(held)
      this.#freeSlot(held)
      return
    }
    // Where the server has named a time it is the host that waits, with all of its documents.
    const waitMs = retryAfterMs === undefined ? again.waitMs : 0
    this.#giveBack(held, { waitMs, data: { ...held.claim.data, history: again.history } })
  }

  #freeSlot({ claim: { job, host } }: Held): void {
    // Local files have no host whose slots others wait for.
    if (host.name === '') return
    this.#nextClaim.downloaded.add(job)
    this.#bell.ring()
  }

  #giveBack(held: Held, more: Pick<Returned, 'waitMs' | 'data'>): void {
    const { job, retryCount, host } = held.claim
    this.#nextClaim.returned.push({ run: this.#setting.run, job, retryCount, host: host.number, ...more })
    this.#nextClaim.ended.add(job)
    this.#letGo(held)
    this.#bell.ring()
  }

  /** What a failure says of its host. */
  #hear({ claim: { host }, startedAt }: Held, failure: FailedAttempt['failure']): void {
    if (isHostFault(failure)) {
      const { hostFailures, retryMaxWaitMs: maxPauseMs } = this.#setting
      const ageMs = performance.now() - startedAt
      this.#tell({ kind: 'fault', host: host.number, failure, ageMs, rules: { hostFailures, maxPauseMs } })
    } else if (host.isTroubled) this.#tell({ kind: 'well', host: host.number })
  }

  #tell(news: HostNews): void {
    this.#nextClaim.news.push(news)
  }

  #listed({ id, claim: one }: Held): Listed {
    const { failure, data } = one
    return failure === undefined
      ? { kind: 'document', document: documentOf(id, one) }
      : { kind: 'bad-line', line: { id, url: data.url, failure } }
  }

  #putDown(held: Held): void {
    if (!held.isInHand) return
    held.isInHand = false
    this.#inHand -= 1
    if (this.#room.isWide(this.#inHand)) this.#bell.ring()
  }

  #letGo(held: Held): void {
    this.#putDown(held)
    this.#held.delete(held.id)
    const index = this.#queue.indexOf(held)
    if (index !== -1) this.#queue.splice(index, 1)
  }

  /** One claim after the other, until this is closed: also those that claim nothing renew the lease. */
  async #work(): Promise<void> {
    let askAt = 0
    for (;;) {
      const want = this.#isClaiming && !this.#isClosed ? this.#room.free(this.#inHand) : 0
      const isWide = want > 0 && this.#room.isWide(this.#inHand)
      const now = performance.now()
      const isDue = (isWide && askAt <= now) || this.#nextClaim.isUrgent || this.#isClosed
      const renewAt = this.#renewedAt + RENEW_MS
      if (!isDue && renewAt > now && !(this.#held.size === 0 && !this.#nextClaim.isEmpty)) {
        await this.#bell.rung(Math.min(renewAt, isWide ? askAt : renewAt) - now)
        continue
      }
      const isLast = this.#isClosed
      // Also what a claim has brought that was under way when this was closed.
      if (isLast) for (const held of [...this.#held.values()]) this.#giveBack(held, { waitMs: 0 })
      const before = this.#inHand
      const answer = await this.#exchange(want, now)
      if (answer.claims.length === want) this.#room.claimed(before, this.#inHand)
      askAt = performance.now() + answer.askAgainMs
      if (isLast) return
      this.#follow(answer)
    }
  }

  async #exchange(want: number, now: number): Promise<ClaimAnswer> {
    const { database, engine, worker, run, limits } = this.#setting
    const told = this.#nextClaim
    this.#nextClaim = new NextClaim()
    for (const job of told.ended) told.downloaded.delete(job)
    let held: string[] | undefined
    // Done again where the connection breaks, and then it is another one.
    const answer = await claim(database, engine, () => {
      if (database.connections !== this.#connections) {
        this.#connections = database.connections
        held = Array.from(this.#held.values(), (one) => one.claim.job)
      }
      return {
        run,
        worker,
        limits,
        want,
        downloaded: [...told.downloaded],
        ended: [...told.ended],
        returned: told.returned,
        news: told.news,
        held,
      }
    })
    if (!answer.isAlive) await this.#lose()
    else this.#renewedAt = now
    return answer
  }

  #follow({ claims, state, isOver }: ClaimAnswer): void {
    const now = performance.now()
    for (const one of claims) {
      const id = this.#nextId++
      const isInHand = one.failure === undefined
      const held: Held = { id, claim: one, startAt: now + one.waitMs, startedAt: now, isInHand }
      this.#held.set(id, held)
      if (isInHand) this.#inHand += 1
      this.#queue.push(held)
    }
    this.#queue.sort((a, b) => a.startAt - b.startAt)
    if (isOver || state !== 'open') this.#isClaiming = false
    if (claims.length > 0 || !this.#isClaiming) this.#bell.ring()
  }

  /** The lease ran out, and others have what this machine had: nothing of it is started any more, nor written. */
  async #lose(): Promise<void> {
    for (const held of [...this.#held.values()]) this.#letGo(held)
    this.#nextClaim = new NextClaim()
    const { database, worker } = this.#setting
    const now = performance.now()
    await database.transaction((client) => worker.join(client))
    this.#renewedAt = now
  }
}
