/**
 * The ledger in a PostgreSQL database: the columns of LedgerRow, in tables that all outputs of the database share. Which rows
 * are an output's is said by `output`: the name of `--table`, or nothing.
 */
import type pg from 'pg'
import { MillError } from '../errors.ts'
import type { FileCommit, FilePosition } from '../ledger/commit.ts'
import { KEY_BYTES } from '../ledger/document-key.ts'
import { LEDGER_VERSION, type LedgerRow } from '../ledger/ledger.ts'
import { checkShape, type RunShape } from '../ledger/run-shape.ts'
import { redactUrl } from '../redact.ts'
import type { Remembered } from './sink.ts'

/** Column -> its type, and how it is read out of a JSON array of rows. */
const COLUMNS: Readonly<Record<string, string>> = {
  key: 'bytea',
  url: 'text',
  status: 'text',
  attempts: 'integer',
  code: 'text',
  message: 'text',
  wire_bytes: 'bigint',
  decoded_bytes: 'bigint',
  body_sha256: 'bytea',
  etag: 'text',
  last_modified: 'text',
  records_seen: 'bigint',
  records_written: 'bigint',
  records_rejected: 'bigint',
  download_ms: 'double precision',
  parse_ms: 'double precision',
  transform_ms: 'double precision',
  credit_ms: 'double precision',
  thread: 'integer',
  settled_at: 'bigint',
}

const NULLABLE = new Set(['code', 'message', 'body_sha256', 'etag', 'last_modified', 'thread'])

const TABLES = `
CREATE TABLE IF NOT EXISTS xmlmill_meta (output text, name text, value text NOT NULL, PRIMARY KEY (output, name));
CREATE TABLE IF NOT EXISTS xmlmill_files (output text, name text, bytes bigint NOT NULL, plain_bytes bigint NOT NULL,
  PRIMARY KEY (output, name));
CREATE TABLE IF NOT EXISTS xmlmill_documents (output text, ${Object.entries(COLUMNS)
  .map(([name, type]) => `${name} ${type}${NULLABLE.has(name) ? '' : ' NOT NULL'}`)
  .join(', ')}, PRIMARY KEY (output, key));
`

const NAMES = Object.keys(COLUMNS)

const GIVEN = `json_to_recordset($2) AS given (${Object.entries(COLUMNS)
  .map(([name, type]) => `${name} ${type === 'bytea' ? 'text' : type}`)
  .join(', ')})`

const VALUES = Object.entries(COLUMNS)
  .map(([name, type]) => (type === 'bytea' ? `decode(given.${name}, 'hex')` : `given.${name}`))
  .join(', ')

const INSERT = `INSERT INTO xmlmill_documents (output, ${NAMES.join(', ')}) SELECT $1, ${VALUES} FROM ${GIVEN}`

const PUT = `${INSERT} ON CONFLICT (output, key) DO UPDATE SET ${NAMES.slice(1)
  .map((name) => `${name} = excluded.${name}`)
  .join(', ')}`

/** The records of an earlier run stay when a document that is done cannot be had again; so does what is known of them. */
const PUT_FAILED = `${INSERT} ON CONFLICT (output, key) DO UPDATE SET attempts = excluded.attempts, code = excluded.code,
  message = excluded.message, settled_at = excluded.settled_at`

const PUT_UNCHANGED = `UPDATE xmlmill_documents AS known SET attempts = given.attempts, code = NULL, message = NULL,
  settled_at = given.settled_at, etag = coalesce(given.etag, known.etag),
  last_modified = coalesce(given.last_modified, known.last_modified)
  FROM ${GIVEN} WHERE known.output = $1 AND known.key = decode(given.key, 'hex')`

/** So that two runs into one database do not make tables at once. */
const MAKING_LOCK = 'xmlmill tables'

export class PostgresLedger {
  readonly #client: pg.Client
  readonly #output: string
  readonly #positions: ReadonlyMap<string, FilePosition>
  readonly #meta: Map<string, string>

  private constructor(
    client: pg.Client,
    output: string,
    positions: ReadonlyMap<string, FilePosition>,
    meta: Map<string, string>,
  ) {
    this.#client = client
    this.#output = output
    this.#positions = positions
    this.#meta = meta
  }

