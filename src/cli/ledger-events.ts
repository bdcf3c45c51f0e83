/**
 * The events of a run that is over, as far as its ledger knows them: what became of each document, when, and how long its steps took.
 * When a document started is reckoned back from there.
 */
import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { ERRORS, type ErrorCode, MillError } from '../errors.ts'
import type { DocumentFacts } from '../model.ts'
import type { Listener, RunEvent } from '../report/events.ts'
import { ledgerPathIn, ledgerPathOf } from '../sinks/ledger-place.ts'

type Row = Readonly<Record<string, unknown>>

/** The ledger that belongs to a path: beside a file, within a folder, or the path itself where it is one. */
export function ledgerOf(output: string): string | undefined {
  const candidates = [ledgerPathOf(output), ledgerPathIn(output), output]
  return candidates.find((path) => existsSync(path) && statSync(path).isFile() && isLedger(path))
}

/**
 * Tells what the ledger has, in the order of its times.
 * @throws MillError REPORT_UNREADABLE
 */
export function replayLedger(path: string, listener: Listener): void {
  try {
    using database = openLedger(path)
    const query = 'SELECT min(settled_at) AS first, count(DISTINCT thread) AS threads, count(*) AS documents'
    const bounds: Row = database.prepare(`${query} FROM xmlmill_documents`).get() ?? {}
    const firstAt = numberOf(bounds, 'first')
    const rows = database.prepare('SELECT * FROM xmlmill_documents ORDER BY settled_at, seq')
    listener({ type: 'run-started', at: 0, threads: numberOf(bounds, 'threads'), concurrency: 0 })
    let at = 0
    for (const row of rows.iterate()) {
      for (const event of eventsOf(row, firstAt)) {
        at = Math.max(at, event.at)
        listener(event)
      }
    }
    listener({ type: 'list-ended', at, documents: numberOf(bounds, 'documents'), duplicates: 0 })
    listener({ type: 'run-ended', at })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('REPORT_UNREADABLE', `the ledger ${path} cannot be read: ${reason}`, { cause })
  }
}

function isLedger(path: string): boolean {
  try {
    using database = openLedger(path)
    database.prepare('SELECT 1 FROM xmlmill_documents LIMIT 1').get()
    return true
  } catch {
    return false
  }
}

/**
 * A ledger with a log beside it is in use, or was when its process was killed. Another one is opened as what nobody changes: else SQLite would
 * leave files beside it that only a writer may remove.
 */
function openLedger(path: string): DatabaseSync {
  const url = pathToFileURL(path)
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true, timeout: 5000 })
}

/** What a document's row says. */
export function* eventsOf(row: Row, firstAt: number): Generator<RunEvent> {
  const id = numberOf(row, 'seq')
  const url = textOf(row, 'url')
  const host = URL.canParse(url) ? new URL(url).host : ''
  const attempt = numberOf(row, 'attempts')
  const thread = numberOf(row, 'thread')
  const at = numberOf(row, 'settled_at') - firstAt
  const times = {
    downloadMs: numberOf(row, 'download_ms'),
    parseMs: numberOf(row, 'parse_ms'),
    transformMs: numberOf(row, 'transform_ms'),
    creditMs: numberOf(row, 'credit_ms'),
  }
  const tookMs = times.downloadMs + times.parseMs + times.transformMs + times.creditMs
  yield { type: 'attempt-started', at: Math.max(0, at - tookMs), id, url, host, attempt }
  const code = textOf(row, 'code')
  if (textOf(row, 'status') === 'failed') {
    const known = isErrorCode(code) ? code : 'INTERNAL'
    const failure = { code: known, message: textOf(row, 'message'), disposition: ERRORS[known].disposition }
    yield { type: 'document-failed', at, id, url, host, attempt, failure }
    return
  }
  yield { type: 'attempt-ended', at, id, attempt, thread, status: 'done', times }
  const facts: DocumentFacts = {
    finalUrl: url,
    status: 0,
    wireBytes: numberOf(row, 'wire_bytes'),
    decodedBytes: numberOf(row, 'decoded_bytes'),
    recordsSeen: numberOf(row, 'records_seen'),
    recordsWritten: numberOf(row, 'records_written'),
    recordsRejected: numberOf(row, 'records_rejected'),
    encoding: '',
    times,
    notes: {},
  }
  yield { type: 'document-done', at, id, url, host, attempt, thread, facts }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

export function numberOf(row: Row, name: string): number {
  const value = row[name]
  return typeof value === 'number' ? value : 0
}

function textOf(row: Row, name: string): string {
  const value = row[name]
  return typeof value === 'string' ? value : ''
}
