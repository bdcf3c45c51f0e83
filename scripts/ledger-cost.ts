/**
 * What remembering costs: a run over many tiny documents with a ledger and without, and a run that finds a million documents done.
 *
 *     node scripts/ledger-cost.ts [DOCUMENTS] [ROWS] [ROUNDS]
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documentKeys } from '../src/ledger/document-key.ts'
import type { LedgerRow } from '../src/ledger/ledger.ts'
import { LedgerFile, lockLedger } from '../src/ledger/ledger-file.ts'
import { runShape } from '../src/ledger/run-shape.ts'
import { resolveOptions } from '../src/options.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

const [documents = 100_000, rows = 1_000_000, rounds = 5] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'xmlmill-ledger-cost-'))
try {
  await measureTinyDocuments(documents)
  for (const count of [rows / 10, rows]) await measureResume(count)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Cost {
  readonly wallMs: number
  /** User and system, of all threads. */
  readonly cpuMs: number
  readonly peakMib: number
}

async function measureTinyDocuments(count: number): Promise<void> {
  const list = join(folder, 'tiny.txt')
  writeTinyDocuments(list, count)
  const costs: Record<'without' | 'with', Cost[]> = { without: [], with: [] }
  for (let round = 0; round < rounds; round++) {
    costs.without.push(await mill(list, '/dev/null'))
    costs.with.push(await mill(list, join(folder, `out-${round}.ndjson`)))
  }
  print(`${count} tiny documents, ${rounds} pairs of runs in turn, medians`)
  print(`  without ledger  ${shown(middle(costs.without))}`)
  print(`  with ledger     ${shown(middle(costs.with))}`)
  const more = (key: 'wallMs' | 'cpuMs') => {
    const ratios = costs.with.map((cost, round) => cost[key] / (costs.without[round]?.[key] ?? Number.NaN))
    return `${((median(ratios) - 1) * 100).toFixed(1)}%`
  }
  print(`  more            ${more('wallMs')} of wall time, ${more('cpuMs')} of processor time (of each pair)`)
}

function writeTinyDocuments(list: string, count: number): void {
  const paths: string[] = []
  for (let n = 0; n < count; n++) {
    if (n % 1000 === 0) mkdirSync(join(folder, 'tiny', String(n / 1000)), { recursive: true })
    const path = join(folder, 'tiny', String(Math.floor(n / 1000)), `${n}.xml`)
    writeFileSync(path, `<a><id>${n}</id><name>document ${n}</name></a>`)
    paths.push(`${path}\n`)
  }
  writeFileSync(list, paths.join(''))
}

async function measureResume(count: number): Promise<void> {
  const list = join(folder, `done-${count}.txt`)
  const output = join(folder, `done-${count}.ndjson`)
  await writeLedger(list, output, count)
  const costs: Cost[] = []
  for (let round = 0; round < rounds; round++) costs.push(await mill(list, output))
  print(`${count} documents that are done, gone on with, median of ${rounds}: ${shown(middle(costs))}`)
}

async function writeLedger(list: string, output: string, count: number): Promise<void> {
  const shape = await runShape(resolveOptions({}))
  const path = `${output}.xmlmill`
  writeFileSync(output, '')
  using file = LedgerFile.open(path, lockLedger(path, output), { output, shape, wantsValidators: false })
  const lines = createWriteStream(list)
  for (let from = 0; from < count; from += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - from) }, (_, index) => ({
      id: from + index,
      url: `https://example.org/archive/volume-${Math.floor((from + index) / 1000)}/document-${from + index}.xml`,
      host: 'example.org:443',
    }))
    const keys = documentKeys(batch)
    const ledgerRows = batch.map(({ url }, index) => row(keys.subarray(index * 16, index * 16 + 16), url))
    file.ledger.commit({ rows: ledgerRows })
    lines.write(batch.map(({ url }) => `${url}\n`).join(''))
  }
  await new Promise<void>((resolve) => lines.end(resolve))
}

function row(key: Buffer, url: string): LedgerRow {
  return {
    key,
    url,
    status: 'done',
    attempts: 1,
    code: null,
    message: null,
    wireBytes: 40_000,
    decodedBytes: 200_000,
    bodySha256: Buffer.alloc(32, 1),
    etag: '"0123456789abcdef"',
    lastModified: 'Wed, 21 Oct 2015 07:28:00 GMT',
    recordsSeen: 10,
    recordsWritten: 10,
    recordsRejected: 0,
    downloadMs: 12.5,
    parseMs: 1.25,
    transformMs: 0,
    creditMs: 0,
    thread: 1,
    settledAt: 1_700_000_000_000,
    placement: { offset: 0, length: 0, crc32: 0 },
  }
}

async function mill(list: string, output: string): Promise<Cost> {
  const from = performance.now()
  const child = spawn(process.execPath, [MAIN, '-i', list, '-o', output, '-q'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peakMib = 0
  let cpuMs = 0
  const sampling = setInterval(() => {
    try {
      const peakKib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
      peakMib = Math.max(peakMib, Number(peakKib ?? 0) / 1024)
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      // utime and stime, in hundredths of a second.
      cpuMs = (Number(fields[11]) + Number(fields[12])) * 10
    } catch {
      // It has ended.
    }
  }, 20)
  const exitCode = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(sampling)
  if (exitCode !== 0) throw new Error(`the run ended with ${exitCode}`)
  return { wallMs: performance.now() - from, cpuMs, peakMib }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function middle(costs: readonly Cost[]): Cost {
  return {
    wallMs: median(costs.map(({ wallMs }) => wallMs)),
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    peakMib: median(costs.map(({ peakMib }) => peakMib)),
  }
}

function shown({ wallMs, cpuMs, peakMib }: Cost): string {
  return `${(wallMs / 1000).toFixed(2)} s, ${(cpuMs / 1000).toFixed(2)} s of processor, peak ${peakMib.toFixed(0)} MiB`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
