/** What a pool and a process apart have to say of a task. */
import type { Batch, Receipt, Refusers, Report, ThreadMessage } from '../channel/protocol.ts'
import type { Finding } from './roster.ts'

/** What is told about a task while it runs. */
export interface TaskObserver {
  onBatch(batch: Batch, receipt: Receipt): void
  onDownloaded(): void
  onProgress(progress: Extract<ThreadMessage, { type: 'progress' }>, thread: number): void
}

/** How a task ended: with its report, or without one because its thread crashed. */
export type TaskEnd =
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
