/**
 * The run: source -> scheduler -> pool -> sink.
 *
 * The list feeds the scheduler a little ahead; the scheduler says which document may start; the pool's threads download and
 * parse it and send its records, which are held until the document is whole; then it is delivered to the sink. What happens
 * is told as events. This thread only moves bytes: it never parses and never blocks.
 */
import { type Failure, MillError } from './errors.ts'
import { type Capacity, capacityOf } from './mill/capacity.ts'
import { CrashTally, failureOf } from './mill/crash-tally.ts'
import { Halt, type HaltSignals } from './mill/halt.ts'
import { Harvest } from './mill/harvest.ts'
import type { Link } from './mill/link.ts'
import { ListFeed } from './mill/list-feed.ts'
import { LoadSampler } from './mill/load-sampler.ts'
import { isSameBody } from './mill/recalled-list.ts'
import { RecordTally, withRefused } from './mill/record-counts.ts'
import { settingOf } from './mill/run-setting.ts'
import { endedEvent, settledEvent, type UntimedEvent } from './mill/untimed-events.ts'
import type { Attempt, Document, DocumentFacts, Hold } from './model.ts'
import type { RunOptions } from './options.ts'
import type { TaskEnd, TaskObserver } from './pool/pool.ts'
import type { Listener } from './report/events.ts'
import { Bell } from './schedule/bell.ts'
import { Scheduler } from './schedule/scheduler.ts'
import { Delivery } from './sinks/delivery.ts'
import type { Refused, Remembered, SettledDocument, Sink, UnderWay } from './sinks/sink.ts'
import type { DocumentSource } from './sources/source.ts'
import { MemoryBudget } from './spool/held-records.ts'
import { SpoolDirectory } from './spool/spool-directory.ts'

/** Documents read ahead of their start: enough to find one for every free slot, few enough that a list of millions costs nothing. */
const LOOKAHEAD = 10_000

/** How often a queue that lends documents is asked whether they are still ours. */
const LOAN_MS = 100

export interface RunInput extends HaltSignals {
  readonly list: DocumentSource
  readonly options: RunOptions
  readonly sink: Sink
  readonly listener: Listener
  /** Where it is kept what is under way, if it is. */
  readonly underWay?: UnderWay | undefined
}

/**
 * Mills everything that the list has. The sink is written, not closed: that is the owner's.
 * @throws MillError of disposition `stop`: the list is unreadable, the sink failed, or the signal was aborted
 */
export async function run(input: RunInput): Promise<void> {
  await using active = new Run(input)
  await active.completed()
}

class Run implements AsyncDisposable {
  readonly #input: RunInput
  readonly #options: RunOptions
  readonly #startedAt = performance.now()
  readonly #scheduler: Scheduler
  readonly #capacity: Capacity
  readonly #delivery: Delivery
  readonly #budget: MemoryBudget
  readonly #spool = new SpoolDirectory()
  /** Rung whenever something may have become possible. */
  readonly #bell = new Bell()
  readonly #halt: Halt
  readonly #crashes = new CrashTally()
  readonly #records = new RecordTally()
  readonly #load: LoadSampler
  #lastTask = 0
  readonly #feed: ListFeed
  /** Documents that their servers say to be what an earlier run has had. */
  #unchanged = 0
  /** With --update: what is known of documents that are asked for again. */
  readonly #remembered = new Map<number, Remembered>()

