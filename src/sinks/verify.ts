/** Whether an output has what its ledger says: every done document's records once, whole and in order. */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillError } from '../errors.ts'
import type { PlacedDocument } from '../ledger/commit.ts'
import { lockLedger, readLedger } from '../ledger/ledger-file.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { HEADER_BYTES } from './csv.ts'
import { CsvRowCounter } from './csv-rows.ts'
import { ledgerPathIn, ledgerPathOf, RECORDS } from './ledger-place.ts'
import { type OutputKind, outputKind, rejectsPath } from './output.ts'
import { RecordsReader } from './records-reader.ts'
import { rejectsName } from './rejects.ts'

export interface Verification {
  readonly done: number
  readonly failed: number
  /** Lines or rows of the documents that are done. */
  readonly records: number
  /** The first ones. */
  readonly problems: readonly string[]
  /** How many there are. */
  readonly found: number
}

/** What is found wrong, in words. */
type Report = (problem: string) => void

const LEDGERS: Readonly<Partial<Record<OutputKind, (output: string) => string>>> = {
  ndjson: ledgerPathOf,
  directory: ledgerPathIn,
  csv: ledgerPathOf,
  sqlite: (output) => output,
  parquet: ledgerPathIn,
}

const VERIFIERS: Readonly<
  Partial<Record<OutputKind, (output: string, ledger: SqliteLedger, report: Report) => Promise<void>>>
> = { ndjson: verifyFile, csv: verifyFile, directory: verifyDirectory, sqlite: verifySqlite, parquet: verifyParquet }

/** Problems that are told; where there are more, more of them say no more. */
const MAX_PROBLEMS = 10

/** What is wrong: the first few, and how many there are. */
class Problems {
  readonly told: string[] = []
  found = 0

  readonly report: Report = (problem) => {
    this.found += 1
    if (this.found <= MAX_PROBLEMS) this.told.push(problem)
  }
}

/**
 * Reads an output and its ledger.
 * @param rejects path of the file of rejects, where it is not beside the output
 * @throws MillError OPTIONS_INVALID where there is no ledger, OUTPUT_LOCKED, OUTPUT_FAILED
 */
export async function verifyOutput(output: string, rejects?: string): Promise<Verification> {
  const kind = outputKind(output)
  if (kind === 'postgres') {
    const { verifyPostgres } = await import('./postgres-verify.ts')
    const problems = new Problems()
    const counts = await verifyPostgres(output, problems.report)
    return { ...counts, problems: problems.told, found: problems.found }
  }
  const path = ledgerPath(output, kind)
  const lock = lockLedger(path, output)
  try {
    using opened = readLedger(path, output)
    const { ledger } = opened
    const problems = new Problems()
    verifyRejects(ledger, path, rejectsPath({ output, rejects }) ?? '', problems.report)
    await VERIFIERS[kind]?.(output, ledger, problems.report)
    const { done, failed, records } = ledger.counts()
    return { done, failed, records, problems: problems.told, found: problems.found }
  } finally {
    lock.release()
  }
}

/**
 * Where the ledger of an output is.
 * @throws MillError OPTIONS_INVALID where there is none
 */
export function ledgerPath(output: string, kind: OutputKind): string {
  const path = LEDGERS[kind]?.(output)
  if (path !== undefined && existsSync(path)) return path
  const absent = path === undefined ? '' : ` (${path} does not exist)`
  throw new MillError('OPTIONS_INVALID', `${output} has no ledger${absent}`)
}

/** What is wrong with an output whose ledger is open and whose lock is held, a sentence each; not all of them where there are many. */
export async function problemsOf(output: string, kind: OutputKind, ledger: SqliteLedger): Promise<string[]> {
  const problems = new Problems()
  await VERIFIERS[kind]?.(output, ledger, problems.report)
  return problems.told
}

function verifyRejects(ledger: SqliteLedger, ledgerPath: string, path: string, report: Report): void {
  const counted = ledger.position(rejectsName(path, ledgerPath))?.bytes ?? 0
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (counted > 0 && size === 0)
    report(`${path} is gone or empty, the ledger counts ${counted} bytes; the next run begins a new one`)
  else if (counted > 0 && size !== counted) report(`${path} has ${size} bytes, the ledger counts ${counted}`)
}

