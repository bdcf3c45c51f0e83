import { expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import type { RunEvent } from '../../src/report/events.ts'
import { LogHistogram } from '../../src/report/log-histogram.ts'
import { renderSummary, type Summary, SummaryFold, summaryToJson } from '../../src/report/summary.ts'
import { done, failed, listEnded, RUN_STARTED, retried, started } from '../support/run-events.ts'

function summaryOf(...events: readonly RunEvent[]): Summary {
  const fold = new SummaryFold()
  for (const event of [RUN_STARTED, ...events]) fold.add(event)
  return fold.summary()
}

function plainText(summary: Summary, width = 100, retryCommand?: string): string {
  return renderSummary(summary, { color: false, width, retryCommand })
}

test('adds up documents, records, bytes, retries and crashes', () => {
  const summary = summaryOf(
    started(1, 0),
    done(10, 0, { wireBytes: 100, decodedBytes: 400, recordsWritten: 7, recordsRejected: 1 }),
    started(2, 1),
    retried(11, 1),
    started(12, 1, 2),
    done(13, 1, { wireBytes: 50, decodedBytes: 50, recordsWritten: 3 }),
    started(14, 2),
    failed(15, 2, 'HTTP_REFUSED'),
    started(16, 3),
    listEnded(17, 6, 2),
    { type: 'thread-crashed', at: 18, message: 'out of memory' },
    { type: 'host-cooling', at: 19, host: 'h:80', until: 1000, reason: 'asked' },
    { type: 'run-ended', at: 2000 },
  )
  expect(summary.documents).toEqual({
    done: 2,
    failed: 1,
    alreadyThere: 0,
    unchanged: 0,
    waiting: 3,
    listed: 6,
    duplicates: 2,
    ofOtherShards: 0,
  })
  expect(summary.records).toEqual({ written: 10, rejected: 1, rejectedBefore: 0 })
  expect(summary.bytes).toEqual({ wire: 150, decoded: 450 })
  expect(summary).toMatchObject({ retries: 1, crashes: 1, cooldowns: 1, threads: 4, elapsedMs: 2000 })
})

test('counts as waiting what had started when a run is stopped before its list ended', () => {
  const summary = summaryOf(started(1, 0), started(1, 1), started(1, 2), done(2, 1))
  expect(summary.documents).toMatchObject({ done: 1, waiting: 2, listed: undefined })
})

test('groups failures by code, the most frequent first, each with its remedy and a few examples', () => {
  const events = Array.from({ length: 5000 }, (_, id) =>
    failed(id, id, id % 10 === 0 ? 'STALLED' : 'XML_NOT_WELL_FORMED'),
  )
  const { failures } = summaryOf(...events)
  expect(failures.map(({ code, count }) => [code, count])).toEqual([
    ['XML_NOT_WELL_FORMED', 4500],
    ['STALLED', 500],
  ])
  expect(failures[0]?.examples).toHaveLength(3)
  expect(failures[0]?.examples[0]).toEqual({
    url: 'http://127.0.0.1:8080/d1.xml',
    message: 'something was wrong',
    line: 3,
    column: 14,
  })
  expect(failures[1]?.remedy).toBe(ERRORS.STALLED.remedy)
})

test('names the host with the longest median, not the one with a single slow document', () => {
  const quick = Array.from({ length: 9 }, (_, id) =>
    done(
      id,
      id,
      { times: { downloadMs: id === 0 ? 90_000 : 10, parseMs: 0, transformMs: 0, creditMs: 0 } },
      'quick:80',
    ),
  )
  const slow = Array.from({ length: 9 }, (_, id) =>
    done(
      id,
      id + 9,
      { wireBytes: 5000, times: { downloadMs: 100, parseMs: 0, transformMs: 0, creditMs: 0 } },
      'slow:80',
    ),
  )
  const { hosts, slowestDocument } = summaryOf(...quick, ...slow)
  expect(hosts.slowest).toMatchObject({ host: 'slow:80', documents: 9, bytesPerSecond: 50_000 })
  expect(hosts.slowest?.medianDownloadMs).toBeGreaterThan(95)
  expect(hosts.slowest?.medianDownloadMs).toBeLessThan(105)
  expect(slowestDocument).toMatchObject({ url: 'http://quick:80/d0.xml', downloadMs: 90_000 })
})

test('sums the notes of all documents', () => {
  const { notes } = summaryOf(
    done(1, 0, { notes: { comments: 2 } }),
    done(2, 1, { notes: { comments: 3, 'undeclared entities': 9 } }),
  )
  expect(notes).toEqual({ 'undeclared entities': 9, comments: 5 })
})

test('answers that come while a host rests already are one pause', () => {
  const cooling = (at: number, host: string): RunEvent => ({
    type: 'host-cooling',
    at,
    host,
    until: at + 1000,
    reason: 'asked',
  })
  const { cooldowns } = summaryOf(
    cooling(0, 'a:80'),
    cooling(500, 'a:80'),
    cooling(1400, 'a:80'),
    cooling(1450, 'b:80'),
    cooling(2400, 'a:80'),
  )
  expect(cooldowns).toBe(3)
})

test('says once where an error is, also when the message begins with it', () => {
  const text = plainText(summaryOf(failed(1, 0, 'XML_NOT_WELL_FORMED', '3:14: </b> closes <a>')))
  expect(text).toContain('    at 3:14: </b> closes <a>\n')
})

test('keeps no more for many hosts, codes and documents than for a few', () => {
  const fold = new SummaryFold()
  for (let id = 0; id < 20_000; id++) {
    fold.add(done(id, id, { notes: { [`note ${id}`]: 1 } }, `host-${id}:80`))
    fold.add(failed(id, id, 'STALLED', 'x'.repeat(2000)))
  }
  const summary = fold.summary()
  expect(summary.hosts.seen).toBe(1000)
  expect(Object.keys(summary.notes)).toHaveLength(200)
  expect(JSON.stringify(summary).length).toBeLessThan(10_000)
})

test('takes user names and passwords out of URLs', () => {
  const event: RunEvent = {
    type: 'document-failed',
    at: 1,
    id: 0,
    url: 'http://ada:secret@127.0.0.1/a.xml',
    host: '127.0.0.1:80',
    attempt: 1,
    failure: { code: 'STALLED', message: 'nothing came', disposition: 'retry' },
  }
  expect(summaryToJson(summaryOf(event))).not.toContain('secret')
  expect(plainText(summaryOf(event))).not.toContain('secret')
})

test('ends with the retry command, alone on its line and whole on a narrow terminal', () => {
  const command = "xmlmill -i 'a list with a long name.txt' -o records.ndjson --append --retries 9"
  const text = plainText(summaryOf(failed(1, 0, 'STALLED')), 40, command)
  expect(text.endsWith(`\n${command}\n`)).toBe(true)
})

test('says how much of the list is left to other shards, also when nothing is left for this one', () => {
  const summary = summaryOf({ type: 'list-ended', at: 1, documents: 0, duplicates: 0, ofOtherShards: 12_345 })
  expect(summary.documents).toMatchObject({ listed: 0, ofOtherShards: 12_345 })
  expect(plainText(summary)).toContain('0 done · 12,345 left to other shards')
  expect(plainText(summary)).toContain('all documents of a host are in one shard')
  expect(plainText(summaryOf(listEnded(1, 6, 2)))).not.toContain('shard')
})

test('names no failure, retry or duplicate where there was none', () => {
  const text = plainText(summaryOf(started(1, 0), done(2, 0), listEnded(3, 1), { type: 'run-ended', at: 1500 }))
  expect(text).toContain('✓ 1 document milled in 1.5 s')
  expect(text).not.toMatch(/fail|retr|duplicate|reject|crash|notes/)
})

test('a note of one thing is in the singular', () => {
  const text = plainText(summaryOf(done(1, 0, { notes: { mixedContent: 1, commentsDropped: 2 } })))
  expect(text).toContain('1 element with text between its children')
  expect(text).toContain('2 comments left out')
})

test('says of failures whether another try can help', () => {
  const lasting = summaryOf(failed(1, 0, 'XML_NOT_WELL_FORMED'))
  expect(plainText(lasting, 100, 'xmlmill x')).toMatch(/when they are mended:\nxmlmill x\n$/)
  const passing = summaryOf(failed(1, 0, 'XML_NOT_WELL_FORMED'), failed(2, 1, 'STALLED'))
  expect(plainText(passing, 100, 'xmlmill x')).toMatch(/\nto try again what failed:\nxmlmill x\n$/)
})

test('a run that found no record is not told as a success', () => {
  const text = plainText(summaryOf(done(1, 0, { recordsSeen: 0, recordsWritten: 0 }), listEnded(2, 1)))
  expect(text).toMatch(/! 1 document milled in .*, and no record found\n/)
  expect(text).toContain('`xmlmill peek`')
  const dropped = done(1, 0, { recordsWritten: 0, notes: { droppedByTransform: 10 } })
  expect(plainText(summaryOf(dropped, listEnded(2, 1)))).toContain('✓ 1 document milled')
})

test('says that records were rejected in the first line', () => {
  const text = plainText(summaryOf(started(1, 0), done(2, 0, { recordsRejected: 4 }), { type: 'run-ended', at: 1500 }))
  expect(text).toContain('1 of 1 document milled in 1.5 s, 4 records rejected')
})

test.each([20, 40, 100])('keeps every line within %i columns, whatever the servers said', (width) => {
  const text = plainText(
    summaryOf(
      done(1, 0, { notes: { 'processing instructions that nobody asked for': 3 } }),
      failed(
        2,
        1,
        'XML_NOT_WELL_FORMED',
        `${'unbroken'.repeat(30)} \x1b[2J\nand 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字`,
      ),
      { type: 'run-ended', at: 99, stopped: { code: 'ABORTED', message: 'stopped by SIGINT', disposition: 'stop' } },
    ),
    width,
  )
  for (const line of text.split('\n')) {
    const wide = Array.from(line).filter((character) => character >= '一' && character <= '鿿').length
    expect(Array.from(line).length + wide).toBeLessThanOrEqual(width)
  }
  expect(text).not.toContain('\x1b')
})

test('writes JSON in which nothing is missing', () => {
  const parsed: unknown = JSON.parse(summaryToJson(summaryOf()))
  expect(parsed).toMatchObject({
    stopped: null,
    slowestDocument: null,
    hosts: { seen: 0, slowest: null },
    failures: [],
  })
})

test('finds quantiles within 5%', () => {
  const histogram = new LogHistogram()
  for (let ms = 1; ms <= 100_000; ms += 7) histogram.add(ms)
  for (const part of [0.1, 0.5, 0.95]) {
    expect(Math.abs(histogram.quantile(part) / (part * 100_000) - 1)).toBeLessThan(0.05)
  }
  expect(new LogHistogram().quantile(0.5)).toBe(0)
})
