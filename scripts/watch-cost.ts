/**
 * What watching costs: the same run with nothing, and with events, metrics and a live page that is looked at, in turns. Each run is a
 * process of its own, of the built command line; documents and watchers are with this one, on the same processors. A watcher is a socket that asks
 * for the stream of a live page and keeps what comes; whether every row has come is looked at after the run.
 *
 * Everything that watches runs on the main thread, so that thread's processor time tells more than the whole run's, which others on the
 * machine disturb: what it grew by is compared with the processor time of the whole run. In the time on the clock documents are served and
 * watchers read as well. Each run is compared with the one of its round that has the first mode; what is printed is the mean of the pairs with
 * its standard error, and a mode `nothing*1` beside `nothing` says what the machine makes of two that are the same. Where TMPDIR is a file
 * system in memory, the disk has no part in it. In the mode `scraped` a scraper asks for the metrics as the run begins and every five seconds
 * from then on; else nobody does.
 *
 *   npm run build
 *   node scripts/watch-cost.ts [rounds] [documents] [bytes] [watchers] [mode,mode…]
 *   node scripts/watch-cost.ts [rounds] --files FOLDER --record NAME [--watchers N] [--modes mode,mode…]
 *
 * A mode `watched*100` is `watched` with 100 watchers. The flags that node is given go on to the runs:
 * `node --cpu-prof --cpu-prof-dir=FOLDER scripts/watch-cost.ts 1` profiles them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { connect } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { constants, gunzipSync } from 'node:zlib'
import { COMMAND_LINE, type Cost } from './watched-run.ts'

/** The one mode with a scraper: the first scrape of a process costs the same however short the run. */
const SCRAPED = 'scraped'
type Wanted = 'events' | 'metrics' | 'live' | 'report'
const MODES: Readonly<Record<string, readonly Wanted[]>> = {
  nothing: [],
  events: ['events'],
  metrics: ['metrics'],
  live: ['live'],
  watched: ['events', 'metrics', 'live'],
  [SCRAPED]: ['events', 'metrics', 'live'],
  'watched, and a report': ['events', 'metrics', 'live', 'report'],
}
const SCRAPE_MS = 5000
/** What Chromium asks an event source for. */
const REQUEST = [
  'GET /events HTTP/1.1',
  'Host: 127.0.0.1:PORT',
  'Connection: keep-alive',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
  'Accept: text/event-stream',
  'Cache-Control: no-cache',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Dest: empty',
  'Referer: http://127.0.0.1:PORT/',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-US,en;q=0.9',
  '\r\n',
].join('\r\n')
const RUN = fileURLToPath(new URL('watched-run.ts', import.meta.url))

interface Work {
  /** What is watched with. */
  readonly wanted: readonly Wanted[]
  /** A file of URLs. */
  readonly list: string
  readonly record: string
  readonly folder: string
}

interface MeasuredCost extends Cost {
  /** Of this process: serving the documents, and reading as watchers. */
  readonly hereMs: number
}

interface Run extends Cost {
  readonly readers: readonly Reader[]
}

interface Reader {
  /** When its stream has ended. */
  readonly ended: Promise<void>
  /** Those that it was sent without a gap. */
  rows(): number
}

await compare()

