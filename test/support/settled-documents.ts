/** Settled documents as a run would deliver them, for tests of what comes after. */
import { NO_RECEIPT } from '../../src/channel/protocol.ts'
import { MillError } from '../../src/errors.ts'
import type { DocumentFacts } from '../../src/model.ts'
import type { DoneDocument, FailedDocument } from '../../src/sinks/sink.ts'
import { HeldRecords, MemoryBudget } from '../../src/spool/held-records.ts'
import { SpoolDirectory } from '../../src/spool/spool-directory.ts'

const FACTS: DocumentFacts = {
  finalUrl: 'http://a/',
  status: 200,
  wireBytes: 0,
  decodedBytes: 0,
  recordsSeen: 0,
  recordsWritten: 0,
  recordsRejected: 0,
  encoding: 'utf-8',
  times: { downloadMs: 0, parseMs: 0, transformMs: 0, creditMs: 0 },
  notes: {},
}

function held(text: string): HeldRecords {
  const records = new HeldRecords(new MemoryBudget(Number.POSITIVE_INFINITY), new SpoolDirectory())
  if (text !== '') records.append({ bytes: Buffer.from(text), count: text.split('\n').length - 1 }, NO_RECEIPT)
  return records
}

export function doneDocument(id: number, records = `{"id":${id}}\n`, rejects = ''): DoneDocument {
  const document = { id, url: `http://a/${id}`, host: 'a:80' }
  return {
    status: 'done',
    document,
    attempts: 1,
    thread: 1,
    facts: FACTS,
    records: held(records),
    rejects: held(rejects),
  }
}

export function failedDocument(id: number): FailedDocument {
  const document = { id, url: `http://a/${id}`, host: 'a:80' }
  return { status: 'failed', document, attempts: 1, failure: new MillError('HTTP_REFUSED', 'status 404').toFailure() }
}
