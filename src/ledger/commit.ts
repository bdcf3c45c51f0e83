/** What a commit of a ledger in files or in SQLite says beside its rows: how far files count, and where records are in them. */
import type { LedgerRow, Placement } from './ledger.ts'

/** How far a file counts: what is behind was written by a run that was killed before its commit. */
export interface FilePosition {
  readonly bytes: number
  /** Before compression; the same as `bytes` without. */
  readonly plainBytes: number
}

/** A part of a compressed file that can be read by itself. */
export interface Member {
  readonly offset: number
  readonly length: number
  /** Before compression. */
  readonly plainOffset: number
  readonly plainLength: number
}

/** What a commit says of a file. */
export interface FileCommit {
  readonly name: string
  readonly position: FilePosition
  /** Members added since the last commit. */
  readonly members: readonly Member[]
}

export interface Commit {
  readonly rows: Iterable<LedgerRow>
  readonly files?: readonly FileCommit[]
  /** Records whose place is yet to be decided, kept here until then. */
  readonly waiting?: readonly WaitingRecords[]
  /** Those that have one now; with it nothing waits any more. */
  readonly placed?: readonly { readonly key: Buffer; readonly placement: Placement }[]
  /** What is to be in the same transaction, such as a database's records. */
  readonly within?: () => void
}

/** A done document's records as NDJSON. */
export interface WaitingRecords {
  readonly key: Buffer
  readonly lines: Uint8Array
}

/** Where a document's records are after a rewrite. */
export interface MovedDocument {
  readonly seq: number
  readonly offset: number
}

/** A done document whose records are at a place in a file. */
export interface PlacedDocument extends Omit<Placement, 'file'> {
  readonly seq: number
  readonly url: string
  readonly file: string | null
  readonly recordsWritten: number
}
