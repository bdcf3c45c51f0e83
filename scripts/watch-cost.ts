/**
 * What watching costs: the same run with nothing, and with events, metrics and a live page that is looked at, in turns. Each run is a
 * process of its own; documents and watchers are with this one. Everything that watches runs on the main thread, so that thread's processor
 * time tells more than the whole run's, which others on the machine disturb: what it grew by is compared with the processor time of the
 * whole run. The time on the clock is compared in pairs, each run with the one with nothing in the same round.
 *
 *   node scripts/watch-cost.ts [rounds] [documents] [bytes] [watchers] [mode,mode…]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type MillOptions, mill } from '../src/index.ts'

interface Cost {
  readonly elapsedMs: number
  readonly processorMs: number
  /** Of the main thread alone. */
  readonly mainMs: number
}

const MODES: Readonly<Record<string, readonly (keyof MillOptions)[]>> = {
  nothing: [],
  events: ['events'],
  metrics: ['metrics'],
  live: ['live'],
  watched: ['events', 'metrics', 'live'],
  'watched, and a report': ['events', 'metrics', 'live', 'report'],
}

if (process.argv[2] === 'run') await millOnce(process.argv.slice(3))
else await compare(process.argv.slice(2, 6).map(Number), process.argv[6]?.split(','))

async function compare(
  [rounds = 5, documents = 4000, bytes = 20_000, watchers = 10]: number[],
  modes: readonly string[] = Object.keys(MODES),
): Promise<void> {
  const body = Buffer.from(`<all>${'<r a="1"><b>some text</b></r>'.repeat(Math.ceil(bytes / 30))}</all>`)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/xml', 'content-length': body.length }).end(body)
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-cost-'))
  const costs = new Map<string, Cost[]>(modes.map((mode) => [mode, []]))
  try {
    for (let round = 0; round < rounds; round += 1) {
      // Whoever comes first finds a cooler machine: everybody does in turn.
      const inTurn = modes.map((_, index) => modes[(index + round) % modes.length] ?? '')
      for (const mode of inTurn) costs.get(mode)?.push(await runOnce(mode, [port, documents, watchers], folder))
    }
  } finally {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
  process.stdout.write(
    `${documents} documents of ${body.length} bytes, ${watchers} watchers, ${rounds} rounds, medians; load ${loadavg()[0]?.toFixed(1)}\n`,
  )
  const base = costs.get(modes[0] ?? '') ?? []
  for (const [mode, all] of costs) process.stdout.write(`${mode.padEnd(22)}${line(all, base)}\n`)
}

function line(all: readonly Cost[], base: readonly Cost[]): string {
  const main = median(all.map(({ mainMs }) => mainMs))
  const baseMain = median(base.map(({ mainMs }) => mainMs))
  const processor = median(all.map(({ processorMs }) => processorMs))
  const baseProcessor = median(base.map(({ processorMs }) => processorMs))
  const inPairs = median(all.map(({ elapsedMs }, round) => elapsedMs / (base[round]?.elapsedMs ?? elapsedMs)))
  return [
    `main thread ${main.toFixed(0)} ms (${signed((main - baseMain) / baseProcessor)} of the run)`,
    `all threads ${processor.toFixed(0)} ms (${signed(processor / baseProcessor - 1)})`,
    `clock ${median(all.map(({ elapsedMs }) => elapsedMs)).toFixed(0)} ms (in pairs ${signed(inPairs - 1)})`,
  ].join('  ')
}

/** Starts a run and watches it as pages do. */
async function runOnce(mode: string, numbers: readonly number[], folder: string): Promise<Cost> {
  const [, , watchers = 0] = numbers
  const livePort = await freePort()
  const args = ['run', mode, ...numbers.map(String), String(livePort), folder]
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (part.startsWith('watch')) for (let watcher = 0; watcher < watchers; watcher += 1) watch(livePort)
    else text += part
  })
  await once(child, 'close')
  const cost: Cost = JSON.parse(text)
  return cost
}

async function millOnce([mode = 'nothing', port, documents, , livePort, folder = '.']: string[]): Promise<void> {
  const values: MillOptions = {
    events: join(folder, 'events.ndjson'),
    report: join(folder, 'report.html'),
    live: Number(livePort),
    metrics: 0,
  }
  const wanted = MODES[mode] ?? []
  const options = Object.fromEntries(Object.entries(values).filter(([name]) => wanted.some((want) => want === name)))
  const urls = Array.from({ length: Number(documents) }, (_, index) => `http://127.0.0.1:${port}/${index}.xml`)
  const from = performance.now()
  let isWatched = !wanted.includes('live')
  const onEvent = () => {
    if (!isWatched) process.stdout.write('watch\n')
    isWatched = true
  }
  await mill(urls, { record: 'r', output: join(folder, 'out.ndjson'), fresh: true, ...options, onEvent }).summary()
  const elapsedMs = performance.now() - from
  const processorMs = milliseconds(process.cpuUsage())
  const mainMs = milliseconds(process.threadCpuUsage())
  process.stdout.write(JSON.stringify({ elapsedMs, processorMs, mainMs }))
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}

/** Reads the overviews as a page does. */
function watch(port: number): void {
  const request = get({ port, path: '/events', agent: false }, (response) => {
    response.on('data', (part: Buffer) => {
      if (part.includes('"hasEnded":true')) response.destroy()
    })
    response.on('error', () => {})
  })
  request.on('error', () => {})
  request.on('socket', (socket) => socket.unref())
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
