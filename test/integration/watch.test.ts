import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../src/report/events.ts'
import { SummaryFold } from '../../src/report/summary.ts'
import { openWatch } from '../../src/report/watch.ts'
import { done, RUN_STARTED, started } from '../support/run-events.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = { report: undefined, events: undefined, live: undefined, liveHost: undefined, metrics: undefined }

/** The address in a notice. */
function addressOf(notices: readonly string[], name: string): string {
  return notices.find((notice) => notice.startsWith(`${name}: `))?.slice(name.length + 2) ?? expect.fail(name)
}

test('whoever looks sees the last event, though events are told in batches', async () => {
  using folder = temporaryFolder()
  const path = folder.file('events.ndjson')
  const summary = new SummaryFold()
  const watch = await openWatch({ ...NOTHING, events: path, live: 0, metrics: 0 }, summary)
  const tell = (event: RunEvent) => {
    summary.add(event)
    watch.listener(event)
  }
  for (const event of [RUN_STARTED, started(1, 0), done(9, 0)]) tell(event)
  const metrics = await (await fetch(addressOf(watch.notices, 'metrics'))).text()
  expect(metrics).toContain('xmlmill_documents_total{outcome="done"} 1\n')
  tell(started(10, 1))
  tell(done(19, 1))
  const stream = await fetch(new URL('events', addressOf(watch.notices, 'live')))
  tell(started(20, 2))
  tell(done(29, 2))
  const streamed = stream.body === null ? expect.fail('no stream') : text(stream.body)
  await watch.close()
  const counts = [...(await streamed).matchAll(/"rows":(\d+),"rowsLeftOut"/g)].map(([, count]) => Number(count))
  expect(counts).toEqual([2, 3])
  const written = readFileSync(path, 'utf8').trim().split('\n')
  expect(written.slice(1).map((line) => JSON.parse(line).type)).toEqual([
    'run-started',
    'attempt-started',
    'document-done',
    'attempt-started',
    'document-done',
    'attempt-started',
    'document-done',
  ])
})
