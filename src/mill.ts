/**
 * The run: source -> scheduler -> pool -> sink.
 *
 * The list feeds the scheduler a little ahead; the scheduler says which document may start; the pool's threads download and
 * parse it and send its records, which are held until the document is whole; then it is delivered to the sink. What happens
 * is told as events. This thread only moves bytes: it never parses and never blocks.
 */
import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Failure, MillError } from './errors.ts'
import type { Attempt, Document, Hold } from './model.ts'
import type { RunOptions } from './options.ts'
import { documentsPerThread, type TaskEnd, type TaskObserver, ThreadPool } from './pool/pool.ts'
import { redactUrl } from './redact.ts'
import type { Listener, RunEvent, RunSetting } from './report/events.ts'
import { Bell } from './schedule/bell.ts'
import { LoadMeter } from './schedule/load-meter.ts'
import { Scheduler } from './schedule/scheduler.ts'
import { Delivery } from './sinks/delivery.ts'
import type { SettledDocument, Sink } from './sinks/sink.ts'
import type { DocumentList } from './sources/source.ts'
import { HeldRecords, MemoryBudget } from './spool/held-records.ts'
import { SpoolDirectory } from './spool/spool-directory.ts'

/** Documents read ahead of their start: enough to find one for every free slot, few enough that a list of millions costs nothing. */
const LOOKAHEAD = 10_000

/** Memory that the records of unfinished and unwritten documents may take; what is beyond goes to the spool. */
const HELD_BYTES = 64 << 20

/** How often it is told how things stand. */
const SAMPLE_MS = 250

/** How often the delay of the main loop is measured: what the histogram has in it includes this. */
const LOOP_DELAY_MS = 10

/** Crashes of a thread that a document may be part of. */
const MAX_CRASHES = 3

