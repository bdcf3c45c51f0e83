/** The heaps of the threads. */
import type { ResourceLimits } from 'node:worker_threads'
import type { RunOptions } from '../options.ts'
import type { PoolOptions } from './task.ts'

const MIB = 1 << 20

/** Less heap than this and a thread does not even start. */
const LEAST_HEAP_BYTES = 64 << 20

/**
 * More than this a thread's heap has only where memory was asked for. V8 lets a heap grow to four times what lives in it where it may have
 * 2 GiB, and to 1.4 times where it may have a quarter of that: 50 MB and 30 MB for a thread of ours. What needs more is tried alone, with all of it.
 * (The command line chooses the growth itself where there is no transform: src/cli/heap-growth.ts.)
 */
const MOST_HEAP_BYTES = 512 << 20

/** The heap of each thread when all share the run's memory, and of one that has all of it. */
export function heapsOf(
  options: Pick<RunOptions, 'memoryBytes' | 'isMemoryGiven' | 'threads'>,
): PoolOptions['heapBytes'] {
  const { memoryBytes, isMemoryGiven, threads } = options
  const most = isMemoryGiven ? Number.POSITIVE_INFINITY : MOST_HEAP_BYTES
  return {
    shared: Math.max(Math.min(memoryBytes / threads, most), LEAST_HEAP_BYTES),
    alone: Math.max(memoryBytes, LEAST_HEAP_BYTES),
  }
}

/**
 * V8 takes up to three times 16 MiB for young objects, and keeps it. Our own work makes little garbage and would only fill it (16 MB more for
 * each thread, measured). A transform makes much, and is as fast with a quarter of that as with all: 2.9 s of processor time for 100 MB of
 * records either way, 3.2 s with 4 MiB.
 */
export function heapLimits(bytes: number, hasTransform: boolean): ResourceLimits {
  const maxOldGenerationSizeMb = Math.floor(bytes / MIB)
  const most = hasTransform ? 12 : 4
  return { maxOldGenerationSizeMb, maxYoungGenerationSizeMb: Math.min(most, Math.ceil(maxOldGenerationSizeMb / 8)) }
}
