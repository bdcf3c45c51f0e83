/** The tables of a ledger in SQLite, and what writes and reads a row of them. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { Member, PlacedDocument } from './commit.ts'
import type { LedgerRow } from './ledger.ts'

export const TABLES = `
CREATE TABLE IF NOT EXISTS xmlmill_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS xmlmill_files (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL, plain_bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS xmlmill_members (
  file TEXT NOT NULL, plain_offset INTEGER NOT NULL, plain_length INTEGER NOT NULL,
  offset INTEGER NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (file, plain_offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS xmlmill_documents (
  seq INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  url TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  code TEXT,
  message TEXT,
  wire_bytes INTEGER NOT NULL,
  decoded_bytes INTEGER NOT NULL,
  body_sha256 BLOB,
  etag TEXT,
  last_modified TEXT,
  records_seen INTEGER NOT NULL,
  records_written INTEGER NOT NULL,
  records_rejected INTEGER NOT NULL,
  download_ms REAL NOT NULL,
  parse_ms REAL NOT NULL,
  transform_ms REAL NOT NULL,
  credit_ms REAL NOT NULL,
  thread INTEGER,
  settled_at INTEGER NOT NULL,
  file TEXT,
  offset INTEGER,
  length INTEGER,
  crc32 INTEGER
);
CREATE TABLE IF NOT EXISTS xmlmill_noted (file TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS xmlmill_waiting (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, lines BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS xmlmill_moved (seq INTEGER PRIMARY KEY, offset INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS xmlmill_documents_key ON xmlmill_documents (key);
`

const COLUMNS = [
  'key',
  'url',
  'status',
  'attempts',
  'code',
  'message',
  'wire_bytes',
  'decoded_bytes',
  'body_sha256',
  'etag',
  'last_modified',
  'records_seen',
  'records_written',
  'records_rejected',
  'download_ms',
  'parse_ms',
  'transform_ms',
  'credit_ms',
  'thread',
  'settled_at',
  'file',
  'offset',
  'length',
  'crc32',
] as const

/** A document that is done again, or failed and now done, or failed again, is one row: the last to be said of it. */
export const PUT = `INSERT INTO xmlmill_documents (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (key) DO UPDATE SET ${COLUMNS.slice(1)
    .map((column) => `${column} = excluded.${column}`)
    .join(', ')}`

/** The records of an earlier run stay when a document that is done cannot be had again; so does what is known of them. */
export const PUT_FAILED = `INSERT INTO xmlmill_documents (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (key) DO UPDATE SET attempts = excluded.attempts, code = excluded.code, message = excluded.message,
  settled_at = excluded.settled_at`

export const PUT_UNCHANGED = `UPDATE xmlmill_documents SET attempts = ?, code = NULL, message = NULL, settled_at = ?,
  etag = coalesce(?, etag), last_modified = coalesce(?, last_modified) WHERE key = ?`

export const SELECT_PLACED = `SELECT seq, url, file, offset, length, crc32, records_written FROM xmlmill_documents
  WHERE status = 'done' AND length IS NOT NULL`

/** A row's values in the order of its columns. */
export function rowValues({ placement, ...row }: LedgerRow): SQLInputValue[] {
  return [
    row.key,
    row.url,
    row.status,
    row.attempts,
    row.code,
    row.message,
    row.wireBytes,
    row.decodedBytes,
    row.bodySha256,
    row.etag,
    row.lastModified,
    row.recordsSeen,
    row.recordsWritten,
    row.recordsRejected,
    row.downloadMs,
    row.parseMs,
    row.transformMs,
    row.creditMs,
    row.thread,
    row.settledAt,
    placement?.file ?? null,
    placement?.offset ?? null,
    placement?.length ?? null,
    placement?.crc32 ?? null,
  ]
}

/** A row as it is kept. */
export interface StoredRow extends LedgerRow {
  /** Its place among the rows, in the order in which documents were first written. */
  readonly seq: number
}

/** A row of the table of documents as it was put. */
export function rowOf(row: Readonly<Record<string, SQLOutputValue>>): StoredRow {
  const { file, offset, length, crc32 } = row
  return {
    seq: Number(row.seq),
    key: asBuffer(row.key),
    url: String(row.url),
    status: row.status === 'done' ? 'done' : 'failed',
    attempts: Number(row.attempts),
    code: textOrNull(row.code),
    message: textOrNull(row.message),
    wireBytes: Number(row.wire_bytes),
    decodedBytes: Number(row.decoded_bytes),
    bodySha256: row.body_sha256 === null ? null : asBuffer(row.body_sha256),
    etag: textOrNull(row.etag),
    lastModified: textOrNull(row.last_modified),
    recordsSeen: Number(row.records_seen),
    recordsWritten: Number(row.records_written),
    recordsRejected: Number(row.records_rejected),
    downloadMs: Number(row.download_ms),
    parseMs: Number(row.parse_ms),
    transformMs: Number(row.transform_ms),
    creditMs: Number(row.credit_ms),
    thread: row.thread === null ? null : Number(row.thread),
    settledAt: Number(row.settled_at),
    placement:
      length === null
        ? undefined
        : {
            ...(typeof file === 'string' && { file }),
            offset: Number(offset),
            length: Number(length),
            crc32: Number(crc32),
          },
  }
}

/** A column of bytes. */
export function asBuffer(value: SQLOutputValue | undefined): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0)
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}

/** A row of the table of members. */
export function memberOf(row: Readonly<Record<string, SQLOutputValue>>): Member {
  return {
    offset: Number(row.offset),
    length: Number(row.length),
    plainOffset: Number(row.plain_offset),
    plainLength: Number(row.plain_length),
  }
}

/** A row that SELECT_PLACED gives. */
export function placedOf(row: Readonly<Record<string, SQLOutputValue>>): PlacedDocument {
  return {
    seq: Number(row.seq),
    url: String(row.url),
    file: row.file === null ? null : String(row.file),
    offset: Number(row.offset),
    length: Number(row.length),
    crc32: Number(row.crc32),
    recordsWritten: Number(row.records_written),
  }
}
