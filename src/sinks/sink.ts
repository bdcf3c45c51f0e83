/**
 * Where records go. The contract that every target fulfils.
 *
 * A target that remembers is a *store*: `write` commits a group's records, its rejects and its ledger rows together, `recall`
 * says which documents need not be milled again. What cannot remember (a pipe, a program's loop) has only `write` and `close`.
 */
import type { Failure } from '../errors.ts'
import type { Placement } from '../ledger/ledger.ts'
import type { ColumnGap, Document, DocumentFacts, Validators } from '../model.ts'
import type { HeldRecords } from '../spool/held-records.ts'

/** A document that is whole: its records may become visible. */
export interface DoneDocument {
  readonly status: 'done'
  readonly document: Document
  /** How many tries it took. */
  readonly attempts: number
  /** Node's id of the thread that milled it. */
  readonly thread: number
  readonly facts: DocumentFacts
  readonly records: HeldRecords
  readonly rejects: HeldRecords
}

/** A document that will not be tried again in this run. It has no records; those of an earlier run stay. */
export interface FailedDocument {
  readonly status: 'failed'
  readonly document: Document
  /** 0 for a line of the list that is no document. */
  readonly attempts: number
  readonly failure: Failure
}

/** A document that was asked for again and is as it was: its records of an earlier run stay. */
export interface UnchangedDocument {
  readonly status: 'unchanged'
  readonly document: Document
  readonly attempts: number
  readonly thread: number
  readonly facts: DocumentFacts
}

export type SettledDocument = DoneDocument | FailedDocument | UnchangedDocument

/** Records of a document that the target did not take and has put among the rejects. */
export interface Refused {
  /** So many lines of its `records` fewer are in the output. */
  readonly records: number
  /** That of the first. */
  readonly reason: string
  readonly gap: ColumnGap | undefined
}

export type OnRefused = (document: DoneDocument, refused: Refused) => void

/** What a store knows of a document that is done. */
export interface Remembered extends Validators {
  /** SHA-256 of the decompressed body in hexadecimal. */
  readonly bodySha256?: string
}

/** The end of a file, lent to one document that is not finished: its records need not be held and then copied. */
export interface Tail {
  /** What was appended so far, and where. */
  readonly placement: Placement
  /** Resolves when the bytes are taken. One call at a time. */
  append(bytes: Uint8Array): Promise<void>
  /** The document failed: its bytes are cut off. Does nothing once they are committed. */
  abandon(): Promise<void>
}

export interface Sink {
  /** Whether it may put records among the rejects itself: then these come with their own XML. False unless said. */
  readonly mayRefuse?: boolean

  /** Least time from the beginning of one write to the next, so that commits come in groups; none when absent. */
  readonly commitIntervalMs?: number

  /**
   * Stores settled documents in the order given: all records of each, or none. One call at a time; when it resolves the
   * records are in the target as safely as it can keep them, and the documents may be released.
   * @throws MillError OUTPUT_FAILED, OUTPUT_CLOSED; then nothing of the group counts, and no further write will come
   */
  write(documents: readonly SettledDocument[], onRefused: OnRefused): Promise<void>

  /**
   * For each of up to 1,000 documents, in their order: what is known of it if it is done, undefined if it is to be milled.
   * @throws MillError OUTPUT_FAILED
   */
  recall?(documents: readonly Document[]): Promise<readonly (Remembered | undefined)[]>

  /** Records among the rejects, of documents that are done: of this run and of those before. */
  rejectedRecords?(): Promise<number>

  /**
   * Lends the end of the file, if this sink has one and nobody has it. Until the borrower is written or the tail abandoned, nothing
   * else is written.
   */
  claimTail?(): Tail | undefined

  /**
   * The run has come to the end of its list: what was put off until then.
   * @throws MillError OUTPUT_FAILED
   */
  complete?(): Promise<void>

  /** After the last write, also after a failed one: everything is where it belongs, and whatever was open is closed. */
  close(): Promise<void>
}

/** What is under way, remembered so that a run whose process ended by a document knows it the next time. */
export interface UnderWay {
  /** Whether it was under way when an earlier run's process ended, and has not been done since. */
  isSuspect(document: Document): boolean
  /** It is about to start. @returns to be called at its end, with whether it is a suspect from now on */
  begin(document: Document): (isSuspect: boolean) => void
}

/** A target that remembers. */
export type Store = Sink & Required<Pick<Sink, 'recall'>>
