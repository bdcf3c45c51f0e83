/**
 * Measures what the program promises of itself: memory under a slow reader, memory of a long list, the main loop's delay, and how
 * soon help and the first record come. Figures, no verdicts: machines differ and are noisy.
 *
 *   node scripts/bounds.ts [slow-reader] [long-list] [loop-delay] [start] [huge] [--lines 1000000] [--seconds 30] [--megabytes 2048]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { startDemoServer } from '../src/demo/server.ts'

const MIB = 1 << 20
const root = fileURLToPath(new URL('..', import.meta.url))
const main = join(root, 'dist/src/cli/main.js')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lines: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '30' },
    megabytes: { type: 'string', default: '2048' },
  },
})

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  start: measureStart,
  'loop-delay': measureLoopDelay,
  'slow-reader': measureSlowReader,
  'long-list': measureLongList,
  huge: measureHuge,
}
function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** xmlmill from dist/, as its users run it. */
function xmlmill(args: readonly string[], nodeArgs: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [...nodeArgs, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Peak resident bytes so far, from the kernel. */
function peakBytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

/** Peak resident bytes of a whole run: asked often, for the kernel forgets it with the process. */
async function peakOfRun(child: ChildProcess): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    try {
      peak = Math.max(peak, peakBytes(child) || 0)
    } catch {
      // It has just ended.
    }
  }, 20)
  child.stdout?.resume()
  child.stderr?.resume()
  await once(child, 'close')
  clearInterval(timer)
  return peak
}

async function measureStart(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bounds-'))
  const document = join(folder, 'a.xml')
  writeFileSync(document, '<r><x>1</x></r>')
  for (const [name, args] of [
    ['--help', ['--help']],
    ['first record', [document, '-r', 'x', '-q']],
  ] as const) {
    const samples: number[] = []
    for (let run = 0; run < 11; run += 1) {
      const from = performance.now()
      const child = xmlmill(args)
      if (child.stdout !== null) await once(child.stdout, 'data')
      samples.push(performance.now() - from)
      await once(child, 'close')
    }
    samples.sort((a, b) => a - b)
    say(`${name}: ${samples[5]?.toFixed(0)} ms median of 11, ${samples[0]?.toFixed(0)} to ${samples[10]?.toFixed(0)}`)
  }
  rmSync(folder, { recursive: true })
}

const LOOP_DELAY = `data:text/javascript,${encodeURIComponent(`
  import { monitorEventLoopDelay } from 'node:perf_hooks'
  import { isMainThread } from 'node:worker_threads'
  if (isMainThread) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    process.on('exit', () => process.stderr.write('loop-delay ' + [50, 99, 100].map((p) => (delay.percentile(p) / 1e6).toFixed(1)).join(' ')))
  }
`)}`

async function measureLoopDelay(): Promise<void> {
  await using server = await startDemoServer()
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bounds-'))
  const list = join(folder, 'list.txt')
  writeFileSync(list, server.urls.join('\n'))
  const child = xmlmill(['-i', list, '-r', 'paper', '-o', join(folder, 'out.ndjson')], ['--import', LOOP_DELAY])
  let text = ''
  child.stderr?.on('data', (bytes) => {
    text += bytes
  })
  await once(child, 'close')
  const [, median, p99, most] = /loop-delay (\S+) (\S+) (\S+)/.exec(text) ?? []
  say(`500 documents, 120 MB: median ${median} ms, p99 ${p99} ms, most ${most} ms (timer resolution of 1 ms included)`)
  rmSync(folder, { recursive: true })
}

async function measureSlowReader(): Promise<void> {
  await using server = await startDemoServer()
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bounds-'))
  const list = join(folder, 'list.txt')
  // About 1 GB: the same documents again and again.
  writeFileSync(list, Array.from({ length: 9 }, () => server.urls.join('\n')).join('\n'))
  const child = xmlmill(['-i', list, '--keep-duplicates', '-r', 'paper', '-q'])
  const until = performance.now() + Number(values.seconds) * 1000
  let bytes = 0
  let slowPeak = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (performance.now() > until) return
    child.stdout?.pause()
    // 2 MB/s.
    setTimeout(() => child.stdout?.resume(), (chunk.byteLength / 2e6) * 1000)
    slowPeak = peakBytes(child)
  })
  const peak = await peakOfSlow(child)
  say(
    `peak ${(slowPeak / MIB).toFixed(0)} MiB resident after ${values.seconds} s at 2 MB/s; ${(peak / MIB).toFixed(0)} MiB at the end, the rest read freely; ${(bytes / 1e6).toFixed(0)} MB of records`,
  )
  rmSync(folder, { recursive: true })
}

async function peakOfSlow(child: ChildProcess): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    try {
      peak = peakBytes(child) || peak
    } catch {
      // It has just ended.
    }
  }, 20)
  await once(child, 'close')
  clearInterval(timer)
  return peak
}

async function measureLongList(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bounds-'))
  for (const lines of [1000, Number(values.lines)]) {
    const list = join(folder, `${lines}.txt`)
    const file = createWriteStream(list)
    // Documents that fail at once: the list is what is measured.
    for (let line = 0; line < lines; line += 1) {
      if (!file.write(`${folder}/absent-${line}.xml\n`)) await once(file, 'drain')
    }
    file.end()
    await once(file, 'close')
    const from = performance.now()
    const peak = await peakOfRun(xmlmill(['-i', list, '-o', join(folder, `${lines}.ndjson`), '--progress', 'plain']))
    say(`${lines} lines: peak ${(peak / MIB).toFixed(1)} MiB, ${((performance.now() - from) / 1000).toFixed(1)} s`)
  }
  rmSync(folder, { recursive: true })
}

/** Answers every request with one endless-looking document of `megabytes`, from a thread of its own. */
const HUGE_SERVER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { createServer } = require('node:http')
  const record = Buffer.from('<x id="1"><title>a title &amp; more</title><author><first>A</first><last>B</last></author><p>' + 'words of text '.repeat(60) + '</p></x>\\n')
  const block = Buffer.concat(Array.from({ length: Math.ceil((1 << 20) / record.length) }, () => record))
  createServer((request, response) => {
    let left = workerData
    response.write('<r>')
    const go = () => {
      while (left > 0) { left -= 1; if (!response.write(block)) return response.once('drain', go) }
      response.end('</r>')
    }
    go()
  }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port) })
`

async function measureHuge(): Promise<void> {
  const megabytes = Number(values.megabytes)
  const server = new Worker(HUGE_SERVER, { eval: true, workerData: megabytes })
  const [port] = await once(server, 'message')
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-bounds-'))
  const from = performance.now()
  const child = xmlmill([
    `http://127.0.0.1:${port}/`,
    '-r',
    'x',
    '--max-bytes',
    '100g',
    '-o',
    join(folder, 'out.ndjson'),
  ])
  const peak = await peakOfRun(child)
  const seconds = (performance.now() - from) / 1000
  say(
    `${megabytes} MiB in ${seconds.toFixed(1)} s: ${(megabytes / seconds).toFixed(0)} MiB/s end to end, peak ${(peak / MIB).toFixed(0)} MiB, exit ${child.exitCode}`,
  )
  rmSync(folder, { recursive: true })
  await server.terminate()
}

for (const name of positionals.length === 0 ? Object.keys(measurements) : positionals) {
  const measure = measurements[name]
  if (measure === undefined) throw new Error(`${name} is none of ${Object.keys(measurements).join(', ')}`)
  process.stdout.write(`== ${name}\n`)
  await measure()
}
