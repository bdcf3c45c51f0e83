/** Which thread has the next document. */

/** A thread, as far as its choice goes. */
interface Candidate {
  /** Documents that it holds. */
  readonly currentUsage: number
}

/** What Piscina asks for each task. */
export type LoadBalancer = <Thread extends Candidate>(task: unknown, ready: readonly Thread[]) => Thread | null

export interface Spreading {
  readonly threads: number
  readonly tasksPerThread: number
  /**
   * Threads that are to have enough to do before the others have anything: no more of them than processors, for those in excess only
   * take turns. With tiny documents two threads on two processors take four fifths of the processor time of four.
   */
  readonly busyThreads: number
}

/**
 * To the thread with the least to do, first among those that are to be busy. Where none has room, to none: then Piscina starts another
 * thread while there are fewer than wanted.
 */
export function spread({ threads, tasksPerThread, busyThreads }: Spreading): LoadBalancer {
  return (_, ready) => {
    const busy = leastUsed(ready, 0, busyThreads)
    if (busy === undefined || (busy.currentUsage > 0 && ready.length < busyThreads)) return null
    if (busy.currentUsage < tasksPerThread) return busy
    const other = leastUsed(ready, busyThreads, ready.length)
    const isIdle = other?.currentUsage === 0
    const hasRoom = other !== undefined && other.currentUsage < tasksPerThread && ready.length >= threads
    return other !== undefined && (isIdle || hasRoom) ? other : null
  }
}

function leastUsed<Thread extends Candidate>(threads: readonly Thread[], from: number, to: number): Thread | undefined {
  let best: Thread | undefined
  for (let index = from; index < to; index += 1) {
    const thread = threads[index]
    if (thread !== undefined && (best === undefined || thread.currentUsage < best.currentUsage)) best = thread
  }
  return best
}
