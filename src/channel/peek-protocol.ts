/** Everything that passes between the main thread and the one that peeks, both directions. */
import type { Failure } from '../errors.ts'
import type { ThreadOptions } from '../options.ts'
import type { PeekedDocument } from './document-profile.ts'

/** What the thread is given at its start. */
export interface PeekThreadData {
  readonly options: ThreadOptions
  /** How much of a document is read, decompressed. */
  readonly partBytes: number
}

export interface PeekTask {
  readonly id: number
  readonly url: string
}

/** The answer to a task. The thread never throws: what went wrong is in the outcome. */
export interface PeekReport {
  readonly id: number
  readonly outcome: PeekOutcome
}

export type PeekOutcome =
  | { readonly status: 'peeked'; readonly document: PeekedDocument }
  | { readonly status: 'failed'; readonly failure: Failure }
