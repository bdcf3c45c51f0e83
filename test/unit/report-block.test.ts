import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../src/report/events.ts'
import { renderBlock } from '../../src/report/progress-block.ts'
import { ProgressState } from '../../src/report/progress-state.ts'
import { textWidth } from '../../src/report/terminal-text.ts'
import { done, failed, listEnded, progressed, RUN_STARTED, retried, started } from '../support/run-events.ts'

function stateOf(...events: readonly RunEvent[]): ProgressState {
  const state = new ProgressState()
  for (const event of [RUN_STARTED, ...events]) state.add(event)
  return state
}

/** Half of a run of 20 documents: eight done, one failed, one waiting for its retry, two under way. */
function halfway(): ProgressState {
  const events: RunEvent[] = [listEnded(1, 20, 2)]
  for (let id = 0; id < 8; id++) events.push(started(id * 500, id), done(id * 500 + 400, id, { wireBytes: 2_000_000 }))
  return stateOf(
    ...events,
    started(4000, 8),
    failed(4100, 8, 'XML_NOT_WELL_FORMED'),
    started(4200, 9),
    retried(4300, 9),
    { type: 'host-cooling', at: 4300, host: '127.0.0.1:8080', until: 7300, reason: 'asked' },
    started(4400, 10),
    progressed(4600, 10, 1_200_000, 4_800_000),
    started(4500, 11, 2),
  )
}

test('shows the whole picture at 120 columns', () => {
  const lines = renderBlock(halfway(), { columns: 120, color: false, now: 5000 })
  expect(lines).toEqual([
    '██████████████████░░░░░░░░░░░░░░░░░░░░░░  9/20  45%  0:06 left',
    '8 done · 1 failed · 9 waiting · 1 to retry · 2 duplicates dropped',
    '3.4 MB/s · 16 records/s · 17.2 MB · 80 records',
    `  127.0.0.1:8080  d10.xml${' '.repeat(34)}███░░░░░░░░░   6.0 MB/s     1.2 of 4.8 MB`,
    `  127.0.0.1:8080  d11.xml${' '.repeat(27)}try 2${' '.repeat(36)}waiting`,
    '  idle',
    '  idle',
    '1 XML_NOT_WELL_FORMED',
    'resting 127.0.0.1:8080 for 0:03',
  ])
})

test('shows the same in 40 columns, leaving out what matters least', () => {
  const lines = renderBlock(halfway(), { columns: 40, color: false, now: 5000 })
  expect(lines).toEqual([
    '███████░░░░░░░░░░  9/20  45%  0:06 left',
    '8 done · 1 failed · 9 waiting',
    '3.4 MB/s · 16 records/s · 80 records',
    '  d10.xml                 1.2 of 4.8 MB',
    '  d11.xml                try 2  waiting',
    '  idle',
    '  idle',
    '1 XML_NOT_WELL_FORMED',
    'resting 127.0.0.1:8080 for 0:03',
  ])
})

test('colour changes nothing but colour', () => {
  const look = { columns: 100, now: 5000 }
  const colored = renderBlock(halfway(), { ...look, color: true })
  expect(colored.join('')).toContain('\x1b[3')
  expect(colored.map(stripVTControlCharacters)).toEqual(renderBlock(halfway(), { ...look, color: false }))
})

test.each([1, 2, 7, 12, 20, 31, 40, 41, 72, 90, 91, 120, 300])('no line reaches the edge of %i columns', (columns) => {
  const name = encodeURIComponent('とても長い名前の書類'.repeat(5))
  const state = halfway()
  state.add({
    type: 'attempt-started',
    at: 4800,
    id: 12,
    url: `http://例え.jp/${name}.xml`,
    host: '例え.jp:80',
    attempt: 13,
  })
  state.add({ type: 'attempt-started', at: 4800, id: 13, url: 'not a URL \x1b[31m\n at all', host: '', attempt: 1 })
  for (const line of renderBlock(state, { columns, color: false, now: 5000 })) {
    expect(textWidth(line)).toBeLessThan(Math.max(2, columns))
    expect(line).not.toContain('\x1b')
  }
})

test.each([2, 4, 5, 7, 24])('leaves the cursor its row on a terminal of %i rows', (rows) => {
  const state = stateOf(...Array.from({ length: 40 }, (_, id) => started(1, id)))
  const lines = renderBlock(state, { columns: 80, rows, color: false, now: 10 })
  expect(lines.length).toBeLessThan(rows)
  if (rows > 5) expect(lines.at(-1)).toMatch(/and \d+ more/)
})

test('says that the list is still being read, and guesses no time, until it has ended', () => {
  const state = stateOf(started(1, 0), done(2000, 0), started(2001, 1))
  const [first] = renderBlock(state, { columns: 80, color: false, now: 4000 })
  expect(first).toBe('1 finished  the list is still being read  0:04')
  state.add(listEnded(4000, 2))
  expect(renderBlock(state, { columns: 80, color: false, now: 4000 })[0]).toMatch(/1\/2 {2}50% {2}0:04 left$/)
})

