/**
 * What becomes of a document whose thread ended under it: again like any other where another document is to blame, alone in a thread
 * of its own where it may be the culprit, and given up when it has done it too often.
 */
import { type Failure, MillError } from '../errors.ts'
import type { ThreadOptions } from '../options.ts'
import type { TaskEnd } from '../pool/pool.ts'

/** How often a document may end or block a thread; how often it may run out of memory, the second time in a thread that has all of it. */
const MAX_CRASHES = 3
const MAX_OUT_OF_MEMORY = 2

/** How often a document may lose its thread through another's fault: where threads end by themselves, nobody would ever be charged. */
const MAX_LOSSES = 20

export class CrashTally {
  /** How often the thread crashed under a document; most are never in here. */
  readonly #crashes = new Map<number, number>()
  readonly #losses = new Map<number, number>()

  /** Whether the document is to be tried alone. */
  isSuspect(id: number): boolean {
    return this.#crashes.has(id)
  }

  /** It is suspected of an earlier run's crash. */
  suspect(id: number): void {
    this.#crashes.set(id, 1)
  }

  /** Counts a crash, and says how the document goes on. */
  count(id: number, { blame, cause }: Extract<TaskEnd, { status: 'crashed' }>): 'again' | 'alone' | 'failed' {
    if (blame === 'victim' && increment(this.#losses, id) < MAX_LOSSES) return 'again'
    return increment(this.#crashes, id) < (cause === 'memory' ? MAX_OUT_OF_MEMORY : MAX_CRASHES) ? 'alone' : 'failed'
  }

  /** The document is settled. */
  forget(id: number): void {
    this.#crashes.delete(id)
    this.#losses.delete(id)
  }
}

/** Why an attempt that is not done failed. */
export function failureOf(end: TaskEnd, { transform }: ThreadOptions): Failure {
  if (end.status === 'crashed') {
    const isTransform = end.cause === 'stuck' && transform !== undefined
    const code = isTransform ? 'TRANSFORM_TIMEOUT' : end.cause === 'memory' ? 'OUT_OF_MEMORY' : 'WORKER_CRASHED'
    return new MillError(code, end.message).toFailure()
  }
  if (end.status === 'reported' && end.report.outcome.status === 'failed') return end.report.outcome.failure
  return new MillError('INTERNAL', 'a document was neither done nor failed').toFailure()
}

function increment(counts: Map<number, number>, id: number): number {
  const count = (counts.get(id) ?? 0) + 1
  counts.set(id, count)
  return count
}
