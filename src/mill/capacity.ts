/** What a run may hold at once, and what holds it. */
import type { RunOptions } from '../options.ts'
import { documentsPerThread, heapsOf, ThreadPool } from '../pool/pool.ts'
import { documentMemoryBytes, MemoryGate, weigher } from '../schedule/memory-gate.ts'
import type { Sink } from '../sinks/sink.ts'

export interface Capacity {
  /** Documents that the threads hold together. */
  readonly room: number
  readonly memory: MemoryGate
  readonly pool: ThreadPool
}

export function capacityOf(options: RunOptions, sink: Sink): Capacity {
  const { threads, schedule, thread, memoryBytes } = options
  const perThread = documentsPerThread(threads, schedule.concurrency)
  const ofThread = thread.transform === undefined ? 'none' : 'transform'
  const refusers = sink.mayRefuse === true ? 'output' : ofThread
  return {
    room: threads * perThread,
    memory: new MemoryGate(
      documentMemoryBytes(memoryBytes, threads),
      weigher(thread.parser, thread.maxRecordBytes, refusers !== 'none'),
    ),
    pool: new ThreadPool(thread, {
      refusers,
      threads,
      concurrentTasksPerThread: perThread,
      heapBytes: heapsOf(options),
    }),
  }
}
