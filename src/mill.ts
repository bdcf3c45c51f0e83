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
import type { Attempt, Document, DocumentFacts, Hold } from './model.ts'
import type { RunOptions } from './options.ts'
import { documentsPerThread, type TaskEnd, type TaskObserver, ThreadPool } from './pool/pool.ts'
import { redactUrl } from './redact.ts'
import type { Listener, RunEvent, RunSetting } from './report/events.ts'
import { Bell } from './schedule/bell.ts'
import { LoadMeter } from './schedule/load-meter.ts'
import { documentMemoryBytes, MemoryGate, weigher } from './schedule/memory-gate.ts'
import { Scheduler } from './schedule/scheduler.ts'
import { Delivery } from './sinks/delivery.ts'
import type { Remembered, SettledDocument, Sink } from './sinks/sink.ts'
import { inBatches } from './sources/batches.ts'
import type { DocumentList, Listed } from './sources/source.ts'
import { HeldRecords, MemoryBudget } from './spool/held-records.ts'
import { SpoolDirectory } from './spool/spool-directory.ts'

/** Documents read ahead of their start: enough to find one for every free slot, few enough that a list of millions costs nothing. */
const LOOKAHEAD = 10_000

/** Documents that the output is asked about at once. */
const RECALL_DOCUMENTS = 1000

/** What running documents are given to end in, once the run is to stop. */
const GRACE_MS = 10_000

/** How often it is told how things stand. */
const SAMPLE_MS = 250

/** How often the delay of the main loop is measured: what the histogram has in it includes this. */
const LOOP_DELAY_MS = 10

/** How often a document may end or block a thread; how often it may run out of memory, the second time in a thread that has all of it. */
const MAX_CRASHES = 3
const MAX_OUT_OF_MEMORY = 2

/** How often a document may lose its thread through another's fault: where threads end by themselves, nobody would ever be charged. */
const MAX_LOSSES = 20

/** Less heap than this and a thread does not even start. */
const LEAST_HEAP_BYTES = 64 << 20

