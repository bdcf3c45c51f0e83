/** The progress block as a person sees it: in a pseudo-terminal, with its text compared. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { openTerminal, type PseudoTerminal } from '../support/pseudo-terminal.ts'
import { type Site, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const LARGE_BYTES = 4_800_000
const START_BYTES = 1_200_000

interface Stage extends AsyncDisposable {
  readonly site: Site
  readonly busy: Site
  readonly urls: readonly string[]
  /** Lets everything come to its end. */
  release(): void
}

/**
 * A run that stands still: one document done, one failed, one of which a quarter is there, one for which the server takes its time, and
 * one at a host that wants to be left alone for longer than the run waits.
 */
async function stage(): Promise<Stage> {
  const waiting: (() => void)[] = []
  let isReleased = false
  const later = (end: () => void) => {
    if (isReleased) end()
    else waiting.push(end)
  }
  const large = Buffer.from(`<a>${' '.repeat(LARGE_BYTES - 7)}</a>`)
  const respond = (response: ServerResponse, status: number, headers: Record<string, string | number>) =>
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
  const site = await serve({
    '/good.xml': '<a>1</a>',
    '/bad.xml': '<a>\n  <b></a>',
    '/large.xml': (_, response) => {
      respond(response, 200, { 'content-length': large.length }).write(large.subarray(0, START_BYTES))
      later(() => response.end(large.subarray(START_BYTES)))
    },
    '/slow.xml': (_, response) => later(() => respond(response, 200, {}).end('<a>1</a>')),
  })
  const busy = await serve({ '/1.xml': (_, response) => respond(response, 503, { 'retry-after': 300 }).end() })
  return {
    site,
    busy,
    urls: [busy.url('/1.xml'), ...['good', 'bad', 'large', 'slow'].map((name) => site.url(`/${name}.xml`))],
    release() {
      isReleased = true
      for (const end of waiting.splice(0)) end()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([site.close(), busy.close()])
    },
  }
}

/** What is seen without what is never the same twice: ports, times, speeds, and which of two documents came first. */
function steady(lines: readonly string[], { site, busy }: Stage): string[] {
  const plain = lines.map((line) =>
    line
      .replaceAll(site.host, '127.0.0.1:10001')
      .replaceAll(busy.host, '127.0.0.1:10002')
      .replace(/(?<![.\d])\d+:\d\d(?!\d)/g, '0:00')
      .replace(/ {5}waiting 0:00$/, '          waiting')
      .replace(/(?<=░ {2}).{9}(?= {5}1\.2 of)/, '   N MB/s')
      .replace(/^[\d.]+ [kM]?B\/s · \d+ records?\/s/, 'N MB/s · N records/s'),
  )
  const isAttempt = (line: string) => line.startsWith('  ')
  const attempts = plain.filter(isAttempt).sort()
  return plain.map((line) => (isAttempt(line) ? (attempts.shift() ?? '') : line)).filter((line) => line !== '  idle')
}

const isStill = (lines: readonly string[]) =>
  [/^1 done/m, /1\.2 of 4\.8 MB/, /slow\.xml/, / left$/m, /^resting/m, /^1 XML_TAG_MISMATCH/m].every((part) =>
    part.test(lines.join('\n')),
  )

function open(staged: Stage, cwd: string, columns: number, more: readonly string[] = []): PseudoTerminal {
  const args = [...staged.urls, '-o', 'out.ndjson', '-j', '2', '-t', '2', '--retry-max-wait', '100', ...more]
  return openTerminal(args, { cwd, columns, rows: 30 })
}

/** Log lines are whole, and broken by the terminal alone. */
const LOG = {
  40: [
    'failed  http://127.0.0.1:10001/bad.xml X',
    'ML_TAG_MISMATCH at 2:6: </a> closes <b>',
    'opened at 2:3, in /a/b, near "<a>\\n  <b>',
    '</a>"',
  ],
  120: [
    'failed  http://127.0.0.1:10001/bad.xml XML_TAG_MISMATCH at 2:6: </a> closes <b> opened at 2:3, in /a/b, near "<a>\\n  <b>',
    '</a>"',
  ],
} as const

