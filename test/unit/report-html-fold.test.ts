import { expect, test } from 'vitest'
import { DistributionFold } from '../../src/report/html/distribution.ts'
import { phaseTimes, type RowChunk } from '../../src/report/html/report-data.ts'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { timeBins } from '../../src/report/html/time-bins.ts'
import { done, facts, failed, listEnded, RUN_STARTED, retried, started, urlOf } from '../support/run-events.ts'

const TIMES = { downloadMs: 60, parseMs: 20, transformMs: 10, creditMs: 5 }

function ended(at: number, id: number, status: 'done' | 'failed' = 'done', thread = 3) {
  return { type: 'attempt-ended', at, id, attempt: 1, thread, status, times: TIMES } as const
}

test('bins grow with the run and keep their sums', () => {
  const bins = timeBins(['a', 'b'])
  for (let at = 0; at < 1_000_000; at += 100) bins.add('a', at, 1)
  const { binMs, count, series } = bins.toBins()
  expect(count).toBeLessThanOrEqual(400)
  expect(binMs * count).toBeGreaterThanOrEqual(999_900)
  expect(series.a.reduce((sum, value) => sum + value, 0)).toBe(10_000)
  expect(series.b.every((value) => value === 0)).toBe(true)
})

test('what lasts is shared out over the bins that it touches', () => {
  const bins = timeBins(['a'])
  bins.spread('a', 25, 125, 100)
  expect(bins.toBins().series.a).toEqual([25, 50, 25])
})

test('quantiles of a distribution are within a tenth, and its bins count every value', () => {
  const fold = new DistributionFold()
  for (let value = 1; value <= 10_000; value += 1) fold.add(value)
  const { median, p95, max, counts, ends } = fold.distribution()
  expect(median / 5000).toBeGreaterThan(0.9)
  expect(median / 5000).toBeLessThan(1.1)
  expect(p95 / 9500).toBeLessThan(1.1)
  expect(max).toBe(10_000)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000)
  expect(ends).toHaveLength(counts.length)
})

test("an attempt's phases add up to its time, also where its steps overlap more than that", () => {
  const sum = (totalMs: number) => Object.values(phaseTimes(totalMs, TIMES)).reduce((all, ms) => all + ms, 0)
  expect(sum(200)).toBeCloseTo(200)
  expect(sum(50)).toBeCloseTo(50)
  expect(sum(20)).toBeCloseTo(20)
  expect(phaseTimes(200, TIMES)).toMatchObject({ waiting: 105, downloading: 60, parsing: 20 })
  expect(phaseTimes(50, TIMES)).toMatchObject({ waiting: 0, downloading: 15, parsing: 20 })
})

test('every document has a row with its times, and an attempt that failed is in the lane of its thread', () => {
  const fold = new ReportFold()
  for (const event of [
    RUN_STARTED,
    started(100, 0),
    ended(300, 0, 'done', 1),
    done(350, 0),
    started(100, 1),
    ended(200, 1, 'failed', 4),
    retried(200, 1),
    started(1300, 1, 2),
    ended(1400, 1, 'failed', 4),
    failed(1400, 1, 'HTTP_REFUSED', 'gone'),
    listEnded(1400, 2),
  ]) {
    fold.add(event)
  }
  const rows = chunkOf(fold, 0)
  expect(rows).toMatchObject({ url: [urlOf(0), urlOf(1)], code: ['', 'HTTP_REFUSED'], message: ['', 'gone'] })
  expect(rows).toMatchObject({ startMs: [100, 1300], endMs: [300, 1400], writtenMs: [350, 1400], thread: [1, 2] })
  const overview = fold.overview()
  expect(overview.failedAttempts).toEqual([{ id: 1, thread: 2, startMs: 100, endMs: 200, code: 'HTTP_UNAVAILABLE' }])
  // Node's thread 4 is the second one that gave something back.
  const lane = overview.lanes.find(({ thread }) => thread === 2)
  expect(lane?.series.retrying.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(200)
  expect(
    overview.lanes.find(({ thread }) => thread === 1)?.series.waiting.reduce((sum, ms) => sum + ms, 0),
  ).toBeCloseTo(105)
  expect(overview.hosts).toMatchObject([{ done: 1, failed: 1, retries: 1 }])
  expect(overview.summary.documents).toMatchObject({ done: 1, failed: 1, waiting: 0 })
})

test('notes come with an explanation, an unknown one with its words', () => {
  const fold = new ReportFold()
  fold.add(done(5, 0, { notes: { unresolvedEntities: 3, somethingNew: 2 } }))
  const [known, unknown] = fold.overview().notes
  expect(known).toMatchObject({ count: 3, title: 'unresolved entities' })
  expect(known?.explanation).toContain('external DTD')
  expect(unknown).toMatchObject({ count: 2, title: 'something new', explanation: '' })
})

test('passwords in URLs are in no row', () => {
  const fold = new ReportFold()
  const url = 'http://me:secret@host/a.xml'
  fold.add({ type: 'document-done', at: 5, id: 0, url, host: 'host', attempt: 1, thread: 1, facts: facts() })
  expect(JSON.stringify(chunkOf(fold, 0))).not.toContain('secret')
})

test('100,000 documents fold into 100 chunks and an overview of the same size as ever', () => {
  const fold = new ReportFold()
  fold.add(RUN_STARTED)
  for (let id = 0; id < 100_000; id += 1) {
    fold.add(started(id * 2, id))
    fold.add(ended(id * 2 + 100, id, 'done', 1 + (id % 4)))
    fold.add(done(id * 2 + 110, id, facts({ decodedBytes: 1000 + id })))
  }
  expect(fold.rows.chunkCount).toBe(100)
  expect(chunkOf(fold, 99).url.at(-1)).toBe(urlOf(99_999))
  expect(JSON.stringify(fold.overview()).length).toBeLessThan(150_000)
})

function chunkOf(fold: ReportFold, index: number): RowChunk {
  return JSON.parse(String(fold.rows.chunk(index)))
}
