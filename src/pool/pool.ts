/**
 * The worker threads: a Piscina pool whose tasks are documents.
 *
 * A thread that ends in the middle (out of memory, process.exit in a transform) rejects all of its tasks alike, and one that is stuck (an
 * endless loop, a call that blocks) is ended by the watchdog. Piscina puts a new thread in its place. Which document did it, the
 * thread's pulse mostly says; that document, or each of them where nobody can know, is to be tried again *alone*, in a new thread of
 * its own, where a second crash has one culprit and no victims.
 */
import { availableParallelism } from 'node:os'
import type { MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { Alarm } from '../channel/alarm.ts'
import {
  type Batch,
  type Chain,
  type ChainEnd,
  type Hello,
  NO_RECEIPT,
  type Receipt,
  type Report,
  type Task,
  type ThreadData,
  type ThreadMessage,
} from '../channel/protocol.ts'
import { Pulse } from '../channel/pulse.ts'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { ThreadOptions } from '../options.ts'
import { Apart } from './apart.ts'
import { ChainProgress, type Link } from './chain-progress.ts'
import { Entrance } from './entrance.ts'
import { heapLimits } from './heaps.ts'
import { spread } from './load-balancer.ts'
import { Roster, type Thread } from './roster.ts'
import type { Observed, PoolOptions, TaskEnd, TaskObserver } from './task.ts'
import { ThreadCredit } from './thread-credit.ts'
import { TransformRelay, withCounts } from './transform-relay.ts'
import { Watchdog, watchTickMs } from './watchdog.ts'

/** Documents that each thread may hold: its share of those that download at once, and one more that is parsed meanwhile. */
export function documentsPerThread(threads: number, concurrency: number): number {
  return Math.ceil(concurrency / threads) + 1
}

/** Threads that all slots for downloads need. */
function threadsToDownload({ threads, concurrentTasksPerThread: perThread }: PoolOptions): number {
  return Math.ceil((threads * (perThread - 1)) / perThread)
}

interface RunningTask {
  readonly observer: TaskObserver
  readonly chain: ChainProgress
  batchesReceived: number
  /** Set when the report came before all of the batches that it counts. */
  onBatches: (() => void) | undefined
}

/** The entry of a thread: TypeScript in the clone, JavaScript in the package, whichever this file is. */
const THREAD_FILE = new URL(`../../workers/document${import.meta.url.slice(-3)}`, import.meta.url).href

/** A thread that is replaced so often without a single report in between will not do better. */
const MAX_REOPENINGS = 3

/** Looks of the watchdog for which a thread may be missing before the pool is opened anew: Piscina starts it at once or never. */
const MISSING_LOOKS = 3

class StuckError extends Error {
  override readonly name = 'StuckError'
}

/** Where a document is milled: with others, in a thread of its own, or in a process of its own. */
export type Place = 'shared' | 'alone' | 'apart'

export { heapsOf } from './heaps.ts'
export type { TaskEnd, TaskObserver } from './task.ts'

export class ThreadPool {
  readonly #thread: ThreadData
  readonly #alarm = new Alarm()
  readonly #options: PoolOptions
  readonly #watchdog: Watchdog<Thread>
  readonly #watching: NodeJS.Timeout
  #lookedAt = performance.now()
  #missingLooks = 0
  #reopenings = 0
  #shared: Piscina<Chain, ChainEnd>
  readonly #entrance: Entrance
  /** Node's ids of the threads that have come so far as to take documents. */
  readonly #started = new Set<number>()
  /** Threads that are to have enough to do before others have anything. */
  readonly #busyThreads: number
  /** One for each document that is tried alone, and only as long. */
  readonly #alone = new Set<Piscina<Chain, ChainEnd>>()
  #aloneTurn: Promise<void> = Promise.resolve()
  /** Made for the first document that is tried there. */
  #apart: Apart | undefined
  readonly #tasks = new Map<number, RunningTask>()
  readonly #chains = new Set<ChainProgress>()
  readonly #relay = new TransformRelay()
  readonly #roster = new Roster()
  #failure: MillError | undefined
  #lastMessage = ''
  #closing: Promise<void> | undefined

  constructor(options: ThreadOptions, pool: PoolOptions) {
    this.#thread = { options, tasks: pool.concurrentTasksPerThread, refusers: pool.refusers, alarm: this.#alarm.buffer }
    this.#options = pool
    this.#watchdog = new Watchdog(options.transformTimeoutMs)
    this.#watching = setInterval(() => this.#look(), watchTickMs(options.transformTimeoutMs))
    this.#watching.unref()
    // A transform may wait for something, or take long: it is to have every thread.
    this.#busyThreads = options.transform === undefined ? availableParallelism() : pool.threads
    this.#entrance = new Entrance(
      {
        threads: pool.threads,
        tasksPerThread: pool.concurrentTasksPerThread,
        promptThreads: Math.max(this.#busyThreads, threadsToDownload(pool)),
      },
      () => ({
        threads: this.#shared.threads.length,
        isStarting: this.#shared.threads.some(({ threadId }) => !this.#started.has(threadId)),
      }),
    )
    this.#shared = this.#open(true)
  }

  /**
   * Mills documents, several of them as a chain.
   * @returns the end of each. They reject with MillError: ABORTED after `close`, THREADS_FAILED
   */
  run(documents: readonly Observed[], place: Place): Promise<TaskEnd>[] {
    if (place === 'apart') return documents.map(({ task, observer }) => this.#runApart(task, observer))
    const chain = new ChainProgress(documents, this.#alarm)
    const ends = chain.links.map((link) => this.#end(link, chain))
    void this.#mill(chain, place)
    return ends
  }

  /** Documents that wait in threads for those before them come back. */
  recall(): void {
    for (const chain of this.#chains) chain.shut()
  }

  async #mill(chain: ChainProgress, place: Place): Promise<void> {
    this.#chains.add(chain)
    try {
      // `throw null` outside of any call ends the thread, and Piscina takes it for the task's result.
      const end: ChainEnd | null | undefined = await (place === 'alone'
        ? this.#runAlone(chain.chain)
        : this.#runShared(chain.chain))
      if (end === null || end === undefined) throw new Error(`the thread threw ${end}`)
      while (chain.reported < end.reportsSent) {
        const { promise, resolve } = Promise.withResolvers<void>()
        chain.onReport = resolve
        this.#checkLives(end.thread)
        await promise
      }
      chain.ended(end.reports)
    } catch (error) {
      chain.crashed(error)
    } finally {
      this.#chains.delete(chain)
    }
  }

  async #end({ task, observer, promise }: Link, chain: ChainProgress): Promise<TaskEnd> {
    const running: RunningTask = { observer, chain, batchesReceived: 0, onBatches: undefined }
    this.#tasks.set(task.id, running)
    try {
      const report = await promise
      if (report === undefined) return { status: 'returned' }
      this.#reopenings = 0
      failpoint('channel.report')
      await this.#allBatches(task.id, running, report)
      const relayed = await this.#relay.finished(task.id)
      if (relayed.status === 'lost') return this.#lost(task.id, relayed.port)
      return { status: 'reported', report: withCounts(report, relayed.counts) }
    } catch (error) {
      if (this.#closing !== undefined) throw new MillError('ABORTED', 'the threads were stopped')
      if (this.#failure !== undefined) throw this.#failure
      return this.#crashed(task.id, error)
    } finally {
      this.#tasks.delete(task.id)
      this.#relay.forget(task.id)
    }
  }

  /** Ends the threads at once, with what they are doing. May be called more than once. */
  close(): Promise<void> {
    this.#closing ??= this.#endThreads()
    return this.#closing
  }

  async #endThreads(): Promise<void> {
    clearInterval(this.#watching)
    this.#entrance.close()
    for (const { port } of this.#roster.living) port.close()
    this.#apart?.close()
    await Promise.all([this.#shared, ...this.#alone].map((piscina) => piscina.destroy()))
  }

  async #runApart(task: Task, observer: TaskObserver): Promise<TaskEnd> {
    this.#apart ??= new Apart(this.#thread.options, this.#options)
    const end = this.#closing === undefined ? await this.#apart.run(task, observer) : undefined
    if (this.#closing !== undefined || end === undefined) throw new MillError('ABORTED', 'the threads were stopped')
    return end
  }

  async #runShared(chain: Chain): Promise<ChainEnd> {
    const turn = this.#entrance.enter()
    // Not awaited without need: what enters next is to find this one in the pool.
    if (turn !== undefined) await turn
    try {
      return await this.#shared.run(chain)
    } finally {
      this.#entrance.leave()
    }
  }

  /** A thread of its own, new and then ended: what an earlier document left behind cannot end it, and what this one leaves harms no other. */
  async #runAlone(chain: Chain): Promise<ChainEnd> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#aloneTurn
    this.#aloneTurn = promise
    await before
    if (this.#closing !== undefined) {
      resolve()
      throw new MillError('ABORTED', 'the threads were stopped')
    }
    const piscina = this.#open(false)
    this.#alone.add(piscina)
    try {
      return await piscina.run(chain)
    } finally {
      await piscina.destroy()
      this.#alone.delete(piscina)
      resolve()
    }
  }

  #open(isShared: boolean): Piscina<Chain, ChainEnd> {
    const { threads, concurrentTasksPerThread, heapBytes } = this.#options
    const count = isShared ? threads : 1
    const tasksPerThread = isShared ? concurrentTasksPerThread : 1
    const piscina = new Piscina<Chain, ChainEnd>({
      filename: THREAD_FILE,
      // The rest start with the documents that need them; a transform wants all of them for the first document.
      minThreads: this.#thread.options.transform === undefined ? 1 : count,
      maxThreads: count,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: tasksPerThread,
      loadBalancer: spread({ threads: count, tasksPerThread, busyThreads: Math.min(count, this.#busyThreads) }),
      // The default, 'sync', freezes a thread's event loop between tasks: keep-alive connections are found dead (3 of 6 requests).
      atomics: 'disabled',
      recordTiming: false,
      workerData: this.#thread,
      resourceLimits: heapLimits(
        isShared ? heapBytes.shared : heapBytes.alone,
        this.#thread.options.transform !== undefined,
      ),
    })
    piscina.on('message', (hello: Hello) => this.#welcome(hello, isShared))
    piscina.on('workerCreate', ({ id }: { readonly id: number }) => {
      this.#started.add(id)
      // By the next turn it has what was queued for it.
      setImmediate(() => this.#entrance.started())
    })
    // A thread that ends while it has no task: nothing is lost, and Piscina has put another in its place.
    piscina.on('error', () => {})
    return piscina
  }

  #welcome({ thread: id, port, pulse }: Hello, isShared: boolean): void {
    if (this.#closing !== undefined) {
      // It was still starting: its port would keep the process for as long as it takes to end it.
      port.close()
      return
    }
    const thread = this.#roster.add(id, port, new Pulse(pulse))
    const credit = new ThreadCredit(port)
    port.on('message', (message: ThreadMessage) => this.#receive(message, id, credit))
    port.on('close', () => {
      this.#roster.leave(thread)
      // Whoever waits for its batches looks again.
      for (const { onBatches } of this.#tasks.values()) onBatches?.()
      for (const { onReport } of this.#chains) onReport?.()
      this.#watchdog.forget(thread)
      this.#relay.removeThread(port)
    })
    // A thread for suspects takes no part in others' work.
    if (isShared) this.#relay.addThread(port)
  }

  #look(): void {
    const now = performance.now()
    const living = this.#roster.living.map((thread) => [thread, thread.pulse.steps] as const)
    for (const thread of this.#watchdog.look(living, now - this.#lookedAt)) this.#endStuck(thread)
    this.#lookedAt = now
    const isMissing = this.#shared.queueSize > 0 && this.#shared.threads.length < this.#entrance.allowedThreads
    this.#missingLooks = isMissing ? this.#missingLooks + 1 : 0
    if (this.#missingLooks >= MISSING_LOOKS) this.#reopen()
  }

  /**
   * Piscina itself only lets go of a thread by a task's AbortSignal, with which it would give each thread a single task. An error of the
   * thread has the same effect: its tasks are rejected and another is put in its place at once, also when the thread itself cannot be
   * ended before the system call returns in which it is.
   */
  #endStuck(thread: Thread): void {
    const seconds = this.#thread.options.transformTimeoutMs / 1000
    const error = new StuckError(`the thread did not come back for ${seconds} s (--transform-timeout)`)
    const threads = [this.#shared, ...this.#alone].flatMap((piscina) => piscina.threads)
    threads.find(({ threadId }) => threadId === thread.id)?.emit('error', error)
    thread.port.close()
  }

  /** Piscina stops replacing threads once one of them ended before it was ready. */
  #reopen(): void {
    this.#missingLooks = 0
    this.#reopenings += 1
    if (this.#reopenings > MAX_REOPENINGS)
      this.#failure = new MillError('THREADS_FAILED', `threads end as soon as they start: ${this.#lastMessage}`)
    const old = this.#shared
    if (this.#failure === undefined) this.#shared = this.#open(true)
    void old.destroy()
  }

  #crashed(task: number, error: unknown): TaskEnd {
    const finding = this.#roster.inquire(task)
    this.#roster.release(task)
    const message = error instanceof Error ? error.message : String(error)
    this.#lastMessage = message
    const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    const cause = error instanceof StuckError ? 'stuck' : isMemory ? 'memory' : 'ended'
    return { status: 'crashed', cause, message, ...finding }
  }

  /** A thread is gone that had records of a task which another thread mills. */
  #lost(task: number, port: MessagePort | undefined): TaskEnd {
    const finding = this.#roster.inquireAt(port, task)
    return { status: 'crashed', cause: 'ended', message: 'a thread ended that had some of its records', ...finding }
  }

  #receive(message: ThreadMessage, thread: number, credit: ThreadCredit): void {
    if (message.type === 'transformed') {
      this.#relay.receive(message)
      return
    }
    if (message.type === 'reports') {
      for (const report of message.reports) this.#tasks.get(report.task)?.chain.report(report)
      return
    }
    const running = this.#tasks.get(message.task)
    if (message.type === 'batch') {
      failpoint('channel.batch')
      const receipt = credit.receipt(message.batch)
      if (running === undefined) {
        receipt.spent()
        receipt.taken()
        return
      }
      running.batchesReceived += 1
      this.#pass(message.task, running, message.batch, receipt)
      running.onBatches?.()
    } else if (message.type === 'downloaded') running?.chain.downloaded()
    else running?.observer.onProgress(message, thread)
  }

  /** Piscina's port and ours are not ordered against each other: the report may come first. */
  async #allBatches(task: number, running: RunningTask, report: Report): Promise<void> {
    while (running.batchesReceived < report.batchesSent) {
      this.#checkLives(report.thread)
      const { promise, resolve } = Promise.withResolvers<void>()
      running.onBatches = resolve
      await promise
    }
    for (const batch of report.last) this.#pass(task, running, batch, NO_RECEIPT)
  }

  /** Of a thread that is gone nothing more arrives. */
  #checkLives(thread: number): void {
    if (!this.#roster.living.some(({ id }) => id === thread))
      throw new Error('the thread ended before all that it sent had arrived')
  }

  #pass(task: number, { observer }: RunningTask, batch: Batch, receipt: Receipt): void {
    if (batch.kind === 'raw') this.#relay.submit(task, batch, receipt.taken, observer.onBatch)
    else observer.onBatch(batch, receipt)
  }
}
