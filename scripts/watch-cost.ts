/**
 * What watching costs: the same run with nothing, and with events, metrics and a live page that is looked at, in turns. Each run is a
 * process of its own, of the built package; documents and watchers are with this one, on the same processors. A watcher is a socket that asks
 * for the stream of a live page and keeps what comes; whether every row has come is looked at after the run.
 *
 * Everything that watches runs on the main thread, so that thread's processor time tells more than the whole run's, which others on the
 * machine disturb: what it grew by is compared with the processor time of the whole run. The time on the clock, in which documents are served
 * and watchers read as well, is compared in pairs, each run with the one of its round that has the first mode. In the mode `scraped` a scraper
 * asks for the metrics as the run begins and every five seconds from then on; else nobody does.
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
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { connect } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { constants, gunzipSync } from 'node:zlib'
import type { MillOptions } from '../src/index.ts'
import { type Cost, PACKAGE, type Work } from './watched-run.ts'

/** The one mode with a scraper: the first scrape of a process costs the same however short the run. */
const SCRAPED = 'scraped'
const MODES: Readonly<Record<string, readonly (keyof MillOptions)[]>> = {
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
  if (!existsSync(PACKAGE)) throw new Error('there is no dist/: npm run build')
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
  const costs = new Map<string, MeasuredCost[]>(modes.map((mode) => [mode, []]))
  try {
    for (let round = 0; round < rounds; round += 1) {
      // Whoever comes first finds a cooler machine, and whoever comes next what the one before has left: everybody does in turn.
      const inTurn = modes.map((_, index) => modes[(index + (round >> 1)) % modes.length] ?? '')
      if (round % 2 === 1) inTurn.reverse()
      for (const name of inTurn) {
        const [mode = '', times] = name.split('*')
        const ports = { livePort: await freePort(), metricsPort: await freePort() }
        const work = { wanted: MODES[mode] ?? [], urls, record: values.record, folder, ...ports }
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
    `${urls.length} ${what}, ${watchers} watchers, ${rounds} rounds, medians; load ${loadavg()[0]?.toFixed(1)}\n`,
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

function line(all: readonly MeasuredCost[], base: readonly MeasuredCost[]): string {
  const main = median(all.map(({ mainMs }) => mainMs))
  const baseMain = median(base.map(({ mainMs }) => mainMs))
  const processor = median(all.map(({ processorMs }) => processorMs))
  const baseProcessor = median(base.map(({ processorMs }) => processorMs))
  const inPairs = median(all.map(({ elapsedMs }, round) => elapsedMs / (base[round]?.elapsedMs ?? elapsedMs)))
  return [
    `main thread ${main.toFixed(0)} ms (${signed((main - baseMain) / baseProcessor)} of the run)`,
    `all threads ${processor.toFixed(0)} ms (${signed(processor / baseProcessor - 1)})`,
    `here ${median(all.map(({ hereMs }) => hereMs)).toFixed(0)} ms`,
    `clock ${median(all.map(({ elapsedMs }) => elapsedMs)).toFixed(0)} ms (in pairs ${signed(inPairs - 1)})`,
  ].join('  ')
}

/** Starts a run, watches it as pages do, and scrapes it as Prometheus does. */
async function runOnce(work: Work, watchers: number, isScraped: boolean): Promise<Run> {
  const child = spawn(process.execPath, [...process.execArgv, RUN], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send(work)
  const { wanted } = work
  const looking = Promise.withResolvers<Cost>()
  let scraping: NodeJS.Timeout | undefined
  const readers: Reader[] = []
  child.on('message', (message: Cost | 'running') => {
    if (message !== 'running') looking.resolve(message)
    else {
      if (wanted.includes('live'))
        for (let reader = 0; reader < watchers; reader += 1) readers.push(watch(work.livePort))
      if (!isScraped) return
      scrape(work.metricsPort)
      scraping = setInterval(() => scrape(work.metricsPort), SCRAPE_MS)
    }
  })
  child.once('close', (code) => looking.reject(new Error(`the run ended with ${code}`)))
  const cost = await looking.promise
  clearInterval(scraping)
  await once(child, 'close')
  await Promise.all(readers.map(({ ended }) => ended))
  return { ...cost, readers }
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)}%`
}
