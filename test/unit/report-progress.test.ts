import { expect, test } from 'vitest'
import type { ProgressStyle } from '../../src/options.ts'
import { automaticStyle, createProgress, wantsColor } from '../../src/report/progress.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { done, failed, listEnded, progressed, RUN_STARTED, started } from '../support/run-events.ts'
import { TerminalScreen } from '../support/terminal-screen.ts'

function open(style: ProgressStyle, columns = 80, rows = 24) {
  const screen = new TerminalScreen(columns, rows)
  const clock = new ManualClock()
  const progress = createProgress(style, { stderr: screen, clock, env: {} })
  progress.listener(RUN_STARTED)
  return { screen, clock, progress }
}

test('the bar is drawn in place and leaves nothing behind', () => {
  const { screen, clock, progress } = open('bar')
  screen.write('$ xmlmill list.txt\n')
  progress.listener(listEnded(1, 2))
  progress.listener(started(2, 0))
  clock.advance(500)
  expect(screen.text).toContain('0/2')
  progress.listener(done(600, 0))
  clock.advance(500)
  expect(screen.text).toContain('1/2')
  expect(screen.text).not.toContain('0/2')
  progress.close()
  progress.close()
  expect(screen.lines).toEqual(['$ xmlmill list.txt'])
  expect(clock.timers).toBe(0)
  expect(screen.listenerCount('resize') + screen.listenerCount('error')).toBe(0)
})

test('failures are printed above the bar, whole, and stay', () => {
  const { screen, clock, progress } = open('bar', 60)
  progress.listener(listEnded(1, 9))
  clock.advance(200)
  progress.listener(
    failed(210, 0, 'XML_NOT_WELL_FORMED', '</b> closes <a> opened at 3:2, which is a long story to tell'),
  )
  clock.advance(200)
  progress.listener(failed(410, 1, 'HTTP_REFUSED', '404 Not Found'))
  expect(screen.text).not.toContain('404')
  clock.advance(100)
  const text = screen.lines.join('').replaceAll(' ', '')
  expect(text).toContain(
    'failedhttp://127.0.0.1:8080/d0.xmlXML_NOT_WELL_FORMEDat3:14:</b>closes<a>openedat3:2,whichisalongstorytotell',
  )
  expect(text.indexOf('404NotFound')).toBeLessThan(text.indexOf('2/9'))
  progress.close()
  expect(screen.lines.join('')).toMatch(/404 Not Found$/)
  expect(screen.text).not.toContain('2/9')
})

test('failures that came after the last frame are printed at the close', () => {
  const { screen, progress } = open('bar')
  progress.listener(failed(1, 0, 'HTTP_REFUSED', '404 Not Found'))
  progress.close()
  expect(screen.text).toContain('404 Not Found')
})

test('the bar is drawn at most ten times a second, and not at all when nothing changed', () => {
  const { screen, clock, progress } = open('bar')
  progress.listener(listEnded(1, 10_000))
  for (let id = 0; id < 1000; id++) {
    clock.advance(1)
    progress.listener(started(id, id))
    progress.listener(done(id, id))
  }
  expect(screen.writes).toBeLessThanOrEqual(10)
  expect(screen.writes).toBeGreaterThan(5)
  clock.advance(60_000)
  const before = screen.writes
  clock.advance(900)
  expect(screen.writes - before).toBeLessThanOrEqual(1)
})

test.each([100, 40, 23])('a terminal made narrower, from 120 to %i columns, shows one block', (columns) => {
  const { screen, clock, progress } = open('bar', 120)
  screen.write('before\n')
  progress.listener(listEnded(1, 2, 1))
  progress.listener(started(2, 0))
  progress.listener(progressed(300, 0, 1000, 2000))
  clock.advance(400)
  screen.resize(columns)
  expect(screen.lines.filter((line) => line.includes('0/2'))).toHaveLength(1)
  expect(screen.lines.filter((line) => line.includes('idle'))).toHaveLength(3)
  expect(screen.lines[0]).toBe('before')
  screen.resize(120)
  clock.advance(100)
  expect(screen.lines.filter((line) => line.includes('d0.xml'))).toHaveLength(1)
  progress.close()
  expect(screen.lines).toEqual(['before'])
})

