/**
 * What became of every document. A ledger is kept with the records: in a file beside an output of files, in the database where the
 * output is one; and the rows of a group of documents are committed together with its records.
 *
 * This is the contract: what a row is. `sqlite-ledger.ts` keeps rows with node:sqlite; other databases keep the same
 * columns.
 */
import { redactUrl } from '../redact.ts'
import type { SettledDocument } from '../sinks/sink.ts'
import { documentKey } from './document-key.ts'

/** Raised when the tables change; a ledger of another version is refused. */
export const LEDGER_VERSION = 1

/** Where a document's records are, for targets whose records are bytes in files. */
export interface Placement {
  /** The file's name, where each document has its own. */
  readonly file?: string
  /** Before compression; 0 in a file of its own. */
  readonly offset: number
  readonly length: number
  /** CRC-32 (as in gzip) of the bytes. */
  readonly crc32: number
}

/** One document's row. */
export interface LedgerRow {
  /** 16 bytes, see documentKey. */
  readonly key: Buffer
  /** Without user information. */
  readonly url: string
  /** A failed document leaves `done` as it is: its earlier records are still there. `unchanged` becomes `done`. */
  readonly status: SettledDocument['status']
  readonly attempts: number
  /** Code and message of the last failure; null when there was none. */
  readonly code: string | null
  readonly message: string | null
  readonly wireBytes: number
  readonly decodedBytes: number
  /** SHA-256 of the decompressed body. */
  readonly bodySha256: Buffer | null
  readonly etag: string | null
  readonly lastModified: string | null
  readonly recordsSeen: number
  /** Lines or rows in the target. */
  readonly recordsWritten: number
  readonly recordsRejected: number
  readonly downloadMs: number
  readonly parseMs: number
  readonly transformMs: number
  readonly creditMs: number
  readonly thread: number | null
  /** Unix time in milliseconds. */
  readonly settledAt: number
  readonly placement: Placement | undefined
}

/**
 * A settled document's row.
 * @param refused records that the target itself put among the rejects
 */
export function ledgerRow(
  settled: SettledDocument,
  settledAt: number,
  placement?: Placement | undefined,
  refused = 0,
): LedgerRow {
  const { document, status, attempts } = settled
  const failure = settled.status === 'failed' ? settled.failure : undefined
  const facts = settled.status === 'failed' ? undefined : settled.facts
  return {
    key: documentKey(document),
    url: redactUrl(document.url),
    status,
    attempts,
    code: failure?.code ?? null,
    message: failure === undefined ? null : redactMessage(failure.message),
    wireBytes: facts?.wireBytes ?? 0,
    decodedBytes: facts?.decodedBytes ?? 0,
    bodySha256: facts?.bodySha256 === undefined ? null : Buffer.from(facts.bodySha256, 'hex'),
    etag: facts?.etag ?? null,
    lastModified: facts?.lastModified ?? null,
    recordsSeen: facts?.recordsSeen ?? 0,
    recordsWritten: (facts?.recordsWritten ?? 0) - refused,
    recordsRejected: (facts?.recordsRejected ?? 0) + refused,
    downloadMs: facts?.times.downloadMs ?? 0,
    parseMs: facts?.times.parseMs ?? 0,
    transformMs: facts?.times.transformMs ?? 0,
    creditMs: facts?.times.creditMs ?? 0,
    thread: settled.status === 'failed' ? null : settled.thread,
    settledAt,
    placement,
  }
}

/** A message may quote URLs; none of them keeps its password. */
function redactMessage(message: string): string {
  return message.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, redactUrl)
}
