import type { Task } from '../channel/protocol.ts'
import type { Attempt } from '../model.ts'
import type { TaskObserver } from '../pool/pool.ts'
import type { Remembered } from '../sinks/sink.ts'
import type { Harvest } from './harvest.ts'

/** An attempt in its chain, from when a thread is given it until it has ended. */
export interface Link {
  readonly attempt: Attempt
  readonly task: Task
  readonly observer: TaskObserver
  readonly harvest: Harvest
  /** What is known of a document that is asked for again. */
  readonly remembered: Remembered | undefined
  /** To be called at its end, with whether it is a suspect from now on. */
  readonly ended: ((isSuspect: boolean) => void) | undefined
}