export interface RunInput {
  readonly list: DocumentList
  readonly options: RunOptions
  readonly sink: Sink
  readonly listener: Listener
  /** Stops the run at once. */
  readonly signal?: AbortSignal | undefined
  /** Stops it in order: nothing more is started, what runs has ten seconds. */
  readonly stopping?: AbortSignal | undefined
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
  /** How often the thread crashed under a document; most are never in here. */
  readonly #crashes = new Map<number, number>()
  readonly #lost = new Map<number, number>()
  readonly #memory: MemoryGate
  readonly #meter: LoadMeter
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_MS })
  /** Documents that the threads hold together. */
  readonly #room: number
  #lastTask = 0
  #listed = 0
  #hasListEnded = false
  /** Place in the list of the document that is read and for which there is no room yet. */
  #heldBack: number | undefined
  #isStopping = false
  #stop: { readonly reason: unknown } | undefined
  /** With --update: what is known of documents that are asked for again. */
  readonly #remembered = new Map<number, Remembered>()

  constructor(input: RunInput) {
    this.#input = input
    this.#options = input.options
    this.#budget = new MemoryBudget(input.options.spoolAboveBytes)
    this.#scheduler = new Scheduler(input.options.schedule)
    const { threads, schedule, thread } = input.options
    const perThread = documentsPerThread(threads, schedule.concurrency)
    this.#room = threads * perThread
    const { memoryBytes } = input.options
    this.#memory = new MemoryGate(
      documentMemoryBytes(memoryBytes, threads),
      weigher(thread.parser, thread.maxRecordBytes),
    )
    this.#pool = new ThreadPool(thread, {
      threads,
      concurrentTasksPerThread: perThread,
      heapBytes: {
        shared: Math.max(memoryBytes / threads, LEAST_HEAP_BYTES),
        alone: Math.max(memoryBytes, LEAST_HEAP_BYTES),
      },
    })
    this.#meter = new LoadMeter(threads, this.#now())
    this.#delivery = new Delivery(input.sink, input.options.ordered, {
      onWritten: (document, refused) => this.#written(document, refused),
      onWriting: (isWriting) => this.#meter.writes(isWriting, this.#now()),
      onFailed: (error) => this.#stopWith(error),
    })
  }

  async completed(): Promise<void> {
    const { threads, schedule } = this.#options
    this.#emit({ type: 'run-started', threads, concurrency: schedule.concurrency, setting: this.#setting() })
    this.#loopDelay.enable()
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS)
    sampling.unref()
    const { signal, stopping } = this.#input
    const aborted = (cause: unknown) => new MillError('ABORTED', 'the run was stopped', { cause })
    using _abort = whenAborted(signal, () => this.#stopWith(aborted(signal?.reason)))
    let grace: NodeJS.Timeout | undefined
    using _end = whenAborted(stopping, () => {
      this.#isStopping = true
      grace = setTimeout(() => this.#stopWith(aborted(stopping?.reason)), GRACE_MS)
      this.#bell.ring()
    })
    try {
      this.#feed().catch((error: unknown) => this.#stopWith(error))
      while (this.#stop === undefined && !this.#isComplete()) {
        this.#startDocuments()
        if (this.#giveUpDocuments() || this.#abandonDocuments()) continue
        this.#standingChanged()
        const wakeAt = this.#scheduler.wakeAt()
        await this.#bell.rung(wakeAt === undefined ? undefined : wakeAt - this.#now())
      }
      if (this.#isStopping && !this.#isListDone()) this.#stop ??= { reason: aborted(stopping?.reason) }
      // Whoever stops a run wants it to leave the servers alone, however long the output takes.
      if (this.#stop !== undefined) await this.#pool.close()
      this.#standingChanged()
      await this.#delivery.drained()
      this.#sample()
      if (this.#stop !== undefined) throw this.#stop.reason
      await this.#input.sink.complete?.()
      this.#emit({ type: 'run-ended' })
    } catch (error) {
      this.#emit({ type: 'run-ended', ...(error instanceof MillError && { stopped: error.toFailure() }) })
      throw error
    } finally {
      clearInterval(sampling)
      clearTimeout(grace)
      this.#loopDelay.disable()
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
    for await (const batch of inBatches(this.#input.list, RECALL_DOCUMENTS)) {
      const known = await this.#recall(batch)
      let skipped = 0
      for (const listed of batch) {
        const { id } = listed.kind === 'document' ? listed.document : listed.line
        const remembered = known.get(id)
        if (remembered !== undefined && this.#options.existing !== 'update') {
          this.#delivery.skip(id)
          skipped += 1
          this.#listed += 1
          continue
        }
        this.#heldBack = id
        while (!this.#hasRoom(id)) await this.#bell.rung()
        this.#heldBack = undefined
        if (this.#stop !== undefined || this.#isStopping) return
        if (remembered !== undefined) this.#remembered.set(id, remembered)
        if (listed.kind === 'document') this.#scheduler.add(listed.document)
        else this.#fail({ id, url: listed.line.url, host: '' }, 0, listed.line.failure)
        this.#listed += 1
        this.#bell.ring()
      }
      if (skipped > 0) this.#emit({ type: 'documents-skipped', documents: skipped })
      if (this.#stop !== undefined || this.#isStopping) return
    }
    this.#hasListEnded = true
    this.#emit({ type: 'list-ended', documents: this.#listed, duplicates: this.#input.list.duplicates })
    this.#bell.ring()
  }

  /** What the output knows of a batch's documents that are done. */
  async #recall(batch: readonly Listed[]): Promise<ReadonlyMap<number, Remembered>> {
    const { sink } = this.#input
    const known = new Map<number, Remembered>()
    if (sink.recall === undefined) return known
    const documents = batch.flatMap((listed) => (listed.kind === 'document' ? [listed.document] : []))
    const remembered = await sink.recall(documents)
    for (const [index, document] of documents.entries()) {
      const one = remembered[index]
      if (one !== undefined) known.set(document.id, one)
    }
    return known
  }

  #hasRoom(id: number): boolean {
    if (this.#stop !== undefined || this.#isStopping) return true
    return this.#scheduler.pending < LOOKAHEAD && !this.#delivery.isBehind && this.#delivery.isWithinWindow(id)
  }

  #isComplete(): boolean {
    return this.#isStopping ? this.#scheduler.attempting === 0 : this.#isListDone()
  }

  #isListDone(): boolean {
    return this.#hasListEnded && this.#scheduler.attempting === 0 && this.#scheduler.pending === 0
  }

  /** Starts every document that may start now. */
  #startDocuments(): void {
    if (this.#isStopping) return
    while (this.#scheduler.attempting < this.#room && !this.#delivery.isBehind && this.#memory.isOpen) {
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
    if (this.#isStopping) return false
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
    const records = new HeldRecords(this.#budget, this.#spool, () => this.#delivery.claimTail(id, this.#isAlone()))
    const rejects = new HeldRecords(this.#budget, this.#spool)
    this.#emit({ type: 'attempt-started', id, url, host, attempt: number })
    const observer = this.#observe(attempt, records, rejects)
    this.#lastTask += 1
    const isSuspect = this.#crashes.has(id)
    const mayRelay = this.#options.threads > 1 && !isSuspect
    const remembered = this.#remembered.get(id)
    const task = { id: this.#lastTask, url, attempt: number, mayRelay, ...(remembered && { validators: remembered }) }
    this.#memory.started(id)
    const end = await this.#pool.run(task, observer, isSuspect)
    const isDone = end.status === 'reported' && end.report.outcome.status === 'done'
    this.#memory.ended(id, isDone ? end.report.outcome.facts.decodedBytes : undefined)
    if (this.#stop !== undefined) return
    if (end.status === 'reported') {
      const { outcome, thread } = end.report
      const { times } = outcome.facts
      this.#emit({ type: 'attempt-ended', id, attempt: number, thread, status: outcome.status, times })
    }
    const outcome = end.status === 'reported' ? end.report.outcome : undefined
    if (end.status === 'reported' && outcome?.status === 'done' && !isSameBody(outcome.facts, remembered)) {
      const { facts } = outcome
      const { thread } = end.report
      checkCounts(url, facts, records, rejects, this.#options.thread.transform !== undefined)
      this.#scheduler.done(attempt, this.#now())
      this.#delivery.deliver({ status: 'done', document, attempts: number, thread, facts, records, rejects })
    } else if (end.status === 'reported' && outcome !== undefined && outcome.status !== 'failed') {
      await Promise.all([records.release(), rejects.release()])
      const { facts } = outcome
      this.#scheduler.done(attempt, this.#now())
      this.#delivery.deliver({ status: 'unchanged', document, attempts: number, thread: end.report.thread, facts })
    } else {
      await Promise.all([records.release(), rejects.release()])
      this.#settleFailure(attempt, end)
    }
    this.#bell.ring()
  }

  /** Whether the only document under way is the last one of all. */
  #isAlone(): boolean {
    return this.#hasListEnded && this.#scheduler.pending === 0 && this.#scheduler.attempting === 1
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
      if (end.blame === 'victim' && this.#losses(document.id) < MAX_LOSSES) {
        this.#scheduler.requeue(attempt)
        return
      }
      const crashes = (this.#crashes.get(document.id) ?? 0) + 1
      this.#crashes.set(document.id, crashes)
      if (crashes < (end.cause === 'memory' ? MAX_OUT_OF_MEMORY : MAX_CRASHES)) {
        this.#scheduler.setAside(attempt)
        return
      }
    }
    const failure = failureOf(end, this.#options)
    if (failure.disposition === 'stop') {
      // What is wrong with the options is wrong for every document.
      this.#stopWith(MillError.from(failure))
      return
    }
    const verdict = this.#scheduler.failed(attempt, failure, this.#now())
    const { id, url, host } = document
    const { hostPausedUntil: until } = verdict
    if (until !== undefined) this.#emit({ type: 'host-cooling', host, until, reason: 'failures' })
    if (verdict.next === 'failed') {
      this.#fail(document, number, verdict.failure)
      return
    }
    const { notBefore } = verdict
    this.#emit({ type: 'attempt-failed', id, url, attempt: number, failure, notBefore })
    if (failure.retryAfterMs !== undefined)
      this.#emit({ type: 'host-cooling', host, until: notBefore, reason: 'asked' })
  }

  /** How often a document has lost its thread through no fault of its own, this time included. */
  #losses(id: number): number {
    const losses = (this.#lost.get(id) ?? 0) + 1
    this.#lost.set(id, losses)
    return losses
  }

  #fail(document: Document, attempts: number, failure: Failure): void {
    this.#delivery.deliver({ status: 'failed', document, attempts, failure })
  }

  /** A document is in the sink: the last that this run has to do with it. */
  #written(settled: SettledDocument, refused: number): void {
    const { id, url, host } = settled.document
    const { attempts: attempt } = settled
    this.#crashes.delete(id)
    this.#lost.delete(id)
    this.#remembered.delete(id)
    if (settled.status === 'failed') {
      this.#emit({ type: 'document-failed', id, url, host, attempt, failure: settled.failure })
    } else if (settled.status === 'unchanged') {
      const { thread, facts } = settled
      this.#emit({ type: 'document-unchanged', id, url, host, attempt, thread, facts })
    } else {
      const { thread } = settled
      const { recordsWritten, recordsRejected } = settled.facts
      const facts =
        refused === 0
          ? settled.facts
          : {
              ...settled.facts,
              recordsWritten: recordsWritten - refused,
              recordsRejected: recordsRejected + refused,
            }
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
    if (attempting >= this.#room) return 'threads'
    return this.#memory.isOpen ? this.#scheduler.hold() : 'memory'
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

/** Listens until it is disposed of; calls at once when it is too late to listen. */
function whenAborted(signal: AbortSignal | undefined, listener: () => void): Disposable {
  if (signal?.aborted === true) listener()
  else signal?.addEventListener('abort', listener, { once: true })
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', listener) }
}

/** Servers that know no validators send what they have sent before. */
function isSameBody({ bodySha256 }: DocumentFacts, remembered: Remembered | undefined): boolean {
  return bodySha256 !== undefined && bodySha256 === remembered?.bodySha256
}

/**
 * Every record is somewhere: a mistake here would be silent loss.
 * @throws MillError INTERNAL, which stops the run
 */
function checkCounts(
  url: string,
  facts: DocumentFacts,
  records: HeldRecords,
  rejects: HeldRecords,
  hasTransform: boolean,
): void {
  const { recordsSeen, recordsWritten, recordsRejected, notes } = facts
  const dropped = notes.droppedByTransform ?? 0
  // A transform may make several rows of a record: at least one of each that it neither refused nor dropped.
  const kept = recordsSeen - recordsRejected - dropped
  const isWhole = hasTransform ? kept >= 0 && recordsWritten >= kept : recordsWritten === kept
  if (isWhole && records.count === recordsWritten && rejects.count === recordsRejected) return
  throw new MillError(
    'INTERNAL',
    `${redactUrl(url)}: ${recordsSeen} records were seen; ${recordsWritten} written (${records.count} arrived), ` +
      `${recordsRejected} rejected (${rejects.count} arrived), ${dropped} dropped by the transform`,
  )
}

type WithoutTime<Event> = Event extends RunEvent ? Omit<Event, 'at'> : never
type UntimedEvent = WithoutTime<RunEvent>

function failureOf(end: TaskEnd, { thread }: RunOptions): Failure {
  if (end.status === 'crashed') {
    const isTransform = end.cause === 'stuck' && thread.transform !== undefined
    const code = isTransform ? 'TRANSFORM_TIMEOUT' : end.cause === 'memory' ? 'OUT_OF_MEMORY' : 'WORKER_CRASHED'
    return new MillError(code, end.message).toFailure()
  }
  if (end.report.outcome.status === 'failed') return end.report.outcome.failure
  return new MillError('INTERNAL', 'a document was neither done nor failed').toFailure()
}