async function compare(): Promise<void> {
  if (!existsSync(COMMAND_LINE)) throw new Error('there is no dist/: npm run build')
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      files: { type: 'string' },
      record: { type: 'string', default: 'r' },
      watchers: { type: 'string' },
      modes: { type: 'string' },
    },
  })
  const [rounds = 5, documents = 4000, bytes = 20_000, defaultWatchers = 10] = positionals.slice(0, 4).map(Number)
  const watchers = values.watchers === undefined ? defaultWatchers : Number(values.watchers)
  const modes = (values.modes ?? positionals[4])?.split(',') ?? Object.keys(MODES)
  await using origin = values.files === undefined ? await serve(documents, bytes) : undefined
  const urls = origin?.urls ?? filesOf(values.files ?? '.')
  const what = origin?.what ?? `files of ${values.files}`
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-cost-'))
  const list = join(folder, 'list.txt')
  writeFileSync(list, urls.map((url) => `${url}\n`).join(''))
  const costs = new Map<string, MeasuredCost[]>(modes.map((mode) => [mode, []]))
  try {
    for (let round = 0; round < rounds; round += 1) {
      // Whoever comes first finds a cooler machine, and whoever comes next what the one before has left: everybody does in turn.
      const inTurn = modes.map((_, index) => modes[(index + (round >> 1)) % modes.length] ?? '')
      if (round % 2 === 1) inTurn.reverse()
      for (const name of inTurn) {
        const [mode = '', times] = name.split('*')
        const work = { wanted: MODES[mode] ?? [], list, record: values.record, folder }
        const before = process.cpuUsage()
        const { readers, ...cost } = await runOnce(
          work,
          times === undefined ? watchers : Number(times),
          mode === SCRAPED,
        )
        const { user, system } = process.cpuUsage(before)
        costs.get(name)?.push({ ...cost, hereMs: (user + system) / 1000 })
        const short = readers.filter((reader) => reader.rows() < urls.length)
        if (short.length > 0) throw new Error(`${short.length} of ${readers.length} readers did not get all rows`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.stdout.write(
    `${urls.length} ${what}, ${watchers} watchers, ${rounds} rounds; load ${loadavg()[0]?.toFixed(1)}\n`,
  )
  const base = costs.get(modes[0] ?? '') ?? []
  for (const [mode, all] of costs) process.stdout.write(`${mode.padEnd(22)}${line(all, base)}\n`)
}

async function serve(documents: number, bytes: number) {
  const body = Buffer.from(`<all>${'<r a="1"><b>some text</b></r>'.repeat(Math.ceil(bytes / 30))}</all>`)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/xml', 'content-length': body.length }).end(body)
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    urls: Array.from({ length: documents }, (_, index) => `http://127.0.0.1:${port}/${index}.xml`),
    what: `documents of ${body.length} bytes`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.xml')).map((name) => resolve(folder, name))
}

/** What a mode costs beside the first one: in the mean of pairs of one round. */
function line(all: readonly MeasuredCost[], base: readonly MeasuredCost[]): string {
  const pairs = all.flatMap((cost, round) => {
    const other = base[round]
    return other === undefined ? [] : [{ cost, other }]
  })
  const main = share(pairs.map(({ cost, other }) => (cost.mainMs - other.mainMs) / other.processorMs))
  const processor = share(pairs.map(({ cost, other }) => cost.processorMs / other.processorMs - 1))
  const clock = share(pairs.map(({ cost, other }) => cost.elapsedMs / other.elapsedMs - 1))
  const milliseconds = (of: (cost: MeasuredCost) => number) => `${median(all.map(of)).toFixed(0)} ms`
  return [
    `main thread ${milliseconds(({ mainMs }) => mainMs)} (${main} of the run)`,
    `all threads ${milliseconds(({ processorMs }) => processorMs)} (${processor})`,
    `clock ${milliseconds(({ elapsedMs }) => elapsedMs)} (${clock})`,
    `here ${milliseconds(({ hereMs }) => hereMs)}`,
  ].join('  ')
}

/**
 * The mean of the middle three quarters, for now and then a run is disturbed, and its standard error: that of a trimmed mean, by the
 * winsorized deviation (Tukey and McLaughlin, 1963).
 */
function share(shares: readonly number[]): string {
  const cut = shares.length >> 3
  const sorted = shares.toSorted((a, b) => a - b)
  const middle = sorted.slice(cut, sorted.length - cut)
  const mean = meanOf(middle)
  const [least = 0, most = 0] = [middle[0], middle.at(-1)]
  const winsorized = sorted.map((value) => Math.min(Math.max(value, least), most))
  const centre = meanOf(winsorized)
  const squares = winsorized.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  const deviation = Math.sqrt(squares / (shares.length - 1))
  const error = (deviation * Math.sqrt(shares.length)) / middle.length
  return shares.length < 2 ? signed(mean) : `${signed(mean)} ± ${(error * 100).toFixed(1)}`
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Starts a run, watches it as pages do, and scrapes it as Prometheus does: both from when its servers are there. */
async function runOnce(work: Work, watchers: number, isScraped: boolean): Promise<Run> {
  const child = spawn(process.execPath, [...process.execArgv, RUN, ...argsOf(work)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const readers: Reader[] = []
  let scraping: NodeJS.Timeout | undefined
  let messages = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages += text
    const live = portIn('live', messages)
    if (live !== undefined && readers.length === 0) readers.push(...Array.from({ length: watchers }, () => watch(live)))
    const metrics = portIn('metrics', messages)
    if (metrics === undefined || !isScraped || scraping !== undefined) return
    scrape(metrics)
    scraping = setInterval(() => scrape(metrics), SCRAPE_MS)
  })
  const cost = await buffer(child.stdout)
  clearInterval(scraping)
  const [code, signal] = await exited
  if (code !== 0) throw new Error(`the run ended with ${code ?? signal}: ${messages}`)
  if (work.wanted.includes('live') && readers.length < watchers) throw new Error('nobody watched the run')
  if (isScraped && scraping === undefined) throw new Error('nobody scraped the run')
  await Promise.all(readers.map(({ ended }) => ended))
  return { ...JSON.parse(cost.toString()), readers }
}

function argsOf({ wanted, list, record, folder }: Work): string[] {
  const values = { events: join(folder, 'events.ndjson'), report: join(folder, 'report.html'), live: 0, metrics: 0 }
  const watching = wanted.map((name) => `--${name}=${values[name]}`)
  return ['-i', list, '-r', record, '-o', join(folder, 'out.ndjson'), '--fresh', '--yes', ...watching]
}

/** The port of a server that a run has told the address of. */
function portIn(server: string, text: string): number | undefined {
  const port = new RegExp(`^${server}: http://[^:]+:(\\d+)/`, 'm').exec(text)?.[1]
  return port === undefined ? undefined : Number(port)
}

/**
 * Asks for the stream as a browser does, and takes what comes. A socket that keeps bytes: what a page makes of them is the reader's own time,
 * on another machine or in another process, and here it would be taken from the run.
 */
function watch(port: number): Reader {
  const parts: Buffer[] = []
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST.replaceAll('PORT', String(port))))
  socket.on('data', (part) => parts.push(part))
  socket.on('error', () => {})
  socket.once('close', () => resolve())
  socket.unref()
  return { ended, rows: () => rowsOf(Buffer.concat(parts)) }
}

/** The rows that a page has at the end of its stream. */
function rowsOf(answer: Buffer): number {
  const text = gunzipSync(answer.subarray(answer.indexOf('\r\n\r\n') + 4), {
    finishFlush: constants.Z_SYNC_FLUSH,
  }).toString()
  let rows = 0
  for (const [, end, ids = ''] of text.matchAll(/^event: rows\nid: (\d+)\ndata: \{"id":\[([^\]]*)/gm)) {
    if (Number(end) - ids.split(',').length <= rows) rows = Number(end)
  }
  return rows
}

function scrape(port: number): void {
  get({ port, path: '/metrics', agent: false }, (response) => response.resume()).on('error', () => {})
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)}%`
}
