/** Where records go. The contract that every target fulfils. */
import type { Failure } from '../errors.ts'
import type { Document, DocumentFacts } from '../model.ts'
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

/** A document that will not be tried again in this run. It has no records. */
export interface FailedDocument {
  readonly status: 'failed'
  readonly document: Document
  /** 0 for a line of the list that is no document. */
  readonly attempts: number
  readonly failure: Failure
}

export type SettledDocument = DoneDocument | FailedDocument

export interface Sink {
  /**
   * Stores settled documents in the order given: all records of each, or none. One call at a time; when it resolves the
   * records are in the target, and the documents may be released.
   * @throws MillError OUTPUT_FAILED, OUTPUT_CLOSED
   */
  write(documents: readonly SettledDocument[]): Promise<void>
  /** After the last write: everything is where it belongs. */
  close(): Promise<void>
}
