/**
 * The worker threads: a Piscina pool whose tasks are documents.
 *
 * A thread that ends in the middle (out of memory, process.exit in a transform) rejects all of its tasks alike. Piscina puts a
 * new thread in its place; which of the documents did it cannot be known, so each of them is to be tried again *alone*, in a thread
 * of its own, where a second crash has one culprit and no victims.
 */
import type { MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import {
  BATCH_BYTES,
  type Batch,
  type Hello,
  type MainMessage,
  type Report,
  type Task,
  type ThreadData,
  type ThreadMessage,
} from '../channel/protocol.ts'
import { MillError } from '../errors.ts'

/** Documents that each thread may hold: its share of those that download at once, and one more that is parsed meanwhile. */
export function documentsPerThread(threads: number, concurrency: number): number {
  return Math.ceil(concurrency / threads) + 1
}

/** What a pool tells about a task while it runs. */
export interface TaskObserver {
  /** Call `taken` when the bytes no longer burden this process: until then the thread may have to wait. */
  onBatch(batch: Batch, taken: () => void): void
  onDownloaded(): void
  onProgress(progress: Extract<ThreadMessage, { type: 'progress' }>, thread: number): void
}

/** How a task ended: with its report, or without one because its thread crashed. */
export type TaskEnd =
  | { readonly status: 'reported'; readonly report: Report }
  | { readonly status: 'crashed'; readonly message: string }

interface RunningTask {
  readonly observer: TaskObserver
  batchesReceived: number
  /** Set when the report came before all of the batches that it counts. */
  onBatches: (() => void) | undefined
}

/** The entry of a thread: TypeScript in the clone, JavaScript in the package, whichever this file is. */
const THREAD_FILE = new URL(`../../workers/document${import.meta.url.slice(-3)}`, import.meta.url).href

export class ThreadPool {
  readonly #data: ThreadData
  readonly #piscina: Piscina<Task, Report>
  /** Made when the first thread crashes. */
  #alone: Piscina<Task, Report> | undefined
  readonly #tasks = new Map<number, RunningTask>()
  readonly #ports = new Set<MessagePort>()
  #closing: Promise<void> | undefined

  constructor(data: ThreadData, threads: number, concurrentTasksPerThread: number) {
    this.#data = data
    this.#piscina = this.#open(threads, concurrentTasksPerThread)
  }

  /** Mills one document. Rejects only after `close`. */
  async run(task: Task, observer: TaskObserver, alone: boolean): Promise<TaskEnd> {
    const running: RunningTask = { observer, batchesReceived: 0, onBatches: undefined }
    this.#tasks.set(task.id, running)
    try {
      const report = await this.#pick(alone).run(task)
      await this.#allBatches(running, report)
      return { status: 'reported', report }
    } catch (error) {
      if (this.#closing !== undefined) throw new MillError('ABORTED', 'the threads were stopped')
      return { status: 'crashed', message: error instanceof Error ? error.message : String(error) }
    } finally {
      this.#tasks.delete(task.id)
    }
  }

  /** Ends the threads at once, with what they are doing. May be called more than once. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    for (const port of this.#ports) port.close()
    await Promise.all([this.#piscina.destroy(), this.#alone?.destroy()])
  }

  #pick(alone: boolean): Piscina<Task, Report> {
    if (!alone) return this.#piscina
    this.#alone ??= this.#open(1, 1)
    return this.#alone
  }

  #open(threads: number, concurrentTasksPerWorker: number): Piscina<Task, Report> {
    const piscina = new Piscina<Task, Report>({
      filename: THREAD_FILE,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker,
      // The default, 'sync', freezes a thread's event loop between tasks: keep-alive connections are found dead (3 of 6 requests).
      atomics: 'disabled',
      recordTiming: false,
      workerData: this.#data,
    })
    piscina.on('message', (hello: Hello) => this.#welcome(hello))
    // A thread that ends while it has no task: nothing is lost, and Piscina has put another in its place.
    piscina.on('error', () => {})
    return piscina
  }

  #welcome({ thread, port }: Hello): void {
    this.#ports.add(port)
    let granted = 0
    const grant = (bytes: number) => {
      granted += bytes
      // In lumps: a message for each batch would be one too many, and the window is several lumps wide.
      if (granted < BATCH_BYTES) return
      const message: MainMessage = { type: 'credit', bytes: granted }
      port.postMessage(message)
      granted = 0
    }
    port.on('message', (message: ThreadMessage) => this.#receive(message, thread, grant))
    port.on('close', () => this.#ports.delete(port))
  }

  #receive(message: ThreadMessage, thread: number, grant: (bytes: number) => void): void {
    const running = this.#tasks.get(message.task)
    if (message.type === 'batch') {
      const bytes = message.batch.bytes.byteLength
      const taken = () => grant(bytes)
      if (running === undefined) {
        taken()
        return
      }
      running.batchesReceived += 1
      running.observer.onBatch(message.batch, taken)
      running.onBatches?.()
    } else if (message.type === 'downloaded') running?.observer.onDownloaded()
    else running?.observer.onProgress(message, thread)
  }

  /** Piscina's port and ours are not ordered against each other: the report may come first. */
  async #allBatches(running: RunningTask, report: Report): Promise<void> {
    while (running.batchesReceived < report.batchesSent) {
      const { promise, resolve } = Promise.withResolvers<void>()
      running.onBatches = resolve
      await promise
    }
    for (const batch of report.last) running.observer.onBatch(batch, () => {})
  }
}
