/**
 * What watching costs: the same run with nothing, and with events, metrics and a live page that is looked at, in turns. Each run is a
 * process of its own. Its time and its processor time (of all threads) are compared: medians, and the least, which others on the machine
 * disturb least.
 *
 *   node scripts/watch-cost.ts [rounds] [documents] [bytes] [watchers] [mode,mode…]
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type MillOptions, mill } from '../src/index.ts'

interface Cost {
  readonly elapsedMs: number
  readonly processorMs: number
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
      for (const [mode, all] of costs) {
        const args = ['run', mode, String(port), String(documents), String(watchers), folder]
        const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), ...args])
        all.push(JSON.parse(stdout))
      }
    }
  } finally {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
  process.stdout.write(`${documents} documents of ${body.length} bytes, ${watchers} watchers, ${rounds} rounds\n`)
  const [base = []] = costs.values()
  for (const [mode, all] of costs) {
    process.stdout.write(`${mode.padEnd(22)}`)
    for (const name of ['elapsedMs', 'processorMs'] as const) {
      for (const [word, of] of [
        ['median', median],
        ['least', least],
      ] as const) {
        const value = of(all, name)
        const more = ((value / of(base, name) - 1) * 100).toFixed(1)
        process.stdout.write(`  ${word} ${value.toFixed(0)} ms (${more}%)`)
      }
      process.stdout.write(name === 'elapsedMs' ? '   processor' : '\n')
    }
  }
}

async function millOnce([mode = 'nothing', port, documents, watchers, folder = '.']: string[]): Promise<void> {
  const livePort = await freePort()
  const values: MillOptions = {
    events: join(folder, 'events.ndjson'),
    report: join(folder, 'report.html'),
    live: livePort,
    metrics: 0,
  }
  const wanted = MODES[mode] ?? []
  const options = Object.fromEntries(Object.entries(values).filter(([name]) => wanted.some((want) => want === name)))
  const urls = Array.from({ length: Number(documents) }, (_, index) => `http://127.0.0.1:${port}/${index}.xml`)
  const from = performance.now()
  let isWatched = false
  await mill(urls, {
    record: 'r',
    output: join(folder, 'out.ndjson'),
    fresh: true,
    ...options,
    onEvent: () => {
      if (isWatched || !wanted.includes('live')) return
      isWatched = true
      for (let watcher = 0; watcher < Number(watchers); watcher += 1) watch(livePort)
    },
  }).summary()
  const elapsedMs = performance.now() - from
  const { user, system } = process.cpuUsage()
  process.stdout.write(JSON.stringify({ elapsedMs, processorMs: (user + system) / 1000 }))
}

/** Reads the overviews as a page does; the reading is paid for by the same process. */
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

function median(costs: readonly Cost[], name: keyof Cost): number {
  return costs.map((cost) => cost[name]).toSorted((a, b) => a - b)[costs.length >> 1] ?? 0
}

function least(costs: readonly Cost[], name: keyof Cost): number {
  return Math.min(...costs.map((cost) => cost[name]))
}