test('plain prints a line after a second, then one every five, and failures at once', () => {
  const { screen, clock, progress } = open('plain', 120)
  progress.listener(listEnded(1, 4))
  progress.listener(started(2, 0))
  progress.listener(done(3, 0))
  progress.listener(failed(4, 1, 'HTTP_REFUSED', '404 Not Found'))
  expect(screen.lines).toEqual(['failed  http://127.0.0.1:8080/d1.xml HTTP_REFUSED at 3:14: 404 Not Found'])
  clock.advance(1000)
  expect(screen.lines[1]).toMatch(/^0:01 {2}2 of 4 documents, 1 failed, 2 waiting, 1\.0 kB\/s, 10 records\/s/)
  clock.advance(14_500)
  expect(screen.lines.slice(2).map((line) => line.slice(0, 4))).toEqual(['0:05', '0:10', '0:15'])
  progress.close()
  expect(clock.timers).toBe(0)
})

test('json gives an object a second, one for each failure, and a last one', () => {
  const { screen, clock, progress } = open('json', 10_000)
  progress.listener(listEnded(1, 2, 1))
  progress.listener(started(2, 0))
  clock.advance(1000)
  progress.listener(failed(1500, 0, 'XML_NOT_WELL_FORMED', 'not so'))
  progress.listener(started(1600, 1))
  progress.listener(done(1700, 1))
  progress.listener({ type: 'run-ended', at: 1800 })
  clock.advance(5000)
  progress.close()
  const objects = screen.lines.map((line): unknown => JSON.parse(line))
  expect(objects).toEqual([
    expect.objectContaining({
      type: 'progress',
      atMs: 1000,
      ended: false,
      documents: 2,
      done: 0,
      active: 1,
      waiting: 1,
      duplicates: 1,
    }),
    {
      type: 'failed',
      atMs: 1500,
      url: 'http://127.0.0.1:8080/d0.xml',
      attempt: 1,
      code: 'XML_NOT_WELL_FORMED',
      message: 'not so',
      disposition: 'fail',
      line: 3,
      column: 14,
      remedy: 'Have the document corrected at the source.',
    },
    expect.objectContaining({
      type: 'progress',
      ended: true,
      done: 1,
      failed: 1,
      records: 10,
      failures: { XML_NOT_WELL_FORMED: 1 },
    }),
  ])
})

test('none prints failures and nothing else', () => {
  const { screen, clock, progress } = open('none', 120)
  progress.listener(failed(1, 0, 'HTTP_REFUSED', '404 Not Found'))
  clock.advance(60_000)
  progress.close()
  expect(screen.lines).toHaveLength(1)
})

test('an error of stderr ends the display and not the run', () => {
  const { screen, progress } = open('none')
  screen.emit('error', new Error('write EPIPE'))
  progress.listener(failed(1, 0, 'HTTP_REFUSED', '404 Not Found'))
  expect(screen.writes).toBe(0)
})

test('auto is a bar for a person at a terminal, plain lines elsewhere, and failures only where records fill the terminal', () => {
  const terminal = new TerminalScreen(80)
  const file = Object.assign(new TerminalScreen(80), { isTTY: false })
  expect(automaticStyle({ stderr: terminal, env: { TERM: 'xterm' } })).toBe('bar')
  expect(automaticStyle({ stderr: terminal, env: { TERM: 'dumb' } })).toBe('plain')
  expect(automaticStyle({ stderr: terminal, env: { CI: 'true' } })).toBe('plain')
  expect(automaticStyle({ stderr: terminal, env: { CI: 'false' } })).toBe('bar')
  expect(automaticStyle({ stderr: terminal, isDataOnTerminal: true })).toBe('none')
  expect(automaticStyle({ stderr: file })).toBe('plain')
})

test('colour follows FORCE_COLOR, then NO_COLOR, then the terminal', () => {
  expect(wantsColor({ isTTY: true }, {})).toBe(true)
  expect(wantsColor({ isTTY: false }, {})).toBe(false)
  expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true)
  expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
  expect(wantsColor({ isTTY: false }, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true)
  expect(wantsColor({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false)
})
