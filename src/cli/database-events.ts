/** The events of what a PostgreSQL output has, as its ledger there knows them: of one run, or of all machines of a fleet. */
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import type { Listener } from '../report/events.ts'
import { connect } from '../sinks/postgres-connection.ts'
import { eventsOf, numberOf } from './ledger-events.ts'

const FETCH_ROWS = 5000

const DOCUMENTS = `SELECT row_number() OVER (ORDER BY settled_at)::double precision AS seq, url, status, attempts, code, message,
  thread, wire_bytes::double precision, decoded_bytes::double precision, records_seen::double precision,
  records_written::double precision, records_rejected::double precision, download_ms, parse_ms, transform_ms, credit_ms,
  settled_at::double precision FROM xmlmill_documents ORDER BY xmlmill_documents.settled_at`

const BOUNDS = `SELECT coalesce(min(settled_at), 0)::double precision AS first, count(DISTINCT thread)::integer AS threads,
  count(*)::integer AS documents FROM xmlmill_documents`

/**
 * Tells what the ledger has, in the order of its times.
 * @throws MillError REPORT_UNREADABLE
 */
export async function replayDatabase(url: string, listener: Listener): Promise<void> {
  try {
    const client = await connect(url)
    try {
      await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const { rows: bounds } = await client.query<Record<string, unknown>>(BOUNDS)
      const firstAt = numberOf(bounds[0] ?? {}, 'first')
      listener({ type: 'run-started', at: 0, threads: numberOf(bounds[0] ?? {}, 'threads'), concurrency: 0 })
      await client.query(`DECLARE documents NO SCROLL CURSOR FOR ${DOCUMENTS}`)
      let at = 0
      for (;;) {
        const { rows } = await client.query<Record<string, unknown>>(`FETCH ${FETCH_ROWS} FROM documents`)
        if (rows.length === 0) break
        for (const event of rows.flatMap((row) => [...eventsOf(row, firstAt)])) {
          at = Math.max(at, event.at)
          listener(event)
        }
      }
      listener({ type: 'list-ended', at, documents: numberOf(bounds[0] ?? {}, 'documents'), duplicates: 0 })
      listener({ type: 'run-ended', at })
    } finally {
      await client.end().catch(() => {})
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('REPORT_UNREADABLE', `the ledger in ${redactUrl(url)} cannot be read: ${reason}`, { cause })
  }
}
