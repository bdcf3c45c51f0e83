/**
 * The run: source -> scheduler -> pool -> sink.
 *
 * The list feeds the scheduler a little ahead; the scheduler says which document may start; the pool's threads download and
 * parse it and send its records, which are held until the document is whole; then it is delivered to the sink. What happens
 * is told as events. This thread only moves bytes: it never parses and never blocks.
 */
import { type Failure, MillError } from './errors.ts'
import { CrashTally, failureOf } from './mill/crash-tally.ts'
import { Halt, type HaltSignals } from './mill/halt.ts'
import { Harvest } from './mill/harvest.ts'
import { LoadSampler } from './mill/load-sampler.ts'
import { isSameBody, recalledList } from './mill/recalled-list.ts'
import { RecordTally, withRefused } from './mill/record-counts.ts'
import { settingOf } from './mill/run-setting.ts'
import { settledEvent, type UntimedEvent } from './mill/settled-event.ts'
import type { Attempt, Document, Hold } from './model.ts'
import type { RunOptions } from './options.ts'
import { documentsPerThread, heapsOf, type TaskEnd, type TaskObserver, ThreadPool } from './pool/pool.ts'
import type { Listener } from './report/events.ts'
import { Bell } from './schedule/bell.ts'
import { documentMemoryBytes, MemoryGate, weigher } from './schedule/memory-gate.ts'
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
  readonly #pool: ThreadPool
  readonly #delivery: Delivery
  readonly #budget: MemoryBudget
  readonly #spool = new SpoolDirectory()
  /** Rung whenever something may have become possible. */
  readonly #bell = new Bell()
  readonly #halt: Halt
  readonly #crashes = new CrashTally()
  readonly #records = new RecordTally()
  readonly #memory: MemoryGate
  readonly #load: LoadSampler
  /** Documents that the threads hold together. */
  readonly #room: number
  #lastTask = 0
  #listed = 0
  #hasListEnded = false
  /** Place in the list of the document that is read and for which there is no room yet. */
  #heldBack: number | undefined
  /** Documents that an earlier run has done. */
  #alreadyThere = 0
  /** With --update: what is known of documents that are asked for again. */
  readonly #remembered = new Map<number, Remembered>()

  constructor(input: RunInput) {
    this.#input = input
    this.#options = input.options
    this.#halt = new Halt(input, () => this.#bell.ring())
    this.#budget = new MemoryBudget(input.options.spoolAboveBytes)
    this.#scheduler = new Scheduler(input.options.schedule, Math.random, input.list.loan !== undefined)
    const { threads, schedule, thread, memoryBytes } = input.options
    const perThread = documentsPerThread(threads, schedule.concurrency)
    const ofThread = thread.transform === undefined ? 'none' : 'transform'
    const refusers = input.sink.mayRefuse === true ? 'output' : ofThread
    this.#room = threads * perThread
    this.#memory = new MemoryGate(
      documentMemoryBytes(memoryBytes, threads),
      weigher(thread.parser, thread.maxRecordBytes, refusers !== 'none'),
    )
    this.#pool = new ThreadPool(thread, {
      refusers,
      threads,
      concurrentTasksPerThread: perThread,
      heapBytes: heapsOf(input.options),
    })
    this.#load = new LoadSampler(
      threads,
      () => this.#now(),
      (sample) => this.#emit({ type: 'load-sampled', ...sample }),
    )
    this.#delivery = new Delivery(input.sink, input.options.ordered, {
      onWritten: (document, refused) => this.#written(document, refused),
      onWriting: (isWriting) => this.#load.writes(isWriting),
      onFailed: (error) => this.#halt.now(error),
    })
  }

  async completed(): Promise<void> {
    const { threads, schedule } = this.#options
    const setting = settingOf(this.#options, new Date(Date.now() - this.#now()))
    this.#emit({ type: 'run-started', threads, concurrency: schedule.concurrency, setting })
    using _sampling = this.#load.start()
    using _listening = this.#halt.listen()
    try {
      this.#feed().catch((error: unknown) => this.#halt.now(error))
      while (!this.#halt.isNow && !this.#isComplete()) {
        this.#startDocuments()
        if (this.#giveUpDocuments() || this.#abandonDocuments()) continue
        this.#standingChanged()
        await this.#bell.rung(this.#wakeInMs())
      }
      if (this.#halt.isComing && !this.#isListDone()) this.#halt.complete()
      // Whoever stops a run wants it to leave the servers alone, however long the output takes.
      if (this.#halt.isNow) await this.#pool.close()
      this.#standingChanged()
      await this.#delivery.drained()
      this.#load.sample()
      if (this.#halt.isNow) throw this.#halt.reason
      await this.#input.sink.complete?.()
      this.#records.check()
      const rejectedBefore = this.#alreadyThere === 0 ? 0 : await this.#records.rejectedBefore(this.#input.sink)
      this.#emit({ type: 'run-ended', ...(rejectedBefore > 0 && { rejectedBefore }) })
    } catch (error) {
      this.#emit({ type: 'run-ended', ...(error instanceof MillError && { stopped: error.toFailure() }) })
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt.now(undefined)
    await this.#input.list.return()
    await this.#pool.close()
    await this.#spool.close()
  }

  /** Reads the list into the scheduler, a little ahead of what runs. */
  async #feed(): Promise<void> {
    for await (const batch of recalledList(this.#input.list, this.#input.sink)) {
      let skipped = 0
      for (const { listed, remembered } of batch) {
        const { id } = listed.kind === 'document' ? listed.document : listed.line
        if (remembered !== undefined && this.#options.existing !== 'update') {
          this.#delivery.skip(id)
          skipped += 1
          this.#listed += 1
          continue
        }
        this.#heldBack = id
        while (!this.#hasRoom(id)) await this.#bell.rung()
        this.#heldBack = undefined
        if (this.#halt.isNow || this.#halt.isComing) return
        if (remembered !== undefined) this.#remembered.set(id, remembered)
        if (listed.kind === 'document') this.#add(listed.document)
        else this.#fail({ id, url: listed.line.url, host: '' }, 0, listed.line.failure)
        this.#listed += 1
        this.#bell.ring()
      }
      if (skipped > 0) this.#emit({ type: 'documents-skipped', documents: skipped })
      this.#alreadyThere += skipped
      if (this.#halt.isNow || this.#halt.isComing) return
    }
    this.#hasListEnded = true
    const { duplicates, ofOtherShards } = this.#input.list
    this.#emit({ type: 'list-ended', documents: this.#listed, duplicates, ...(ofOtherShards > 0 && { ofOtherShards }) })
    this.#bell.ring()
  }

  #add(document: Document): void {
    const isSuspect = this.#input.underWay?.isSuspect(document) === true
    if (isSuspect) this.#crashes.suspect(document.id)
    this.#scheduler.add(document, isSuspect)
  }

  #hasRoom(id: number): boolean {
    if (this.#halt.isNow || this.#halt.isComing) return true
    return this.#scheduler.pending < LOOKAHEAD && !this.#delivery.isBehind && this.#delivery.isWithinWindow(id)
  }

  #isComplete(): boolean {
    return this.#halt.isComing ? this.#scheduler.attempting === 0 : this.#isListDone()
  }

  #isListDone(): boolean {
    return this.#hasListEnded && this.#scheduler.attempting === 0 && this.#scheduler.pending === 0
  }

  /** How long nothing can become possible by time alone. */
  #wakeInMs(): number | undefined {
    if (this.#input.list.loan?.isGood === false) return LOAN_MS
    const wakeAt = this.#scheduler.wakeAt()
    return wakeAt === undefined ? undefined : wakeAt - this.#now()
  }

  /** Starts every document that may start now. */
  #startDocuments(): void {
    const { loan } = this.#input.list
    if (this.#halt.isComing) return
    while (this.#scheduler.attempting < this.#room && !this.#delivery.isBehind && this.#memory.isOpen) {
      if (loan?.isGood === false) return
      const attempt = this.#scheduler.next(this.#now())
      if (attempt === undefined) return
      if (loan?.has(attempt.document) === false) {
        this.#scheduler.done(attempt, this.#now())
        continue
      }
      this.#try(attempt).catch((error: unknown) => this.#halt.now(error))
    }
  }

  /**
   * When nothing else is left to do: what only a server's own wish to be left alone keeps waiting. Says whether there was any.
   * So it is at the end of the list, and where such documents fill the lookahead or the window of `--ordered`: else the rest of the
   * list would wait with them.
   */
  #giveUpDocuments(): boolean {
    if (this.#halt.isComing) return false
    const isFull = this.#heldBack !== undefined && !this.#hasRoom(this.#heldBack) && !this.#delivery.isBehind
    if (!this.#hasListEnded && !isFull) return false
    const given = this.#scheduler.giveUp(this.#now())
    for (const { document, attempts, failure } of given) this.#fail(document, attempts, failure)
    return given.length > 0
  }

  /** The documents of hosts that are dead. Says whether there were any. */
  #abandonDocuments(): boolean {
    const given = this.#scheduler.abandoned(this.#now())
    for (const { document, attempts, failure } of given) this.#fail(document, attempts, failure)
    return given.length > 0
  }

  /** One attempt at one document, from its start to its place in the delivery or back in the scheduler. */
  async #try(attempt: Attempt): Promise<void> {
    const { document, number } = attempt
    const { id, url, host } = document
    const claimTail = () => this.#delivery.claimTail(id, this.#isAlone())
    const harvest = new Harvest(this.#budget, this.#spool, claimTail)
    this.#emit({ type: 'attempt-started', id, url, host, attempt: number })
    this.#lastTask += 1
    const isSuspect = this.#crashes.isSuspect(id)
    const mayRelay = this.#options.threads > 1 && !isSuspect
    const remembered = this.#remembered.get(id)
    const task = { id: this.#lastTask, url, attempt: number, mayRelay, ...(remembered && { validators: remembered }) }
    this.#memory.started(id)
    const { underWay } = this.#input
    const isApart = underWay?.isSuspect(document) === true
    const ended = underWay?.begin(document)
    const end = await this.#pool.run(
      task,
      this.#observe(attempt, harvest),
      isApart ? 'apart' : isSuspect ? 'alone' : 'shared',
    )
    const isDone = end.status === 'reported' && end.report.outcome.status === 'done'
    ended?.(isApart && (end.status === 'crashed' || end.report.outcome.status === 'failed'))
    this.#memory.ended(id, isDone ? end.report.outcome.facts.decodedBytes : undefined)
    if (this.#halt.isNow) return
    if (end.status === 'reported') {
      const { outcome, thread } = end.report
      const { times } = outcome.facts
      this.#emit({ type: 'attempt-ended', id, attempt: number, thread, status: outcome.status, times })
    }
    const outcome = end.status === 'reported' ? end.report.outcome : undefined
    if (end.status === 'reported' && outcome?.status === 'done' && !isSameBody(outcome.facts, remembered)) {
      const facts = harvest.checked(url, outcome.facts, this.#options.thread.transform !== undefined)
      const { thread } = end.report
      this.#scheduler.done(attempt, this.#now())
      this.#records.delivered(facts)
      const { records, rejects } = harvest
      this.#delivery.deliver({ status: 'done', document, attempts: number, thread, facts, records, rejects })
    } else if (end.status === 'reported' && outcome !== undefined && outcome.status !== 'failed') {
      await harvest.release()
      const { facts } = outcome
      this.#scheduler.done(attempt, this.#now())
      this.#delivery.deliver({ status: 'unchanged', document, attempts: number, thread: end.report.thread, facts })
    } else {
      await harvest.release()
      this.#settleFailure(attempt, end)
    }
    this.#bell.ring()
  }

  /** Whether the only document under way is the last one of all. */
  #isAlone(): boolean {
    return this.#hasListEnded && this.#scheduler.pending === 0 && this.#scheduler.attempting === 1
  }

  #observe(attempt: Attempt, harvest: Harvest): TaskObserver {
    const { id } = attempt.document
    return {
      onBatch: (batch, receipt) => harvest.add(batch, receipt),
      onDownloaded: () => {
        this.#scheduler.downloaded(attempt)
        this.#emit({ type: 'downloaded', id })
        this.#bell.ring()
      },
      onProgress: ({ type: _, task: __, ...progress }, thread) => {
        this.#memory.announced(id, progress.totalBytes ?? progress.wireBytes)
        this.#emit({ type: 'attempt-progressed', id, thread, ...progress })
      },
    }
  }

  /** Another try, or none. */
  #settleFailure(attempt: Attempt, end: TaskEnd): void {
    const { document, number } = attempt
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
    if (settled.status === 'unchanged') this.#alreadyThere += 1
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
    if (this.#hasListEnded && pending === 0) return attempting === 0 ? 'output' : 'end'
    if (attempting >= this.#room) return 'threads'
    return this.#memory.isOpen ? this.#scheduler.hold() : 'memory'
  }

  #now(): number {
    return performance.now() - this.#startedAt
  }

  #emit(event: UntimedEvent): void {
    try {
      this.#input.listener({ ...event, at: this.#now() })
    } catch (error) {
      // A listener must not throw. One that does ends the run, not the process.
      this.#halt.now(error)
    }
  }
}
