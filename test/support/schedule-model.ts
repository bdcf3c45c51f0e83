/** What a scheduler may do, told by keeping books of what it did: an oracle for random sequences of calls. */
import { expect } from 'vitest'
import { type Failure, MillError } from '../../src/errors.ts'
import type { Attempt, Document } from '../../src/model.ts'
import type { ScheduleOptions } from '../../src/options.ts'
import { Scheduler } from '../../src/schedule/scheduler.ts'

interface HostBook {
  downloading: number
  /** No start before. */
  notBefore: number
}

interface DocumentBook {
  readonly document: Document
  /** `following`: it waits for its turn in a chain. */
  state: 'idle' | 'following' | 'downloading' | 'parsing' | 'ended'
  notBefore: number
  attempts: number
  attempt: Attempt | undefined
  ends: number
}

export const UNAVAILABLE: Failure = new MillError('HTTP_UNAVAILABLE', 'status 503', { status: 503 }).toFailure()
export const REFUSED: Failure = new MillError('HTTP_REFUSED', 'status 404', { status: 404 }).toFailure()

export function retryAfter(retryAfterMs: number): Failure {
  return { ...UNAVAILABLE, retryAfterMs }
}

export function documentAt(id: number, host = 'a:80'): Document {
  return { id, url: `http://${host}/${id}`, host }
}

/** A scheduler with a clock of its own; every call is checked against the books. */
export class CheckedScheduler {
  readonly options: ScheduleOptions
  readonly scheduler: Scheduler
  now = 0
  readonly #hosts = new Map<string, HostBook>()
  readonly #documents: DocumentBook[] = []
  /** What follows an attempt in its chain, in order. */
  readonly #chains = new Map<Attempt, readonly Attempt[]>()
  /** Documents that began as followers so far. */
  begun = 0

  constructor(options: ScheduleOptions, random: () => number = () => 0.5) {
    this.options = options
    this.scheduler = new Scheduler(options, random)
  }

  get active(): readonly Attempt[] {
    return this.#documents.flatMap(({ attempt, state }) => (state === 'following' ? [] : (attempt ?? [])))
  }

  /** Documents that wait for their turn in a chain. */
  get following(): number {
    return this.#documents.filter(({ state }) => state === 'following').length
  }

  get ends(): readonly number[] {
    return this.#documents.map(({ ends }) => ends)
  }