  /**
   * Opens the ledger, its tables made if they are not there.
   * @param name of the output, for messages
   * @param output which of the outputs in the database
   * @param shape undefined to read whatever is there
   * @throws MillError SHAPE_CHANGED, and OUTPUT_FAILED for a ledger of another version
   */
  static async open(client: pg.Client, name: string, output: string, shape: RunShape): Promise<PostgresLedger> {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [MAKING_LOCK])
    await client.query(`SET LOCAL client_min_messages = warning; ${TABLES}`)
    const files = await client.query<{ name: string; bytes: string; plain_bytes: string }>(
      'SELECT name, bytes, plain_bytes FROM xmlmill_files WHERE output = $1',
      [output],
    )
    const positions = new Map(
      files.rows.map((row) => [row.name, { bytes: Number(row.bytes), plainBytes: Number(row.plain_bytes) }]),
    )
    const meta = await client.query<{ name: string; value: string }>(
      'SELECT name, value FROM xmlmill_meta WHERE output = $1',
      [output],
    )
    const ledger = new PostgresLedger(client, output, positions, new Map(meta.rows.map((row) => [row.name, row.value])))
    const version = ledger.meta('version')
    if (version === undefined) {
      await ledger.setMeta('version', String(LEDGER_VERSION))
      await ledger.setMeta('shape', JSON.stringify(shape))
    } else if (version !== String(LEDGER_VERSION)) {
      const message = `the ledger in ${redactUrl(name)} is of version ${version}, this xmlmill writes version ${LEDGER_VERSION}`
      throw new MillError('OUTPUT_FAILED', `${message}; use the other xmlmill, or --fresh`)
    } else checkShape(redactUrl(name), JSON.parse(ledger.meta('shape') ?? '{}'), shape)
    await client.query('COMMIT')
    return ledger
  }

  /** How far a file counts. As it was when the ledger was opened: the file keeps its own position from then on. */
  position(file: string): FilePosition | undefined {
    return this.#positions.get(file)
  }

  meta(name: string): string | undefined {
    return this.#meta.get(name)
  }

  /** Until the transaction ends nobody else makes tables or notes them; and what others have noted is known. */
  async lockMeta(): Promise<void> {
    await this.#client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [MAKING_LOCK])
    const { rows } = await this.#client.query<{ name: string; value: string }>(
      'SELECT name, value FROM xmlmill_meta WHERE output = $1',
      [this.#output],
    )
    for (const { name, value } of rows) this.#meta.set(name, value)
  }

  async setMeta(name: string, value: string): Promise<void> {
    await this.#client.query(
      `INSERT INTO xmlmill_meta (output, name, value) VALUES ($1, $2, $3)
       ON CONFLICT (output, name) DO UPDATE SET value = excluded.value`,
      [this.#output, name, value],
    )
    this.#meta.set(name, value)
  }

  /** Records among the rejects, of documents that are done. */
  async rejectedRecords(): Promise<number> {
    const { rows } = await this.#client.query<{ rejected: string }>(
      "SELECT coalesce(sum(records_rejected), 0) AS rejected FROM xmlmill_documents WHERE output = $1 AND status = 'done'",
      [this.#output],
    )
    return Number(rows[0]?.rejected)
  }

  /** @param keys see documentKeys */
  async recall(keys: Buffer): Promise<(Remembered | undefined)[]> {
    const hex = Array.from({ length: keys.byteLength / KEY_BYTES }, (_, place) =>
      keys.toString('hex', place * KEY_BYTES, (place + 1) * KEY_BYTES),
    )
    const { rows } = await this.#client.query<{
      key: string
      etag: string | null
      last_modified: string | null
      sha256: string | null
    }>(
      `SELECT encode(key, 'hex') AS key, etag, last_modified, encode(body_sha256, 'hex') AS sha256 FROM xmlmill_documents
       WHERE output = $1 AND key = ANY ($2::bytea[]) AND status = 'done'`,
      // As an array and not as rows: of a table that grows, and that nobody has analysed yet, all rows would be read for a join.
      [this.#output, hex.map((one) => Buffer.from(one, 'hex'))],
    )
    const known = new Map<string, Remembered>()
    for (const { key, etag, last_modified: lastModified, sha256 } of rows)
      known.set(key, {
        ...(etag !== null && { etag }),
        ...(lastModified !== null && { lastModified }),
        ...(sha256 !== null && { bodySha256: sha256 }),
      })
    return hex.map((key) => known.get(key))
  }

  /** Within the transaction that has the records. */
  async put(rows: readonly LedgerRow[], files: readonly FileCommit[]): Promise<void> {
    const statements = { done: PUT, failed: PUT_FAILED, unchanged: PUT_UNCHANGED }
    for (const [status, statement] of Object.entries(statements)) {
      // The same document twice in one group, failed and listed again, would be one row changed twice in one statement.
      const last = new Map(
        rows.filter((row) => row.status === status).map((row) => [row.key.toString('hex'), toJson(row)]),
      )
      if (last.size > 0) await this.#client.query(statement, [this.#output, JSON.stringify([...last.values()])])
    }
    for (const { name, position } of files)
      await this.#client.query(
        `INSERT INTO xmlmill_files (output, name, bytes, plain_bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (output, name) DO UPDATE SET bytes = excluded.bytes, plain_bytes = excluded.plain_bytes`,
        [this.#output, name, position.bytes, position.plainBytes],
      )
  }
}

function toJson(row: LedgerRow): object {
  return {
    key: row.key.toString('hex'),
    url: row.url,
    status: row.status,
    attempts: row.attempts,
    code: row.code,
    message: row.message,
    wire_bytes: row.wireBytes,
    decoded_bytes: row.decodedBytes,
    body_sha256: row.bodySha256?.toString('hex') ?? null,
    etag: row.etag,
    last_modified: row.lastModified,
    records_seen: row.recordsSeen,
    records_written: row.recordsWritten,
    records_rejected: row.recordsRejected,
    download_ms: row.downloadMs,
    parse_ms: row.parseMs,
    transform_ms: row.transformMs,
    credit_ms: row.creditMs,
    thread: row.thread,
    settled_at: row.settledAt,
  }
}
