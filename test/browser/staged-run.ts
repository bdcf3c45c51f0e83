/** A run made up for the tests of pages: as many documents as asked for, some failed, some tried twice. */
import { ERRORS } from '../../src/errors.ts'
import type { RunEvent } from '../../src/report/events.ts'
import { ReportFold } from '../../src/report/html/report-fold.ts'

const TIMES = { downloadMs: 60, parseMs: 20, transformMs: 4, creditMs: 0 }
const HOSTS = ['data.example.org', 'mirror.example.net', 'archive.example.com']

/** Every 50th document failed, every 20th was tried twice. Document 7 has mark-up in its name. */
export function* stagedEvents(documents: number): Generator<RunEvent> {
  const setting = {
    cores: 8,
    perHost: 4,
    startIntervalMs: 0,
    parser: 'engine',
    hasTransform: true,
    output: 'papers.ndjson',
    startedAt: '2026-11-22T12:00:00.000Z',
  }
  yield { type: 'run-started', at: 0, threads: 4, concurrency: 4, setting }
  let at = 0
  for (let id = 0; id < documents; id += 1) {
    const host = HOSTS[id % 7 === 0 ? 2 : id % 2] ?? ''
    const name = id === 7 ? '<img src=x onerror=alert(1)>' : `volume-${String(id).padStart(6, '0')}.xml`
    const url = `http://${host}/${name}`
    const thread = 2 + (id % 4)
    const start = 100 + id * 25
    at = start + 90 + ((id * 37) % 60)
    if (id % 20 === 0) {
      yield { type: 'attempt-started', at: start - 80, id, url, host, attempt: 1 }
      yield { type: 'attempt-ended', at: start - 40, id, attempt: 1, thread, status: 'failed', times: TIMES }
      const failure = { code: 'CONNECTION_LOST' as const, message: 'reset', disposition: 'retry' as const }
      yield { type: 'attempt-failed', at: start - 40, id, url, attempt: 1, failure, notBefore: start }
    }
    const attempt = id % 20 === 0 ? 2 : 1
    yield { type: 'attempt-started', at: start, id, url, host, attempt }
    yield { type: 'attempt-ended', at, id, attempt, thread, status: id % 50 === 3 ? 'failed' : 'done', times: TIMES }
    if (id % 50 === 3) {
      const code = id % 100 === 3 ? ('HTTP_REFUSED' as const) : ('XML_NOT_WELL_FORMED' as const)
      const failure = { code, message: `something about ${id}`, disposition: ERRORS[code].disposition }
      yield { type: 'document-failed', at, id, url, host, attempt, failure }
    } else yield { type: 'document-done', at: at + 5, id, url, host, attempt, thread, facts: factsOf(id, url) }
    if (id % 10 === 9) yield load(at)
  }
  yield { type: 'list-ended', at, documents, duplicates: 0 }
  yield load(at + 5)
  yield { type: 'run-ended', at: at + 10 }
}

function factsOf(id: number, url: string) {
  const bytes = 1000 + ((id * 7919) % 100_000)
  const records = 1 + (id % 90)
  return {
    finalUrl: url,
    status: 200,
    wireBytes: bytes,
    decodedBytes: bytes * 3,
    recordsSeen: records,
    recordsWritten: records,
    recordsRejected: id % 500 === 0 ? 1 : 0,
    encoding: 'utf-8',
    times: TIMES,
    notes: id % 4 === 0 ? { unresolvedEntities: 1 } : {},
  }
}

function load(at: number): RunEvent {
  return {
    type: 'load-sampled',
    at,
    hold: 'slots',
    downloading: 4,
    attempting: 6,
    pending: 100,
    heldMs: { slots: 200, rate: 50 },
    threadMs: 800,
    slotMs: 900,
    writeMs: 20,
    loopDelayMs: 3,
  }
}

export function stagedFold(documents: number): ReportFold {
  const fold = new ReportFold()
  for (const event of stagedEvents(documents)) fold.add(event)
  return fold
}
