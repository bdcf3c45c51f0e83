/**
 * What happens in a run, as plain data: progress, summary, and every other display are folds over these. Times are
 * milliseconds since the start of the run.
 */
import type { Failure } from '../errors.ts'
import type { DocumentFacts, LoadSample, Outcome, StepTimes } from '../model.ts'

export type RunEvent =
  | {
      readonly type: 'run-started'
      readonly at: number
      readonly threads: number
      readonly concurrency: number
      readonly setting?: RunSetting
    }
  /** The list has no more lines. `documents` counts them without the duplicates and without what is of other shards. */
  | {
      readonly type: 'list-ended'
      readonly at: number
      readonly documents: number
      readonly duplicates: number
      /** Lines that are of other shards, duplicates among them; absent for none. */
      readonly ofOtherShards?: number
    }
  | {
      readonly type: 'attempt-started'
      readonly at: number
      readonly id: number
      readonly url: string
      readonly host: string
      /** 1 for the first try. */
      readonly attempt: number
    }
  | {
      readonly type: 'attempt-progressed'
      readonly at: number
      readonly id: number
      readonly thread: number
      readonly wireBytes: number
      readonly totalBytes?: number
      readonly records: number
    }
  /** The body is there; parsing may go on. */
  | { readonly type: 'downloaded'; readonly at: number; readonly id: number }
  /** The thread is through with it: its records are with main. Not told when the thread crashed. */
  | {
      readonly type: 'attempt-ended'
      readonly at: number
      readonly id: number
      readonly attempt: number
      readonly thread: number
      readonly status: Outcome['status']
      readonly times: StepTimes
    }
  /** The attempt failed and the document waits for another. */
  | {
      readonly type: 'attempt-failed'
      readonly at: number
      readonly id: number
      readonly url: string
      readonly attempt: number
      readonly failure: Failure
      /** When it may start again. */
      readonly notBefore: number
    }
  /** A whole host is left alone: because it asked for it (Retry-After), or because it only failed. */
  | {
      readonly type: 'host-cooling'
      readonly at: number
      readonly host: string
      readonly until: number
      readonly reason: 'asked' | 'failures'
    }
  /** Its records are in the output. */
  | {
      readonly type: 'document-done'
      readonly at: number
      readonly id: number
      readonly url: string
      readonly host: string
      readonly attempt: number
      readonly thread: number
      readonly facts: DocumentFacts
    }
  /** Documents of the list that an earlier run has done: they are in the output already. */
  | { readonly type: 'documents-skipped'; readonly at: number; readonly documents: number }
  /** It was asked for again, and is what it was. */
  | {
      readonly type: 'document-unchanged'
      readonly at: number
      readonly id: number
      readonly url: string
      readonly host: string
      readonly attempt: number
      readonly thread: number
      readonly facts: DocumentFacts
    }
  /** No further try; also a bad line of the list, then with attempt 0 and no host. */
  | {
      readonly type: 'document-failed'
      readonly at: number
      readonly id: number
      readonly url: string
      readonly host: string
      readonly attempt: number
      readonly failure: Failure
    }
  /** How things stand, four times a second and once more at the end. */
  | (LoadSample & {
      readonly type: 'load-sampled'
      readonly at: number
      /** The longest delay of the main loop since the last sample, in milliseconds. */
      readonly loopDelayMs: number
    })
  | { readonly type: 'thread-crashed'; readonly at: number; readonly message: string }
  | {
      readonly type: 'run-ended'
      readonly at: number
      readonly stopped?: Failure
      /** Records of earlier runs that are among the rejects; absent for none, and where no document was there already. */
      readonly rejectedBefore?: number
    }

/** What a reader of the events must know of the run's options and machine. */
export interface RunSetting {
  /** Processors that this process may use. */
  readonly cores: number
  readonly perHost: number
  /** Least time between two starts at one host; 0 for none. */
  readonly startIntervalMs: number
  readonly parser: string
  readonly hasTransform: boolean
  /** The options' --output; absent where the records go to a program. User information is taken out of it. */
  readonly output?: string
  /** When the run started, ISO 8601. */
  readonly startedAt: string
}

/** A listener must not throw and must not wait. */
export type Listener = (event: RunEvent) => void
