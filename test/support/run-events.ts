import type { ErrorCode } from '../../src/errors.ts'
import { ERRORS } from '../../src/errors.ts'
import type { DocumentFacts } from '../../src/model.ts'
import type { RunEvent } from '../../src/report/events.ts'

const HOST = '127.0.0.1:8080'

/** The facts of an uneventful document of 1,000 bytes and 10 records, except for what is given. */
export function facts(given: Partial<DocumentFacts> = {}): DocumentFacts {
  return {
    finalUrl: urlOf(0),
    status: 200,
    wireBytes: 1000,
    decodedBytes: 1000,
    recordsSeen: 10,
    recordsWritten: 10,
    recordsRejected: 0,
    encoding: 'utf-8',
    times: { downloadMs: 5, parseMs: 1, transformMs: 0, creditMs: 0 },
    notes: {},
    ...given,
  }
}

export function urlOf(id: number): string {
  return `http://${HOST}/d${id}.xml`
}

export function started(at: number, id: number, attempt = 1): RunEvent {
  return { type: 'attempt-started', at, id, url: urlOf(id), host: HOST, attempt }
}

export function progressed(at: number, id: number, wireBytes: number, totalBytes?: number, records = 0): RunEvent {
  const known = totalBytes === undefined ? {} : { totalBytes }
  return { type: 'attempt-progressed', at, id, thread: 1, wireBytes, records, ...known }
}

export function retried(at: number, id: number, code: ErrorCode = 'HTTP_UNAVAILABLE', attempt = 1): RunEvent {
  return { type: 'attempt-failed', at, id, url: urlOf(id), attempt, failure: failure(code), notBefore: at + 1000 }
}

export function done(at: number, id: number, given: Partial<DocumentFacts> = {}, host = HOST): RunEvent {
  const url = `http://${host}/d${id}.xml`
  return { type: 'document-done', at, id, url, host, attempt: 1, thread: 1, facts: facts(given) }
}

export function failed(at: number, id: number, code: ErrorCode, message = 'something was wrong'): RunEvent {
  return {
    type: 'document-failed',
    at,
    id,
    url: urlOf(id),
    host: HOST,
    attempt: 1,
    failure: { ...failure(code, message), line: 3, column: 14 },
  }
}

export function listEnded(at: number, documents: number, duplicates = 0): RunEvent {
  return { type: 'list-ended', at, documents, duplicates }
}

export const RUN_STARTED: RunEvent = { type: 'run-started', at: 0, threads: 4, concurrency: 4 }

function failure(code: ErrorCode, message = 'something was wrong') {
  return { code, message, disposition: ERRORS[code].disposition }
}
