/** What passes between main and a process that mills one document at a time: the channel's messages, with copies for transfers. */
import type { Batch, Task, ThreadMessage } from '../channel/protocol.ts'
import type { ThreadOptions } from '../options.ts'
import type { PoolOptions, TaskEnd } from './task.ts'

export type ToApart =
  | { readonly type: 'open'; readonly options: ThreadOptions; readonly pool: PoolOptions }
  | { readonly type: 'run'; readonly task: Task }
  /** The batch of this number no longer burdens main. */
  | { readonly type: 'taken'; readonly batch: number }

export type FromApart =
  | { readonly type: 'batch'; readonly number: number; readonly batch: Batch }
  | { readonly type: 'downloaded' }
  | {
      readonly type: 'progress'
      readonly progress: Extract<ThreadMessage, { type: 'progress' }>
      readonly thread: number
    }
  | { readonly type: 'end'; readonly end: TaskEnd }
