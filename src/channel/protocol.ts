/**
 * Everything that passes between the main thread and a worker thread, both directions, in one file.
 *
 * A Piscina task is a `Chain` of documents that follow each other in one slot for downloads, mostly of a single one; a `Report` of each
 * comes back, the last ones as the task's result. Beside it, each thread opens one MessageChannel for its whole life and sends
 * its port up in `Hello`: over it `ThreadMessage`s go up and `MainMessage`s down. Piscina's own port and ours are not
 * ordered against each other, so a report says how many batches went before it, and main holds the report until it has
 * them. A last batch that is small travels in the report itself, copied: a small document costs one message down and one
 * up, and several of them together no more.
 *
 * Records cross as bytes in transferred ArrayBuffers, never as trees: a clone of a 1 MB document's tree takes 3-13 ms
 * on each side, the transfer of its bytes 0.1 ms.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Outcome, Validators } from '../model.ts'
import type { ThreadOptions } from '../options.ts'

/** What a thread is given at its start (Piscina's workerData). */
export interface ThreadData {
  readonly options: ThreadOptions
  /** Documents that it holds at most. */
  readonly tasks: number
  /** Shared memory of the Alarm of all threads. */
  readonly alarm: SharedArrayBuffer
  readonly refusers: Refusers
}

/**
 * Who may refuse a record, and has to be given its own XML for the reject: nobody, the transform alone, or also the output, which is in the main
 * thread. Where nobody may, the XML is not kept.
 */
export type Refusers = 'none' | 'transform' | 'output'

/** One attempt at one document. */
export interface Task {
  /** Unique in the run: a second attempt has another one. */
  readonly id: number
  readonly url: string
  /** 1 for the first try. */
  readonly attempt: number
  /** Given when the document is only wanted if it has changed. */
  readonly validators?: Validators
  /** Whether a large document's records may be transformed in other threads. */
  readonly mayRelay: boolean
}

/** Documents of one host for one slot, one after the other: what a thread is given at once. */
export interface Chain {
  readonly tasks: readonly Task[]
  /** Shared memory of its ChainGate; absent where there is one document. */
  readonly gate?: SharedArrayBuffer
  /** How often the alarm had been raised when it was made. */
  readonly alarms: number
}

/** The end of a chain. */
export interface ChainEnd {
  readonly thread: number
  /** Of the documents that were begun, those that were not sent before. */
  readonly reports: readonly Report[]
  /** Reports sent over the port before. */
  readonly reportsSent: number
}

/** Whether the next document of a chain follows one that ended so. After any failure main is asked first: the host may want to be left alone. */
export function isFollowed({ status }: Outcome): boolean {
  return status !== 'failed'
}

/**
 * Some records, or some rejects, of one task: whole NDJSON lines. Raw ones are still to go through the transform, in any thread.
 * Where they may be refused (`Refusers`), the XML of each record comes with them (xml-lines.ts): a batch begins with it.
 */
export interface Batch {
  readonly kind: 'records' | 'rejects' | 'raw'
  readonly count: number
  /** Owns its whole ArrayBuffer, which is transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What the receiver of a batch has to say to its sender. */
export interface Receipt {
  /** The bytes no longer burden this process: as many may come. Until then the sender may have to wait. */
  taken(): void
  /** Nobody will read them again: the sender may fill their memory anew. After it they must not be touched. */
  spent(): void
}

/** For bytes that no sender waits for. */
export const NO_RECEIPT: Receipt = { taken() {}, spent() {} }

/** What became of a task. A thread never throws: what went wrong is in the outcome. */
export interface Report {
  readonly task: number
  /** Milliseconds since it ended, when it was sent: it may have waited for others of its chain. */
  readonly agoMs: number
  readonly thread: number
  readonly outcome: Outcome
  /** Batches sent over the port before this report. */
  readonly batchesSent: number
  /** What was not yet sent, up to RIDE_ALONG_BYTES. */
  readonly last: readonly Batch[]
}

/** Sent once over the worker's parentPort when a thread is ready. */
export interface Hello {
  readonly type: 'hello'
  /** Node's threadId. */
  readonly thread: number
  readonly port: MessagePort
  /** Shared memory of the thread's Pulse. */
  readonly pulse: SharedArrayBuffer
}

/** What became of records in a transform. */
export interface TransformCounts {
  /** Rows. */
  readonly written: number
  readonly rejected: number
  /** Records for which it returned nothing. */
  readonly dropped: number
  /** Time in the transform. */
  readonly milliseconds: number
}

export type ThreadMessage =
  /** Of documents that others follow in their chain. */
  | { readonly type: 'reports'; readonly reports: readonly Report[] }
  | { readonly type: 'batch'; readonly task: number; readonly batch: Batch }
  /** Rows and rejects of one raw batch. */
  | {
      readonly type: 'transformed'
      readonly id: number
      readonly batches: readonly Batch[]
      readonly counts: TransformCounts
    }
  /** The body has arrived whole: the host slot is free while parsing goes on. */
  | { readonly type: 'downloaded'; readonly task: number; readonly wireBytes: number }
  /** At most four a second for each thread. */
  | {
      readonly type: 'progress'
      readonly task: number
      readonly wireBytes: number
      /** Announced length of the body, when the server said it. */
      readonly totalBytes?: number
      readonly records: number
    }

export type MainMessage =
  | {
      readonly type: 'credit'
      /** The thread may send this many bytes more. */
      readonly bytes: number
      /** Memory of batches that nobody reads any more, BUFFER_BYTES each, transferred: to be filled again. */
      readonly buffers: readonly ArrayBuffer[]
    }
  /** Raw records of another thread's document, to be transformed and sent back. */
  | {
      readonly type: 'transform'
      readonly id: number
      /** Whose records they are. */
      readonly task: number
      readonly bytes: Uint8Array<ArrayBuffer>
    }

/** Bytes a thread may have under way to main before it must wait. Four threads hold 32 MiB at most. */
export const CREDIT_WINDOW_BYTES = 8 << 20

/** Raw records of a document after which the rest is shared with the other threads: below it, there is little to share. */
export const RELAY_AFTER_BYTES = 2 << 20

/** Size of a raw batch: small enough that all threads have one. */
export const RAW_BATCH_BYTES = 128 << 10

/** Size at which a batch is sent: larger costs memory, smaller costs messages. */
export const BATCH_BYTES = 1 << 20

/** Memory of a batch: its size and one more piece of the parser's, so that most are filled without growing. */
export const BUFFER_BYTES = BATCH_BYTES + (256 << 10)

/** A last batch up to this size is copied with the report instead of transferred before it: a copy this small costs less than a message. */
export const RIDE_ALONG_BYTES = 64 << 10