test('counts down the rest of a host and then forgets it', () => {
  const last = (now: number) => renderBlock(halfway(), { columns: 80, color: false, now }).at(-1)
  expect(last(4300)).toContain('for 0:03')
  expect(last(6400)).toContain('for 0:01')
  expect(last(7300)).not.toContain('resting')
})

test('an attempt keeps its line while others come and go', () => {
  const state = stateOf(started(1, 0), started(1, 1), started(1, 2), done(2, 0), started(3, 3), done(4, 1))
  const lines = renderBlock(state, { columns: 80, color: false, now: 5 }).slice(3)
  expect(lines.map((line) => /d\d|idle/.exec(line)?.[0])).toEqual(['d3', 'idle', 'd2', 'idle'])
})

test('a document that is through its thread has no line, and free lines are never more than threads', () => {
  const many = Array.from({ length: 12 }, (_, id) => started(1, id))
  const through = [0, 1, 2, 3, 5, 6, 7].map(
    (id): RunEvent => ({
      type: 'attempt-ended',
      at: 2,
      id,
      attempt: 1,
      thread: 1,
      status: 'done',
      times: { downloadMs: 1, parseMs: 0, transformMs: 0, creditMs: 0 },
    }),
  )
  const lines = renderBlock(stateOf(...many, ...through), { columns: 80, color: false, now: 5 }).slice(3)
  const names = lines.map((line) => /d\d+|idle/.exec(line)?.[0])
  expect(names.toSorted()).toEqual(['d10', 'd11', 'd4', 'd8', 'd9'])
  const end = stateOf(...many, ...many.map((_, id) => done(3, id)))
  expect(renderBlock(end, { columns: 80, color: false, now: 5 }).filter((line) => line === '  idle')).toHaveLength(4)
})

test('tells documents apart by the end of their name and by their query', () => {
  const state = stateOf(
    { type: 'attempt-started', at: 1, id: 0, url: 'http://h/oai?verb=GetRecord&id=42', host: 'h:80', attempt: 1 },
    { type: 'attempt-started', at: 1, id: 1, url: `http://h/${'long-'.repeat(20)}7.xml`, host: 'h:80', attempt: 1 },
    { type: 'attempt-started', at: 1, id: 2, url: 'http://ada:secret@h/', host: 'h:80', attempt: 1 },
  )
  const text = renderBlock(state, { columns: 60, color: false, now: 5 }).join('\n')
  expect(text).toContain('oai?verb=GetRecord&id=42')
  expect(text).toMatch(/…\S*-long-long-7\.xml /)
  expect(text).not.toContain('secret')
})

test('the rate is that of the last seconds, not of the whole run', () => {
  const state = stateOf(listEnded(0, 100))
  for (let at = 0; at < 20_000; at += 250) state.add(done(at, at, { wireBytes: 1_000_000, recordsWritten: 100 }))
  expect(state.rates(20_000).wireBytes).toBeCloseTo(4_000_000, -6)
  expect(state.rates(22_500).wireBytes).toBeCloseTo(2_000_000, -6)
  expect(state.rates(30_000)).toEqual({ wireBytes: 0, records: 0 })
})

test('bytes of documents under way count at once, and records of a failed attempt are taken back', () => {
  const state = stateOf(started(0, 0), progressed(100, 0, 500, 1000, 40))
  expect([state.wireBytes, state.records]).toEqual([500, 40])
  state.add(retried(200, 0))
  expect([state.wireBytes, state.records]).toEqual([500, 0])
  state.add(started(300, 0, 2))
  state.add(done(400, 0, { wireBytes: 1000, recordsWritten: 80 }))
  expect([state.wireBytes, state.records]).toEqual([1500, 80])
})

test('the speed of a download is that of lately, without flicker, and gone once it is there', () => {
  const state = stateOf(started(0, 0))
  const line = () => renderBlock(state, { columns: 120, color: false, now: 1000 })[3]
  state.add(progressed(250, 0, 250_000))
  expect(line()).toContain('1.0 MB/s')
  state.add(progressed(500, 0, 750_000))
  expect(line()).toContain('1.3 MB/s')
  state.add({ type: 'downloaded', at: 510, id: 0 })
  expect(line()).not.toContain('MB/s')
})

test('a few huge documents have a time left as well, from their bytes', () => {
  const state = stateOf(listEnded(0, 2), started(0, 0), started(0, 1))
  for (let at = 250; at <= 5000; at += 250) {
    state.add(progressed(at, 0, at * 1000, 20_000_000))
    state.add(progressed(at, 1, at * 1000, 20_000_000))
  }
  expect(state.leftMs(5000)).toBeCloseTo(15_000, -3)
})

test('waiting counts what is neither finished nor under way, down to zero', () => {
  const state = stateOf(listEnded(0, 3), started(1, 0), started(1, 1), retried(2, 1))
  expect([state.waiting, state.retrying, state.active]).toEqual([2, 1, 1])
  for (const event of [done(3, 0), started(4, 1, 2), failed(5, 1, 'STALLED'), started(6, 2), done(7, 2)])
    state.add(event)
  expect([state.waiting, state.retrying, state.active, state.done, state.failed]).toEqual([0, 0, 0, 2, 1])
})