  constructor(input: RunInput) {
    this.#input = input
    this.#options = input.options
    this.#halt = new Halt(input, () => this.#bell.ring())
    this.#budget = new MemoryBudget(input.options.spoolAboveBytes)
    this.#scheduler = new Scheduler(input.options.schedule, Math.random, input.list.loan !== undefined)
    this.#capacity = capacityOf(input.options, input.sink)
    this.#load = new LoadSampler(
      input.options.threads,
      () => this.#now(),
      (sample) => this.#emit({ type: 'load-sampled', ...sample }),
    )
    this.#delivery = new Delivery(input.sink, input.options.ordered, {
      onWritten: (document, refused) => this.#written(document, refused),
      onWriting: (isWriting) => this.#load.writes(isWriting),
      onFailed: (error) => this.#halt.now(error),
    })
    this.#feed = this.#openList()
  }

  async completed(): Promise<void> {
    const { threads, schedule } = this.#options
    const setting = settingOf(this.#options, new Date(Date.now() - this.#now()))
    this.#emit({ type: 'run-started', threads, concurrency: schedule.concurrency, setting })
    using _sampling = this.#load.start()
    using _listening = this.#halt.listen()
    try {
      this.#feed.read().catch((error: unknown) => this.#halt.now(error))
      while (!this.#halt.isNow && !this.#isComplete()) {
        this.#startDocuments()
        if (this.#giveUpDocuments()) continue
        this.#standingChanged()
        await this.#bell.rung(this.#wakeInMs())
      }
      if (this.#halt.isComing && !this.#isListDone()) this.#halt.complete()
      // Whoever stops a run wants it to leave the servers alone, however long the output takes.
      if (this.#halt.isNow) await this.#capacity.pool.close()
      this.#standingChanged()
      await this.#delivery.drained()
      this.#load.sample()
      if (this.#halt.isNow) throw this.#halt.reason
      await this.#input.sink.complete?.()
      this.#records.check()
      const alreadyThere = this.#feed.skipped + this.#unchanged
      const rejectedBefore = alreadyThere === 0 ? 0 : await this.#records.rejectedBefore(this.#input.sink)
      this.#emit({ type: 'run-ended', ...(rejectedBefore > 0 && { rejectedBefore }) })
    } catch (error) {
      this.#emit({ type: 'run-ended', ...(error instanceof MillError && { stopped: error.toFailure() }) })
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt.now(undefined)
    await this.#input.list.return()
    await this.#capacity.pool.close()
    await this.#spool.close()
  }

  #openList(): ListFeed {
    const { list, sink, underWay } = this.#input
    const updates = this.#options.existing === 'update'
    return new ListFeed(
      { list, sink, updates, bell: this.#bell },
      {
        isOver: () => this.#halt.isNow || this.#halt.isComing,
        hasRoom: (id) => this.#hasRoom(id),
        onDocument: (document, remembered) => {
          if (remembered !== undefined) this.#remembered.set(document.id, remembered)
          const isSuspect = underWay?.isSuspect(document) === true
          if (isSuspect) this.#crashes.suspect(document.id)
          this.#scheduler.add(document, isSuspect)
        },
        onBadLine: ({ id, url, failure }) => this.#fail({ id, url, host: '' }, 0, failure),
        onSkipped: (id) => this.#delivery.skip(id),
        onEvent: (event) => this.#emit(event),
      },
    )
  }

  #hasRoom(id: number): boolean {
    return this.#scheduler.pending < LOOKAHEAD && !this.#delivery.isBehind && this.#delivery.isWithinWindow(id)
  }

  #isComplete(): boolean {
    return this.#halt.isComing ? this.#scheduler.attempting === 0 : this.#isListDone()
  }

  #isListDone(): boolean {
    return this.#feed.hasEnded && this.#scheduler.attempting === 0 && this.#scheduler.pending === 0
  }

  /** How long nothing can become possible by time alone. */
  #wakeInMs(): number | undefined {
    if (this.#input.list.loan?.isGood === false) return LOAN_MS
    const wakeAt = this.#scheduler.wakeAt()
    return wakeAt === undefined ? undefined : wakeAt - this.#now()
  }

  /** Starts every document that may start now, and calls those back that wait in threads and need not, or may not. */
  #startDocuments(): void {
    const { loan } = this.#input.list
    while (!this.#isHeldUp() && this.#scheduler.attempting < this.#capacity.room && loan?.isGood !== false) {
      const attempt = this.#scheduler.next(this.#now())
      if (attempt === undefined) break
      if (loan?.has(attempt.document) === false) this.#scheduler.done(attempt, this.#now())
      else this.#startChain(attempt)
    }
    if (this.#isHeldUp() || this.#scheduler.wantsBack(this.#now())) this.#capacity.pool.recall()
  }

  #isHeldUp(): boolean {
    return this.#halt.isComing || this.#delivery.isBehind || !this.#capacity.memory.isOpen
  }

  /** Fails what will not be tried again. Says whether there was any. */
  #giveUpDocuments(): boolean {
    const putOff = this.#isOnlyPutOffLeft() ? this.#scheduler.giveUp(this.#now()) : []
    const given = [...putOff, ...this.#scheduler.abandoned(this.#now())]
    for (const { document, attempts, failure } of given) this.#fail(document, attempts, failure)
    return given.length > 0
  }

  /**
   * Whether nothing else can be had than what a server's own wish to be left alone keeps waiting: at the end of the list, and where such
   * documents fill the lookahead or the window of `--ordered`: else the rest of the list would wait with them.
   */
  #isOnlyPutOffLeft(): boolean {
    if (this.#halt.isComing) return false
    const { hasEnded, heldBack } = this.#feed
    return hasEnded || (heldBack !== undefined && !this.#hasRoom(heldBack) && !this.#delivery.isBehind)
  }

  /** A document that starts, and those that follow it in its slot. */
  #startChain(leader: Attempt): void {
    const { document } = leader
    const isSuspect = this.#crashes.isSuspect(document.id)
    const isApart = this.#input.underWay?.isSuspect(document) === true
    this.#begin(leader, 0)
    // With this one there may be no memory for another: they would be called back at once.
    const isByItself = isSuspect || isApart || this.#options.thread.transform !== undefined || this.#isHeldUp()
    const followers = isByItself ? [] : this.#scheduler.followers(leader)
    const chain = [leader, ...followers].map((attempt, position, attempts) =>
      this.#prepare(attempt, attempts[position - 1]),
    )
    const ends = this.#capacity.pool.run(chain, isApart ? 'apart' : isSuspect ? 'alone' : 'shared')
    for (const [position, end] of ends.entries()) {
      const link = chain[position]
      if (link !== undefined) this.#try(link, end).catch((error: unknown) => this.#halt.now(error))
    }
  }

  #prepare(attempt: Attempt, before: Attempt | undefined): Link {
    const { document, number } = attempt
    const { id, url } = document
    const claimTail = () => this.#delivery.claimTail(id, this.#isAlone())
    const harvest = new Harvest(this.#budget, this.#spool, claimTail)
    this.#lastTask += 1
    const mayRelay = this.#options.threads > 1 && !this.#crashes.isSuspect(id)
    const remembered = this.#remembered.get(id)
    const task = { id: this.#lastTask, url, attempt: number, mayRelay, ...(remembered && { validators: remembered }) }
    const ended = this.#input.underWay?.begin(document)
    return { attempt, task, harvest, remembered, ended, observer: this.#observe(attempt, harvest, before) }
  }

  /** It has its slot. */
  #begin({ document: { id, url, host }, number }: Attempt, agoMs: number): void {
    this.#capacity.memory.started(id)
    this.#emit({ type: 'attempt-started', id, url, host, attempt: number }, agoMs)
  }

  /** One attempt at one document, from its start to its place in the delivery or back in the scheduler. */
  async #try({ attempt, harvest, remembered, ended }: Link, ending: Promise<TaskEnd>): Promise<void> {
    const { document, number: attempts } = attempt
    const { id, url } = document
    const end = await ending
    const report = end.status === 'reported' ? end.report : undefined
    const outcome = report?.outcome
    const isApart = this.#input.underWay?.isSuspect(document) === true
    ended?.(isApart && (end.status === 'crashed' || outcome?.status === 'failed'))
    this.#capacity.memory.ended(id, outcome?.status === 'done' ? outcome.facts.decodedBytes : undefined)
    if (this.#halt.isNow) return
    if (report !== undefined) this.#emit(endedEvent(attempt, report), report.agoMs)
    if (report === undefined || outcome === undefined || outcome.status === 'failed') {
      await harvest.release()
      this.#settleFailure(attempt, end)
    } else if (outcome.status === 'unchanged' || isSameBody(outcome.facts, remembered)) {
      await harvest.release()
      this.#scheduler.done(attempt, this.#now(), tookMs(outcome.facts))
      this.#delivery.deliver({ status: 'unchanged', document, attempts, thread: report.thread, facts: outcome.facts })
    } else {
      const facts = harvest.checked(url, outcome.facts, this.#options.thread.transform !== undefined)
      this.#scheduler.done(attempt, this.#now(), tookMs(facts))
      this.#records.delivered(facts)
      const { records, rejects } = harvest
      this.#delivery.deliver({ status: 'done', document, attempts, thread: report.thread, facts, records, rejects })
    }
    this.#bell.ring()
  }

  /** Whether the only document under way is the last one of all. */
  #isAlone(): boolean {
    return this.#feed.hasEnded && this.#scheduler.pending === 0 && this.#scheduler.attempting === 1
  }

  #observe(attempt: Attempt, harvest: Harvest, before: Attempt | undefined): TaskObserver {
    const { id } = attempt.document
    return {
      onBegun: (agoMs) => {
        if (before !== undefined) this.#scheduler.begun(attempt, before, this.#now() - agoMs)
        this.#begin(attempt, agoMs)
      },
      onBatch: (batch, receipt) => harvest.add(batch, receipt),
      onDownloaded: () => {
        this.#scheduler.downloaded(attempt)
        this.#emit({ type: 'downloaded', id })
        this.#bell.ring()
      },
      onProgress: ({ type: _, task: __, ...progress }, thread) => {
        this.#capacity.memory.announced(id, progress.totalBytes ?? progress.wireBytes)
        this.#emit({ type: 'attempt-progressed', id, thread, ...progress })
      },
    }
  }

  /** Another try, or none. */
  #settleFailure(attempt: Attempt, end: TaskEnd): void {
    const { document, number } = attempt
    if (end.status === 'returned') {
      this.#scheduler.requeue(attempt)
      return
    }
    if (end.status === 'crashed') {
      if (end.isFirst) this.#emit({ type: 'thread-crashed', message: end.message })
      const next = this.#crashes.count(document.id, end)
      if (next === 'again') this.#scheduler.requeue(attempt)
      if (next === 'alone') this.#scheduler.setAside(attempt)
      if (next !== 'failed') return
    }
    const failure = failureOf(end, this.#options.thread)
    if (failure.disposition === 'stop') {
      // What is wrong with the options is wrong for every document.
      this.#halt.now(MillError.from(failure))
      return
    }
    const verdict = this.#scheduler.failed(attempt, failure, this.#now())
    const { id, url, host } = document
    const { hostPausedUntil: until } = verdict
    if (until !== undefined) this.#emit({ type: 'host-cooling', host, until, reason: 'failures' })
    const { loan } = this.#input.list
    if (verdict.next === 'failed') {
      loan?.failed({ document, failure })
      this.#fail(document, number, verdict.failure)
      return
    }
    const { notBefore, history } = verdict
    const again = { history, waitMs: notBefore - this.#now(), isPutOff: verdict.next === 'put-off' }
    loan?.failed({ document, failure, again })
    this.#emit({ type: 'attempt-failed', id, url, attempt: number, failure, notBefore })
    if (failure.retryAfterMs !== undefined)
      this.#emit({ type: 'host-cooling', host, until: notBefore, reason: 'asked' })
  }

  #fail(document: Document, attempts: number, failure: Failure): void {
    this.#delivery.deliver({ status: 'failed', document, attempts, failure })
  }

  /** A document is in the sink: the last that this run has to do with it. */
  #written(settled: SettledDocument, refused: Refused | undefined): void {
    const { id } = settled.document
    this.#crashes.forget(id)
    this.#remembered.delete(id)
    if (settled.status === 'unchanged') this.#unchanged += 1
    if (settled.status === 'done') {
      const facts = withRefused(settled.facts, refused)
      this.#records.settled(facts)
      this.#emit(settledEvent({ ...settled, facts }))
      for (const held of [settled.records, settled.rejects]) {
        held.release().catch((error: unknown) => this.#halt.now(error))
      }
    } else this.#emit(settledEvent(settled))
    this.#bell.ring()
  }

  /** How things stand from now on. */
  #standingChanged(): void {
    const { downloading, attempting, pending } = this.#scheduler
    this.#load.stands({ hold: this.#hold(), downloading, attempting, pending })
  }

  #hold(): Hold {
    const { attempting, pending } = this.#scheduler
    if (this.#delivery.isBehind) return 'output'
    if (this.#feed.hasEnded && pending === 0) return attempting === 0 ? 'output' : 'end'
    if (attempting >= this.#capacity.room) return 'threads'
    return this.#capacity.memory.isOpen ? this.#scheduler.hold() : 'memory'
  }

  #now(): number {
    return performance.now() - this.#startedAt
  }

  /** @param agoMs since it happened */
  #emit(event: UntimedEvent, agoMs = 0): void {
    try {
      this.#input.listener({ ...event, at: this.#now() - agoMs })
    } catch (error) {
      // A listener must not throw. One that does ends the run, not the process.
      this.#halt.now(error)
    }
  }
}

/** How long a thread had to do with the document. */
function tookMs({ times: { downloadMs, parseMs } }: DocumentFacts): number {
  return downloadMs + parseMs
}