const BLOCK = {
  40: [
    '███████░░░░░░░░░░░  2/5  40%  0:00 left',
    '1 done · 1 failed · 1 waiting',
    'N MB/s · N records/s · 1 record',
    '  large.xml               1.2 of 4.8 MB',
    '  slow.xml                      waiting',
    '1 XML_TAG_MISMATCH',
    'resting 127.0.0.1:10002 for 0:00',
  ],
  120: [
    '████████████████░░░░░░░░░░░░░░░░░░░░░░░░  2/5  40%  0:00 left',
    '1 done · 1 failed · 1 waiting · 1 to retry',
    'N MB/s · N records/s · 1.2 MB · 1 record',
    `  127.0.0.1:10001  large.xml${' '.repeat(31)}███░░░░░░░░░     N MB/s     1.2 of 4.8 MB`,
    `  127.0.0.1:10001  slow.xml${' '.repeat(66)}waiting`,
    '1 XML_TAG_MISMATCH',
    'resting 127.0.0.1:10002 for 0:00',
  ],
} as const

/** Rows that only the block has. */
const blockRows = (lines: readonly string[]) => lines.filter((line) => /[█░]|^resting| waiting$|1\.2 of/.test(line))

test.each([40, 120] as const)('at %i columns the block stands below the log lines', async (columns) => {
  using folder = temporaryFolder()
  await using staged = await stage()
  await using terminal = open(staged, folder.path, columns)
  await terminal.shows(isStill)
  expect(steady(terminal.lines(), staged)).toEqual([...LOG[columns], ...BLOCK[columns]])
  staged.release()
  expect(await terminal.exited).toBe(1)
  // The block has gone, and the cursor was never hidden.
  expect(blockRows(terminal.lines())).toEqual([])
  expect(steady(terminal.lines(), staged).slice(0, LOG[columns].length)).toEqual(LOG[columns])
  expect(terminal.lines().join('\n')).toContain('✗ 3 of 5 documents milled')
  expect(terminal.written).not.toContain('\x1b[?25')
})

test('the block is drawn anew when the terminal becomes narrower and wider, and leaves nothing of its old self', async () => {
  using folder = temporaryFolder()
  await using staged = await stage()
  await using terminal = open(staged, folder.path, 120)
  await terminal.shows(isStill)
  for (const columns of [40, 120, 40, 120] as const) {
    await terminal.resize({ columns, rows: 30 })
    const expected = [...LOG[columns], ...BLOCK[columns]]
    await terminal.shows((lines) => isStill(lines) && steady(lines, staged).at(-5) === expected.at(-5))
    expect(steady(terminal.lines(), staged)).toEqual(expected)
  }
  staged.release()
  expect(await terminal.exited).toBe(1)
  expect(blockRows(terminal.lines())).toEqual([])
})

test('Ctrl-C says what happens, lets what is under way come to its end, and leaves no block behind', async () => {
  using folder = temporaryFolder()
  await using staged = await stage()
  await using terminal = open(staged, folder.path, 120)
  await terminal.shows(isStill)
  terminal.type('\x03')
  await terminal.shows((lines) => lines.some((line) => line.startsWith('stopping: ')) && isStill(lines))
  staged.release()
  expect(await terminal.exited).toBe(130)
  expect(blockRows(terminal.lines())).toEqual([])
  expect(terminal.lines().at(-1)).toContain(' --retry-max-wait 100')
})

test('a second Ctrl-C ends it at once, and leaves no block behind either', async () => {
  using folder = temporaryFolder()
  await using staged = await stage()
  await using terminal = open(staged, folder.path, 120)
  await terminal.shows(isStill)
  terminal.type('\x03')
  await terminal.shows((lines) => lines.some((line) => line.startsWith('stopping: ')))
  terminal.type('\x03')
  expect(await terminal.exited).toBe(130)
  expect(blockRows(terminal.lines())).toEqual([])
  expect(terminal.lines().at(-1)).toMatch(/^stopping: /)
})