export interface RunInput {
  readonly list: DocumentList
  readonly options: RunOptions
  readonly sink: Sink
  readonly listener: Listener
  readonly signal?: AbortSignal | undefined
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
  readonly #budget = new MemoryBudget(HELD_BYTES)
  readonly #spool = new SpoolDirectory()
  /** Rung whenever something may have become possible. */
  readonly #bell = new Bell()
  /** How often the thread crashed under a document; most are never in here. */
  readonly #crashes = new Map<number, number>()
  readonly #meter: LoadMeter
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_MS })
  /** Documents that the threads hold together. */
  readonly #room: number
  #lastTask = 0
  #listed = 0
  #hasListEnded = false
  /** Place in the list of the document that is read and for which there is no room yet. */
  #heldBack: number | undefined
  #stop: { readonly reason: unknown } | undefined

  constructor(input: RunInput) {
    this.#input = input
    this.#options = input.options
    this.#scheduler = new Scheduler(input.options.schedule)
    const { threads, schedule, thread } = input.options
    const perThread = documentsPerThread(threads, schedule.concurrency)
    this.#room = threads * perThread
    this.#pool = new ThreadPool({ options: thread }, threads, perThread)
    this.#meter = new LoadMeter(threads, this.#now())
    this.#delivery = new Delivery(this.#metered(input.sink), input.options.ordered, {
      onWritten: (document) => this.#written(document),
      onFailed: (error) => this.#stopWith(error),
    })
  }

  async completed(): Promise<void> {
    const { threads, schedule } = this.#options
    this.#emit({ type: 'run-started', threads, concurrency: schedule.concurrency, setting: this.#setting() })
    this.#loopDelay.enable()
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS)
    sampling.unref()
    const { signal } = this.#input
    const abort = () => this.#stopWith(new MillError('ABORTED', 'the run was stopped', { cause: signal?.reason }))
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort)
    try {
      this.#feed().catch((error: unknown) => this.#stopWith(error))
      while (this.#stop === undefined && !this.#isComplete()) {
        this.#startDocuments()
        if (this.#giveUpDocuments()) continue
        this.#standingChanged()
        const wakeAt = this.#scheduler.wakeAt()
        await this.#bell.rung(wakeAt === undefined ? undefined : wakeAt - this.#now())
      }
      // Whoever stops a run wants it to leave the servers alone, however long the output takes.
      if (this.#stop !== undefined) await this.#pool.close()
      this.#standingChanged()
      await this.#delivery.drained()
      this.#sample()
      if (this.#stop !== undefined) throw this.#stop.reason
      this.#emit({ type: 'run-ended' })
    } catch (error) {
      this.#emit({ type: 'run-ended', ...(error instanceof MillError && { stopped: error.toFailure() }) })
      throw error
    } finally {
      clearInterval(sampling)
      this.#loopDelay.disable()
      signal?.removeEventListener('abort', abort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop ??= { reason: undefined }
    await this.#input.list.return()
    await this.#pool.close()
    await this.#spool.close()
  }

  /** Reads the list into the scheduler, a little ahead of what runs. */
  async #feed(): Promise<void> {
    for await (const listed of this.#input.list) {
      const { id } = listed.kind === 'document' ? listed.document : listed.line
      this.#heldBack = id
      while (!this.#hasRoom(id)) await this.#bell.rung()
      this.#heldBack = undefined
      if (this.#stop !== undefined) return
      if (listed.kind === 'document') this.#scheduler.add(listed.document)
      else this.#fail({ id, url: listed.line.url, host: '' }, 0, listed.line.failure)
      this.#listed += 1
      this.#bell.ring()
    }
    this.#hasListEnded = true
    this.#emit({ type: 'list-ended', documents: this.#listed, duplicates: this.#input.list.duplicates })
    this.#bell.ring()
  }

  #hasRoom(id: number): boolean {
    if (this.#stop !== undefined) return true
    return this.#scheduler.pending < LOOKAHEAD && !this.#delivery.isBehind && this.#delivery.isWithinWindow(id)
  }

  #isComplete(): boolean {
    return this.#hasListEnded && this.#scheduler.attempting === 0 && this.#scheduler.pending === 0
  }

  /** Starts every document that may start now. */
  #startDocuments(): void {
    while (this.#scheduler.attempting < this.#room && !this.#delivery.isBehind) {
      const attempt = this.#scheduler.next(this.#now())
      if (attempt === undefined) return
      this.#try(attempt).catch((error: unknown) => this.#stopWith(error))
    }
  }

  /**
   * When nothing else is left to do: what only a server's own wish to be left alone keeps waiting. Says whether there was any.
   * So it is at the end of the list, and where such documents fill the lookahead or the window of `--ordered`: else the rest of the
   * list would wait with them.
   */
  #giveUpDocuments(): boolean {
    const isFull = this.#heldBack !== undefined && !this.#hasRoom(this.#heldBack) && !this.#delivery.isBehind
    if (!this.#hasListEnded && !isFull) return false
    const given = this.#scheduler.giveUp(this.#now())
    for (const { document, attempts, failure } of given) this.#fail(document, attempts, failure)
    return given.length > 0
  }

  /** One attempt at one document, from its start to its place in the delivery or back in the scheduler. */
  async #try(attempt: Attempt): Promise<void> {
    const { document, number } = attempt
    const { id, url, host } = document
    const records = new HeldRecords(this.#budget, this.#spool)
    const rejects = new HeldRecords(this.#budget, this.#spool)
    this.#emit({ type: 'attempt-started', id, url, host, attempt: number })
    const observer = this.#observe(attempt, records, rejects)
    this.#lastTask += 1
    const task = { id: this.#lastTask, url, attempt: number }
    const end = await this.#pool.run(task, observer, this.#crashes.has(id))
    if (this.#stop !== undefined) return
    if (end.status === 'reported') {
      const { outcome, thread } = end.report
      const { times } = outcome.facts
      this.#emit({ type: 'attempt-ended', id, attempt: number, thread, status: outcome.status, times })
    }
    if (end.status === 'reported' && end.report.outcome.status === 'done') {
      this.#scheduler.done(attempt, this.#now())
      const { facts } = end.report.outcome
      const { thread } = end.report
      this.#delivery.deliver({ status: 'done', document, attempts: number, thread, facts, records, rejects })
    } else {
      await Promise.all([records.release(), rejects.release()])
      this.#settleFailure(attempt, end)
    }
    this.#bell.ring()
  }

  #observe(attempt: Attempt, records: HeldRecords, rejects: HeldRecords): TaskObserver {
    const { id } = attempt.document
    return {
      onBatch: (batch, taken) => {
        const held = batch.kind === 'records' ? records : rejects
        held.append(batch.bytes, batch.count, taken)
      },
      onDownloaded: () => {
        this.#scheduler.downloaded(attempt)
        this.#emit({ type: 'downloaded', id })
        this.#bell.ring()
      },
      onProgress: ({ type: _, task: __, ...progress }, thread) =>
        this.#emit({ type: 'attempt-progressed', id, thread, ...progress }),
    }
  }

  /** Another try, or none. */
  #settleFailure(attempt: Attempt, end: TaskEnd): void {
    const { document, number } = attempt
    if (end.status === 'crashed') {
      this.#emit({ type: 'thread-crashed', message: end.message })
      const crashes = (this.#crashes.get(document.id) ?? 0) + 1
      this.#crashes.set(document.id, crashes)
      if (crashes < MAX_CRASHES) {
        this.#scheduler.requeue(attempt)
        return
      }
    }
    const failure = failureOf(end)
    const verdict = this.#scheduler.failed(attempt, failure, this.#now())
    if (verdict.next === 'failed') {
      this.#fail(document, number, verdict.failure)
      return
    }
    const { id, url, host } = document
    const { notBefore } = verdict
    this.#emit({ type: 'attempt-failed', id, url, attempt: number, failure, notBefore })
    if (failure.retryAfterMs !== undefined) this.#emit({ type: 'host-cooling', host, until: notBefore })
  }

  #fail(document: Document, attempts: number, failure: Failure): void {
    this.#delivery.deliver({ status: 'failed', document, attempts, failure })
  }

  /** A document is in the sink: the last that this run has to do with it. */
  #written(settled: SettledDocument): void {
    const { id, url, host } = settled.document
    const { attempts: attempt } = settled
    this.#crashes.delete(id)
    if (settled.status === 'failed') {
      this.#emit({ type: 'document-failed', id, url, host, attempt, failure: settled.failure })
    } else {
      const { thread, facts } = settled
      this.#emit({ type: 'document-done', id, url, host, attempt, thread, facts })
      for (const held of [settled.records, settled.rejects]) {
        held.release().catch((error: unknown) => this.#stopWith(error))
      }
    }
    this.#bell.ring()
  }

  /** Tells the meter how things stand from now on. */
  #standingChanged(): void {
    const { downloading, attempting, pending } = this.#scheduler
    this.#meter.stands({ hold: this.#hold(), downloading, attempting, pending }, this.#now())
  }

  #hold(): Hold {
    const { attempting, pending } = this.#scheduler
    if (this.#delivery.isBehind) return 'output'
    if (this.#hasListEnded && pending === 0) return attempting === 0 ? 'output' : 'end'
    return attempting >= this.#room ? 'threads' : this.#scheduler.hold()
  }

  /** The sink, with the time of its writes taken. */
  #metered(sink: Sink): Pick<Sink, 'write'> {
    return {
      write: async (documents) => {
        this.#meter.writeBegan(this.#now())
        await sink.write(documents)
        this.#meter.writeEnded(this.#now())
      },
    }
  }

  #sample(): void {
    const loopDelayMs = Math.max(0, this.#loopDelay.max / 1e6 - LOOP_DELAY_MS)
    this.#loopDelay.reset()
    this.#emit({ type: 'load-sampled', ...this.#meter.take(this.#now()), loopDelayMs })
  }

  #setting(): RunSetting {
    const { schedule, thread, output } = this.#options
    return {
      cores: availableParallelism(),
      perHost: schedule.perHost,
      startIntervalMs: schedule.startIntervalMs,
      parser: thread.parser,
      hasTransform: thread.transform !== undefined,
      ...(output !== undefined && { output: redactUrl(output) }),
      startedAt: new Date(Date.now() - this.#now()).toISOString(),
    }
  }

  #stopWith(reason: unknown): void {
    this.#stop ??= { reason }
    this.#bell.ring()
  }

  #now(): number {
    return performance.now() - this.#startedAt
  }

  #emit(event: UntimedEvent): void {
    try {
      this.#input.listener({ ...event, at: this.#now() })
    } catch (error) {
      // A listener must not throw. One that does ends the run, not the process.
      this.#stopWith(error)
    }
  }
}

type WithoutTime<Event> = Event extends RunEvent ? Omit<Event, 'at'> : never
type UntimedEvent = WithoutTime<RunEvent>

function failureOf(end: TaskEnd): Failure {
  if (end.status === 'reported' && end.report.outcome.status === 'failed') return end.report.outcome.failure
  const message = end.status === 'crashed' ? end.message : 'a document was neither done nor failed'
  const code = end.status === 'crashed' ? 'WORKER_CRASHED' : 'INTERNAL'
  return new MillError(code, message).toFailure()
}
