/** The events of what a PostgreSQL output has, as its ledger there knows them: of one run, or of all machines of a fleet. */
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import type { Listener } from '../report/events.ts'
import { type Connection, connect } from '../sinks/postgres-connection.ts'
import { eventsOf, numberOf } from './ledger-events.ts'

const FETCH_ROWS = 5000

/**
 * Documents are settled before they are committed, and machines' clocks differ: what is asked for again reaches back so far, and what was told is
 * not told twice.
 */
const OVERLAP_MS = 60_000

const documentsSince = (
  settledAt: number,
) => `SELECT encode(key, 'hex') AS key, output, url, status, attempts, code, message, thread,
  wire_bytes::double precision, decoded_bytes::double precision, records_seen::double precision,
  records_written::double precision, records_rejected::double precision, download_ms, parse_ms, transform_ms, credit_ms,
  settled_at::double precision FROM xmlmill_documents WHERE settled_at >= ${settledAt} ORDER BY xmlmill_documents.settled_at`

const IS_THERE = "SELECT to_regclass('xmlmill_documents') IS NOT NULL AS is"

const BOUNDS = `SELECT min(settled_at)::double precision AS first, count(DISTINCT thread)::integer AS threads FROM xmlmill_documents`

type Row = Readonly<Record<string, unknown>>

/** The ledger of a database, told to a listener; what has come meanwhile is told with the next call. */
export class DatabaseReplay implements AsyncDisposable {
  readonly #url: string
  readonly #client: Connection
  readonly #listener: Listener
  #firstAt: number | undefined
  #lastSettledAt = 0
  #at = 0
  #documents = 0
  /** Those that may come again, by what they are, when they were settled, and what became of them. */
  readonly #recent = new Map<string, number>()

  private constructor(url: string, client: Connection, listener: Listener) {
    this.#url = url
    this.#client = client
    this.#listener = listener
  }

  /** @throws MillError REPORT_UNREADABLE */
  static async open(url: string, listener: Listener): Promise<DatabaseReplay> {
    const client = await connect(url).catch((error: unknown) => {
      throw unreadable(url, error instanceof MillError ? error.cause : error)
    })
    return new DatabaseReplay(url, client, listener)
  }

  /**
   * Tells what is new, in the order of its times.
   * @throws MillError REPORT_UNREADABLE
   */
  async tell(): Promise<void> {
    try {
      await this.#client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
      if (await this.#hasBegun()) await this.#tellNew()
      await this.#client.query('COMMIT')
    } catch (cause) {
      throw unreadable(this.#url, cause)
    }
  }

  async #tellNew(): Promise<void> {
    const from = Math.max(0, this.#lastSettledAt - OVERLAP_MS)
    await this.#client.query(`DECLARE documents NO SCROLL CURSOR FOR ${documentsSince(from)}`)
    for (;;) {
      const { rows } = await this.#client.query<Row>(`FETCH ${FETCH_ROWS} FROM documents`)
      if (rows.length === 0) break
      for (const row of rows) this.#tellRow(row)
    }
    for (const [name, settledAt] of this.#recent)
      if (settledAt < this.#lastSettledAt - OVERLAP_MS) this.#recent.delete(name)
  }

  /** Says that nothing more will come. */
  end(): void {
    this.#listener({ type: 'list-ended', at: this.#at, documents: this.#documents, duplicates: 0 })
    this.#listener({ type: 'run-ended', at: this.#at })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  /** Times count from the first document. */
  async #hasBegun(): Promise<boolean> {
    if (this.#firstAt !== undefined) return true
    const { rows: tables } = await this.#client.query<Row>(IS_THERE)
    if (tables[0]?.is !== true) return false
    const { rows } = await this.#client.query<Row>(BOUNDS)
    const first = rows[0]?.first
    if (typeof first !== 'number') return false
    this.#firstAt = first
    this.#listener({ type: 'run-started', at: 0, threads: numberOf(rows[0] ?? {}, 'threads'), concurrency: 0 })
    return true
  }

  #tellRow(row: Row): void {
    const settledAt = numberOf(row, 'settled_at')
    const name = `${row.output} ${row.key} ${settledAt} ${row.status}`
    if (this.#recent.has(name)) return
    this.#recent.set(name, settledAt)
    this.#lastSettledAt = Math.max(this.#lastSettledAt, settledAt)
    this.#documents += 1
    for (const event of eventsOf({ ...row, seq: this.#documents }, this.#firstAt ?? settledAt)) {
      this.#at = Math.max(this.#at, event.at)
      this.#listener(event)
    }
  }
}

/**
 * Tells all that a database's ledger has.
 * @throws MillError REPORT_UNREADABLE
 */
export async function replayDatabase(url: string, listener: Listener): Promise<void> {
  await using replay = await DatabaseReplay.open(url, listener)
  await replay.tell()
  replay.end()
}

function unreadable(url: string, cause: unknown): MillError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillError('REPORT_UNREADABLE', `the ledger in ${redactUrl(url)} cannot be read: ${reason}`, { cause })
}