async function verifyFile(output: string, ledger: SqliteLedger, report: Report): Promise<void> {
  const position = ledger.position(RECORDS) ?? { bytes: 0, plainBytes: 0 }
  const size = statSync(output, { throwIfNoEntry: false })?.size
  if (size === undefined) {
    // A run that was killed as it began may have a ledger and nothing else.
    if (position.bytes > 0) report(`${output} is gone`)
    return
  }
  if (size > position.bytes)
    report(
      `${output} has ${size - position.bytes} bytes that no document has committed; the command that was killed goes on from there`,
    )
  const handle = await open(output, 'r')
  try {
    const reader = new RecordsReader(handle, output, ledger, RECORDS)
    const order = outputKind(output) === 'csv' ? 'csv' : orderOf(ledger)
    let end = Number(ledger.meta(HEADER_BYTES) ?? 0)
    for (const document of ledger.placed('offset')) {
      if (document.offset < end) report(`${document.url}: its records overlap those before it`)
      if (document.offset > end && !ledger.isSuperseding)
        report(`${document.offset - end} bytes before ${document.url} belong to no document`)
      end = Math.max(end, document.offset + document.length)
      await verifyRecords(document, reader.read(document.offset, document.length), order, report)
    }
    if (end < position.plainBytes && !ledger.isSuperseding)
      report(`${position.plainBytes - end} bytes at the end belong to no document`)
  } finally {
    await handle.close()
  }
}

async function verifyParquet(output: string, ledger: SqliteLedger, report: Report): Promise<void> {
  const { parquetProblems } = await import('./parquet-verify.ts')
  for await (const problem of parquetProblems(output, ledger)) report(problem)
}

async function verifySqlite(output: string, _: SqliteLedger, report: Report): Promise<void> {
  const { sqliteProblems } = await import('./sqlite-verify.ts')
  for (const problem of sqliteProblems(output)) report(problem)
}

async function verifyDirectory(output: string, ledger: SqliteLedger, report: Report): Promise<void> {
  const order = orderOf(ledger)
  let placed = 0
  for (const document of ledger.placed('seq')) {
    placed += 1
    const path = join(output, document.file ?? '')
    if (existsSync(path)) await verifyRecords(document, createReadStream(path), order, report)
    else report(`${document.url}: ${path} is gone`)
  }
  const present = readdirSync(output).filter((name) => /-[0-9a-f]{16}\.ndjson$/.test(name))
  if (present.length <= placed) return
  for (const name of present)
    if (ledger.placedIn(name) === undefined) report(`${join(output, name)} belongs to no document`)
}

/** What the numbers of a document's lines do: a bare line has none, and rows of a transform have those of the records that they were made of. */
type Order = 'unknown' | 'rising' | 'counting' | 'csv'

function orderOf(ledger: SqliteLedger): Order {
  const shape: unknown = JSON.parse(ledger.meta('shape') ?? '{}')
  if (typeof shape !== 'object' || shape === null || 'bare' in shape) return 'unknown'
  return 'transform' in shape ? 'rising' : 'counting'
}

const LF = 0x0a

/** Sum, number and order of a document's lines. */
async function verifyRecords(
  { url, file, offset, length, crc32: expected, recordsWritten }: PlacedDocument,
  chunks: AsyncIterable<Uint8Array>,
  order: Order,
  report: Report,
): Promise<void> {
  const place = file === null ? `, from byte ${offset} to ${offset + length}` : ''
  const rows = order === 'csv' ? new CsvRowCounter() : undefined
  let sum = 0
  let bytes = 0
  let lines = 0
  let isInOrder = true
  let last = 0
  let head = Buffer.alloc(0)
  try {
    for await (const chunk of chunks) {
      sum = crc32(chunk, sum)
      bytes += chunk.byteLength
      if (rows !== undefined) {
        rows.add(chunk)
        lines = rows.rows
        continue
      }
      for (let from = 0; from < chunk.byteLength; ) {
        const lineEnd = chunk.indexOf(LF, from)
        const to = lineEnd === -1 ? chunk.byteLength : lineEnd
        if (head.byteLength < HEAD_BYTES)
          head = Buffer.concat([head, chunk.subarray(from, Math.min(to, from + HEAD_BYTES))])
        if (lineEnd !== -1) {
          const number = order === 'unknown' ? lines : numberOf(head)
          isInOrder &&= order === 'rising' ? number >= last : number === lines
          last = number
          lines += 1
          head = Buffer.alloc(0)
        }
        from = to + 1
      }
    }
  } catch (cause) {
    report(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`)
    return
  }
  if (bytes !== length) report(`${url}: its records have ${bytes} bytes, the ledger counts ${length}`)
  else if (sum !== expected) report(`${url}: its records are not what was written (the sums differ)${place}`)
  else if (lines !== recordsWritten) report(`${url}: it has ${lines} records, the ledger counts ${recordsWritten}`)
  else if (!isInOrder) report(`${url}: its records are not in order`)
}

/** A longer URL is not looked into. */
const HEAD_BYTES = 16 << 10

/** A record's place in its document; NaN where there is none. */
function numberOf(head: Buffer): number {
  const number = /^\{"url":"(?:[^"\\]|\\.)*","n":(\d+),/.exec(head.toString('utf8'))?.[1]
  return Number(number)
}
