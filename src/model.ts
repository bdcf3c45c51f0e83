/** The nouns of a run. See docs/architecture.md for how they travel. */
import type { ErrorCode, Failure } from './errors.ts'

/** One URL's XML: the unit of scheduling, retry and commit. */
export interface Document {
  /** Its place in the list, from 0. */
  readonly id: number
  /** As the list has it, made absolute: `http:`, `https:` or `file:`. */
  readonly url: string
  /** `host:port` for politeness; empty for local files, which have no host limit. */
  readonly host: string
  /** How often the list had the same document before; absent for the first time. Only where duplicates are kept. */
  readonly occurrence?: number
  /** What it has been through, where it comes back to a run that had given it away. */
  readonly history?: DocumentHistory
}

/** What counts of a document's earlier attempts. */
export interface DocumentHistory {
  readonly attempts: number
  /** What its servers have asked it to wait so far. */
  readonly patienceSpentMs: number
}

/** What a server needs to say that a document has not changed since (RFC 9110, section 8.8). */
export interface Validators {
  readonly etag?: string
  readonly lastModified?: string
}

/** A line of the list that is no document, with the reason. It counts as a failed document. */
export interface BadLine {
  readonly id: number
  /** The line as it stands. */
  readonly url: string
  readonly failure: Failure
}

/** One try at a document. */
export interface Attempt {
  readonly document: Document
  /** 1 for the first try. */
  readonly number: number
}

/** How long the steps of one attempt took, in milliseconds of the thread's clock. */
export interface StepTimes {
  /** From the request to the last byte of the body. */
  readonly downloadMs: number
  /** Decoding and parsing, without waiting for bytes. */
  readonly parseMs: number
  /** In the user's transform, without waiting for anything else. */
  readonly transformMs: number
  /** Waiting for main to take records. */
  readonly creditMs: number
}

/**
 * Names of elements as they stood among their siblings: alone, or several of a name. An element that is both becomes a value here and an
 * array there. A thread tells each name once, with the first document that showed it.
 */
export interface ElementForms {
  readonly single: readonly string[]
  readonly repeated: readonly string[]
}

/** Records of one document that are among the rejects, by code. */
export interface Rejection {
  readonly code: ErrorCode
  readonly count: number
  /** That of the first. */
  readonly reason: string
}

/**
 * Columns that were taken from the first records, and those that later ones want; in the words of --columns. Each is told once in a run.
 */
export interface ColumnGap {
  /** Empty where they were told before. */
  readonly present: readonly string[]
  readonly missing: readonly string[]
}

/** What an attempt found out about its document. */
export interface DocumentFacts {
  /** Where the redirects ended; the document's own URL when there were none. */
  readonly finalUrl: string
  /** HTTP status; 0 for local files. */
  readonly status: number
  /** Bytes of body on the wire. */
  readonly wireBytes: number
  /** Bytes of XML after decompression. */
  readonly decodedBytes: number
  readonly recordsSeen: number
  readonly recordsWritten: number
  readonly recordsRejected: number
  /** SHA-256 of the decompressed body in hexadecimal; only where a ledger asks for it. */
  readonly bodySha256?: string
  /** IANA name, lower case. */
  readonly encoding: string
  readonly etag?: string
  readonly lastModified?: string
  readonly times: StepTimes
  /** Things that the output does not carry or that a reader should know, counted by name. */
  readonly notes: Readonly<Record<string, number>>
  /** Absent where nothing is new. */
  readonly forms?: ElementForms
  /** Absent where no record was rejected. */
  readonly rejections?: readonly Rejection[]
  readonly columnGap?: ColumnGap
}

/** How an attempt ended. */
export type Outcome =
  | { readonly status: 'done'; readonly facts: DocumentFacts }
  /** The server says that it is still what it was when the validators were given. */
  | { readonly status: 'unchanged'; readonly facts: DocumentFacts }
  | { readonly status: 'failed'; readonly failure: Failure; readonly facts: DocumentFacts }

/** Why no further document was started. */
export type Hold =
  /** The list has not yielded the next URL yet. */
  | 'list'
  /** As many documents as --concurrency allows are downloading. */
  | 'slots'
  /** Hosts have as many as --per-host allows. */
  | 'host'
  /** --rate. */
  | 'rate'
  /** A server asked to be left alone. */
  | 'cooling'
  /** All that is left waits for another try. */
  | 'retry'
  /** Every thread has as many documents as it can hold. */
  | 'threads'
  /** --memory. */
  | 'memory'
  /** Records wait for the output. */
  | 'output'
  /** Nothing is left to start. */
  | 'end'

/** How things stand at one moment. */
export interface Standing {
  readonly hold: Hold
  /** Documents whose bodies are arriving. */
  readonly downloading: number
  /** Documents in threads. */
  readonly attempting: number
  /** Documents listed and not under way. */
  readonly pending: number
}

/** A stretch of time: milliseconds since the last one was taken, and the standing at its end. */
export interface LoadSample extends Standing {
  /** By what held the next document back. */
  readonly heldMs: Readonly<Partial<Record<Hold, number>>>
  /** Threads that had a document, times the time that they had it, while neither manners nor list nor output held the next one back. */
  readonly threadMs: number
  /** Downloads under way, times the time that they were. */
  readonly slotMs: number
  /** In the output's writes. */
  readonly writeMs: number
}
