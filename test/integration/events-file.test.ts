import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import type { RunEvent } from '../../src/report/events.ts'
import { openEventsFile } from '../../src/report/events-file.ts'
import { replayEvents } from '../../src/report/events-file-reader.ts'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { SummaryFold } from '../../src/report/summary.ts'
import { openWatch } from '../../src/report/watch.ts'
import { done, facts, failed, listEnded, RUN_STARTED, retried, started } from '../support/run-events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const EVENTS: readonly RunEvent[] = [
  RUN_STARTED,
  started(1, 0),
  started(2, 1),
  retried(30, 1),
  done(40, 0, { notes: { unresolvedEntities: 2 } }),
  failed(1050, 1, 'HTTP_REFUSED'),
  listEnded(1060, 2),
  { type: 'run-ended', at: 1100 },
]

async function write(path: string, events: readonly RunEvent[]): Promise<void> {
  const file = openEventsFile(path)
  file.listener(events)
  await file.close()
}

async function replayed(path: string): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  await replayEvents(path, (event) => events.push(event))
  return events
}

async function refusal(path: string): Promise<MillError> {
  return replayEvents(path, () => {}).then(
    () => expect.fail('it was read'),
    (error: unknown) => (error instanceof MillError ? error : expect.fail(String(error))),
  )
}

test('a replay gives the events of the run, and so the same report', async () => {
  using folder = temporaryFolder()
  const path = folder.file('events.ndjson')
  await write(path, EVENTS)
  const events = await replayed(path)
  expect(events).toEqual(EVENTS)
  const [lived, read] = [new ReportFold(), new ReportFold()]
  for (const event of EVENTS) lived.add(event)
  for (const event of events) read.add(event)
  expect(read.overview()).toEqual(lived.overview())
  expect(String(read.rows.chunk(0))).toBe(String(lived.rows.chunk(0)))
})

test('the first line says what the file is, and no line has a password', async () => {
  using folder = temporaryFolder()
  const path = folder.file('events.ndjson')
  const url = 'http://me:secret@host/a.xml'
  const given = facts({ finalUrl: url })
  await write(path, [{ type: 'document-done', at: 1, id: 0, url, host: 'host', attempt: 1, thread: 1, facts: given }])
  const text = readFileSync(path, 'utf8')
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ type: 'xmlmill-events', version: 1 })
  expect(text).toContain('http://***@host/a.xml')
  expect(text).not.toContain('secret')
})

test('a file whose last line was cut off is read up to there, and the replay says so', async () => {
  using folder = temporaryFolder()
  const path = folder.file('events.ndjson')
  await write(path, EVENTS)
  writeFileSync(path, readFileSync(path).subarray(0, -10))
  const events: RunEvent[] = []
  expect(await replayEvents(path, (event) => events.push(event))).toEqual({ isTorn: true, leftOut: 0 })
  expect(events).toEqual(EVENTS.slice(0, -1))
})

test('events of a kind that is not known are passed over', async () => {
  using folder = temporaryFolder()
  const header = '{"type":"xmlmill-events","version":1}'
  const path = folder.write(
    'events.ndjson',
    `${header}\n{"type":"of-the-future","at":1}\n{"type":"run-ended","at":2}\n`,
  )
  expect(await replayed(path)).toEqual([{ type: 'run-ended', at: 2 }])
})

test('a compressed file is read as it is', async () => {
  using folder = temporaryFolder()
  const plain = folder.file('events.ndjson')
  await write(plain, EVENTS)
  const path = folder.write('events.ndjson.gz', gzipSync(readFileSync(plain)))
  expect(await replayed(path)).toEqual(EVENTS)
})

test('what is no file of events is refused with the reason', async () => {
  using folder = temporaryFolder()
  const other = await refusal(folder.write('papers.ndjson', '{"url":"http://h/a","n":0}\n'))
  expect(other).toMatchObject({ code: 'REPORT_UNREADABLE', message: expect.stringContaining('header') })
  const newer = await refusal(folder.write('newer.ndjson', '{"type":"xmlmill-events","version":2}\n'))
  expect(newer.message).toContain('its version is 2')
  expect((await refusal(folder.write('empty.ndjson', ''))).message).toContain('header')
  expect((await refusal(folder.file('absent.ndjson'))).message).toContain('ENOENT')
  const broken = folder.write(
    'broken.ndjson',
    '{"type":"xmlmill-events","version":1}\nnonsense\n{"type":"run-ended","at":1}\n',
  )
  expect((await refusal(broken)).message).toContain('line 2 is no JSON')
})

test('a report or events file that has no place to go is refused before anything runs', async () => {
  using folder = temporaryFolder()
  const none = { report: undefined, events: undefined, live: undefined, liveHost: undefined, metrics: undefined }
  for (const name of ['report', 'events'] as const) {
    const opening = openWatch({ ...none, [name]: folder.file('absent/file') }, new SummaryFold())
    await expect(opening).rejects.toMatchObject({ code: 'REPORT_FAILED' })
  }
})

test('a disk that is full fails the report and not the run', async () => {
  const none = { report: undefined, live: undefined, liveHost: undefined, metrics: undefined }
  const watch = await openWatch({ ...none, events: '/dev/full' }, new SummaryFold())
  for (const event of EVENTS) watch.listener(event)
  await expect(watch.close()).rejects.toMatchObject({ code: 'REPORT_FAILED' })
})
