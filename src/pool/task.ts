/** What a pool and a process apart have to say of a task. */
import type { Batch, Receipt, Refusers, Report, Task, ThreadMessage } from '../channel/protocol.ts'
import type { Finding } from './roster.ts'

/** What is told about a task while it runs. */
export interface TaskObserver {
  /** It follows another in its chain, and has its slot since so many milliseconds. */
  onBegun(agoMs: number): void
  onBatch(batch: Batch, receipt: Receipt): void
  onDownloaded(): void
  onProgress(progress: Extract<ThreadMessage, { type: 'progress' }>, thread: number): void
}

/** A task, and who is told about it. */
export interface Observed {
  readonly task: Task
  readonly observer: TaskObserver
}

/** How a task ended: with its report, without one because its thread crashed, or before it began because its chain ended. */
export type TaskEnd =
  | { readonly status: 'returned' }
  | { readonly status: 'reported'; readonly report: Report }
  | (Finding & {
      readonly status: 'crashed'
      /** It ended by itself, ran out of memory, or had to be ended; or the process ended that it had to itself. */
      readonly cause: 'ended' | 'memory' | 'stuck' | 'process'
      readonly message: string
    })

export interface PoolOptions {
  readonly refusers: Refusers
  readonly threads: number
  readonly concurrentTasksPerThread: number
  /** Heap of each thread, and of a thread that has the whole memory for its document, in bytes. */
  readonly heapBytes: { readonly shared: number; readonly alone: number }
}