  add(host: string): void {
    const document = documentAt(this.#documents.length, host)
    this.#documents.push({ document, state: 'idle', notBefore: 0, attempts: 0, attempt: undefined, ends: 0 })
    this.scheduler.add(document)
  }

  /** Starts all that may start, with what is to follow it; afterwards no document that could have started is left, also not in a chain. */
  start(): Attempt[] {
    const started: Attempt[] = []
    do {
      for (let next = this.scheduler.next(this.now); next !== undefined; next = this.scheduler.next(this.now)) {
        started.push(next)
        this.#checkStart(next)
        this.#follow(next)
      }
    } while (this.scheduler.wantsBack(this.now) && this.recall() > 0)
    for (const book of this.#documents) {
      expect(this.#mayStart(book), `${book.document.url} was left idle at ${this.now}`).toBe(false)
    }
    this.#checkCounts()
    return started
  }

  /** Those that have not begun come back. */
  recall(): number {
    const chains = [...this.#chains.values()].flat()
    this.#chains.clear()
    for (const attempt of chains) {
      this.scheduler.requeue(attempt)
      this.#release(attempt).attempts -= 1
    }
    return chains.length
  }

  #follow(leader: Attempt): void {
    const followers = this.scheduler.followers(leader)
    if (followers.length > 0) this.#chains.set(leader, followers)
    for (const follower of followers) {
      const book = this.#bookOf(follower)
      expect(book.state).toBe('idle')
      expect(book.notBefore).toBeLessThanOrEqual(this.now)
      expect(book.document.host).toBe(leader.document.host)
      book.state = 'following'
      book.attempts += 1
      book.attempt = follower
      expect(follower.number).toBe(1)
    }
  }

  /** The slot of an attempt that has ended passes on, if there is somebody to have it. */
  #passOn(before: Attempt): void {
    const [next, ...rest] = this.#chains.get(before) ?? []
    this.#chains.delete(before)
    if (next === undefined) return
    if (rest.length > 0) this.#chains.set(next, rest)
    this.scheduler.begun(next, before, this.now)
    this.begun += 1
    const host = this.#host(before.document.host)
    if (this.#bookOf(before).state === 'downloading') host.downloading -= 1
    this.#bookOf(before).state = 'parsing'
    expect(this.#mayStart({ ...this.#bookOf(next), state: 'idle', notBefore: 0 })).toBe(true)
    this.#bookOf(next).state = 'downloading'
    host.downloading += 1
  }

  /** A chain ends with the first of its documents that does not end well. */
  #breakOff(before: Attempt): void {
    for (const attempt of this.#chains.get(before) ?? []) {
      this.scheduler.requeue(attempt)
      this.#release(attempt).attempts -= 1
    }
    this.#chains.delete(before)
  }

  #checkStart(attempt: Attempt): void {
    const book = this.#bookOf(attempt)
    expect(this.#mayStart(book), `${book.document.url} started at ${this.now}`).toBe(true)
    const host = this.#host(book.document.host)
    book.state = 'downloading'
    book.attempts += 1
    book.attempt = attempt
    expect(attempt.number).toBe(book.attempts)
    host.downloading += 1
    if (book.document.host !== '') host.notBefore = this.now + this.options.startIntervalMs
  }

  #mayStart({ document, state, notBefore }: DocumentBook): boolean {
    const { downloading, notBefore: hostNotBefore } = this.#host(document.host)
    const all = this.#documents.filter((book) => book.state === 'downloading').length
    return (
      (state === 'idle' || state === 'following') &&
      notBefore <= this.now &&
      hostNotBefore <= this.now &&
      all < this.options.concurrency &&
      (document.host === '' || downloading < this.options.perHost)
    )
  }

  downloaded(attempt: Attempt): void {
    // Its slot is the next one's.
    if (this.#chains.has(attempt)) return
    this.scheduler.downloaded(attempt)
    const book = this.#bookOf(attempt)
    if (book.state === 'downloading') this.#host(book.document.host).downloading -= 1
    book.state = 'parsing'
  }

  done(attempt: Attempt, tookMs = 10): void {
    this.#passOn(attempt)
    this.scheduler.done(attempt, this.now, tookMs)
    this.#release(attempt).state = 'ended'
    this.#bookOf(attempt).ends += 1
  }

  requeue(attempt: Attempt): void {
    this.#breakOff(attempt)
    this.scheduler.requeue(attempt)
    this.#release(attempt).attempts -= 1
  }

  failed(attempt: Attempt, failure: Failure): ReturnType<Scheduler['failed']> {
    this.#breakOff(attempt)
    const verdict = this.scheduler.failed(attempt, failure, this.now)
    const book = this.#release(attempt)
    const asked = failure.disposition === 'retry' ? failure.retryAfterMs : undefined
    if (verdict.next === 'failed') {
      book.state = 'ended'
      book.ends += 1
    } else if (asked === undefined) book.notBefore = verdict.notBefore
    else {
      expect(verdict.notBefore).toBe(this.now + asked)
      const host = this.#host(book.document.host)
      host.notBefore = Math.max(host.notBefore, verdict.notBefore)
      // A wait that was asked for costs no retry.
      book.attempts -= 1
    }
    return verdict
  }

  giveUp(): ReturnType<Scheduler['giveUp']> {
    const given = this.scheduler.giveUp(this.now)
    for (const { document } of given) {
      const book = this.#bookOf({ document, number: 0 })
      expect(book.state).toBe('idle')
      expect(this.#host(document.host).notBefore).toBeGreaterThan(this.now)
      book.state = 'ended'
      book.ends += 1
    }
    return given
  }

  /** Moves the clock to when the scheduler wants to be asked again; says whether it does. Nothing may be able to start now. */
  sleep(): boolean {
    expect(this.start()).toEqual([])
    const wakeAt = this.scheduler.wakeAt()
    if (wakeAt === undefined) return false
    this.now = Math.max(this.now, wakeAt)
    return true
  }

  /** Lets everything run to its end, with success from here on. */
  finish(): void {
    for (let turn = 0; this.scheduler.attempting > 0 || this.scheduler.pending > 0; turn += 1) {
      if (turn > 10_000) throw new Error('the scheduler does not come to an end')
      this.start()
      for (const attempt of this.active) this.done(attempt)
      if (this.scheduler.pending === 0) break
      this.start()
      if (this.active.length > 0 || this.giveUp().length > 0) continue
      expect(this.sleep(), 'documents are pending, nothing runs, and nothing is waited for').toBe(true)
    }
  }

  #release(attempt: Attempt): DocumentBook {
    const book = this.#bookOf(attempt)
    if (book.state === 'downloading') this.#host(book.document.host).downloading -= 1
    book.state = 'idle'
    book.attempt = undefined
    return book
  }

  #bookOf({ document }: Attempt): DocumentBook {
    const book = this.#documents[document.id]
    if (book === undefined) throw new Error(`document ${document.id} was never added`)
    return book
  }

  #host(name: string): HostBook {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = { downloading: 0, notBefore: 0 }
      this.#hosts.set(name, host)
    }
    return host
  }

  #checkCounts(): void {
    const count = (...states: DocumentBook['state'][]) =>
      this.#documents.filter(({ state }) => states.includes(state)).length
    expect(this.scheduler.downloading).toBe(count('downloading'))
    expect(this.scheduler.attempting).toBe(count('downloading', 'parsing'))
    expect(this.scheduler.pending).toBe(count('idle', 'following'))
  }
}
