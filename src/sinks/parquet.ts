/**
 * Parquet: a directory of whole part files, as readers of data sets take it.
 *
 * A Parquet file cannot be appended to, and small ones are slow to read. So records first go, group by group, into a file of lines
 * that the ledger knows; when there are enough of them, and at the end of the list, they become a part: written beside,
 * synced, named, and listed in the ledger in the commit that empties the file of lines.
 *
 * The ledger knows for each document in which part its records are or will be. With --update a document that has changed is in two parts until the end
 * of the run, where each part with rows that are elsewhere by then is written again without them, under its name.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { MillError } from '../errors.ts'
import { failpoint, hasFailpoint } from '../failpoint.ts'
import { documentKey } from '../ledger/document-key.ts'
import type { Placement } from '../ledger/ledger.ts'
import { lockLedger, readLedger, removeLedger } from '../ledger/ledger-file.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import type { RunOptions } from '../options.ts'
import { AppendFile, makeDirectory, syncDirectory } from './append-file.ts'
import { type Cell, isRefusal } from './columns.ts'
import { type FileForm, KEYS, namedForm, sampledForm, textKeyOf } from './columns-file.ts'
import { ColumnSample, misfit } from './columns-sample.ts'
import { namesIn } from './columns-table.ts'
import { CORNER, LINES, ledgerPathIn } from './ledger-place.ts'
import { outputFailed } from './output-error.ts'
import { OutputLedger, type OutputLedgerRequest } from './output-ledger.ts'
import { PartFile, parquetBytes, partName } from './parquet-part.ts'
import { envelope, recordLines } from './record-lines.ts'
import { Refusals } from './refusals.ts'
import type { OnRefused, SettledDocument, Store } from './sink.ts'
import type { TargetRequest } from './target.ts'

/** Bytes of lines that become a part, all of them in memory meanwhile. Tests that kill at the fifth part want five parts. */
const PART_BYTES = hasFailpoint ? 64 << 10 : 64 << 20

/** Where records wait to become a part. */
export function linesPathIn(output: string): string {
  return join(output, CORNER, 'lines')
}
const READ_BYTES = 1 << 20

/** What the ledger calls the names of the parts. */
export const PARTS = 'parts'

/** Where in its part a document's rows are is not kept. */
const SOMEWHERE = { offset: 0, length: 0, crc32: 0 } as const satisfies Placement

/**
 * Opens a directory of Parquet files, made if it is absent.
 * @throws MillError OPTIONS_INVALID, OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openParquet(request: TargetRequest): Promise<Store> {
  const { output, options } = request
  const form = namedForm(options)
  const isUpdate = options.existing === 'update'
  if (isUpdate && (options.table.bare || options.keepDuplicates))
    throw new MillError(
      'OPTIONS_INVALID',
      `--update finds the rows of Parquet files by their url: not with ${options.table.bare ? '--bare' : '--keep-duplicates'}`,
    )
  const { lines, beside } = await openParquetLedger(request)
  try {
    if (isUpdate) beginUpdate(beside.ledger, output)
    return new ParquetStore(output, lines, beside, options, form)
  } catch (cause) {
    await lines.close()
    await beside.close()
    throw cause
  }
}

/** @throws MillError OPTIONS_INVALID where rows of several documents have one url */
function beginUpdate(ledger: SqliteLedger, output: string): void {
  const repeated = ledger.urls.repeated()
  if (repeated !== undefined)
    throw new MillError(
      'OPTIONS_INVALID',
      `${output} has ${repeated} more than once (--keep-duplicates): --update cannot tell its rows apart; --fresh makes it anew`,
    )
  ledger.markSuperseding()
}

export interface ParquetLedger {
  /** The file where records wait to become a part. */
  readonly lines: AppendFile
  readonly beside: OutputLedger
}

/** The same, for whoever puts parts there otherwise. */
export async function openParquetLedger(request: OutputLedgerRequest): Promise<ParquetLedger> {
  const { output, options } = request
  const ledgerPath = ledgerPathIn(output)
  const isOurs = existsSync(ledgerPath)
  if (
    !isOurs &&
    options.existing !== 'replace' &&
    existsSync(output) &&
    readdirSync(output).some((name) => name !== CORNER)
  )
    throw new MillError('OUTPUT_EXISTS', `${output} exists, has files in it, and no ledger`)
  await makeDirectory(join(output, CORNER)).catch((cause) => {
    throw outputFailed(output, cause)
  })
  const lock = lockLedger(ledgerPath, output)
  try {
    if (isOurs && options.existing === 'replace') {
      {
        using old = readLedger(ledgerPath, output)
        for (const part of [...namesIn(old.ledger.meta(PARTS)), ...old.ledger.noted()])
          rmSync(join(output, part), { force: true })
      }
      removeLedger(ledgerPath)
    }
  } catch (cause) {
    lock.release()
    throw outputFailed(output, cause)
  }
  const beside = await OutputLedger.open(ledgerPath, lock, request)
  try {
    const { ledger } = beside
    // A part that was named and not listed: its records are still in the file of lines.
    const listed = namesIn(ledger.meta(PARTS))
    for (const name of ledger.noted()) if (!listed.includes(name)) rmSync(join(output, name), { force: true })
    rmSync(join(output, CORNER, 'part'), { force: true })
    await syncDirectory(output)
    ledger.forget([])
    const position = ledger.position(LINES) ?? { bytes: 0, plainBytes: 0 }
    const lines = await AppendFile.open(linesPathIn(output), LINES, position)
    return { lines, beside }
  } catch (cause) {
    await beside.close()
    throw outputFailed(output, cause)
  }
}

class ParquetStore implements Store {
  readonly mayRefuse = true
  readonly #path: string
  #lines: AppendFile
  readonly #beside: OutputLedger
  readonly #options: RunOptions
  /** Undefined until the columns are known. */
  #form: FileForm | undefined

  constructor(path: string, lines: AppendFile, beside: OutputLedger, options: RunOptions, form: FileForm | undefined) {
    this.#path = path
    this.#lines = lines
    this.#beside = beside
    this.#options = options
    const keys = beside.ledger.meta(KEYS)
    this.#form = form ?? (keys === undefined ? undefined : sampledForm(options, namesIn(keys)))
  }

  get commitIntervalMs(): number {
    return this.#beside.commitIntervalMs
  }

  recall: Store['recall'] = async (documents) => this.#beside.recall(documents)

  rejectedRecords = async () => this.#beside.rejectedRecords()

  async write(documents: readonly SettledDocument[], onRefused: OnRefused): Promise<void> {
    if (this.#options.existing === 'update') await this.#setApart(documents)
    const refused = new Refusals()
    const placements = new Map<SettledDocument, Placement>()
    const placement = { file: this.#nextPart, ...SOMEWHERE }
    const keys = await this.#settleForm(documents)
    for (const document of documents) {
      if (document.status !== 'done') continue
      placements.set(document, placement)
      for await (const lines of recordLines(document.records)) {
        for (const line of lines) {
          const cells = this.#form === undefined ? misfit(line, textKeyOf(this.#options)) : this.#form.cells(line)
          if (cells !== undefined && isRefusal(cells)) {
            await this.#beside.rejects.refuse(line, cells)
            refused.add(document, cells)
          } else await this.#lines.append(envelope(line))
        }
      }
    }
    const files = this.#lines.isAhead ? [await this.#lines.synced()] : []
    const { ledger } = this.#beside
    const within = () => {
      if (keys !== undefined) ledger.setMeta(KEYS, JSON.stringify(keys))
    }
    await this.#beside.commit(documents, { placements, refused, files, within })
    for (const commit of files) this.#lines.committed(commit)
    refused.tell(onRefused)
    if (this.#lines.plainBytes >= PART_BYTES) await this.#makePart()
  }

  async complete(): Promise<void> {
    const { ledger } = this.#beside
    if (this.#lines.plainBytes > 0) await this.#makePart()
    if (ledger.isSuperseding) await this.#removeSuperseded()
    ledger.markEnded()
  }

  async close(): Promise<void> {
    try {
      if (this.#lines.isAhead) await this.#lines.rewind().catch(() => {})
      await this.#lines.close()
    } finally {
      await this.#beside.close()
    }
  }

  /** The keys of the first records, once there are enough of them; from then on what does not fit is refused. */
  async #settleForm(documents: readonly SettledDocument[]): Promise<readonly string[] | undefined> {
    if (this.#form !== undefined) return undefined
    const sample = await this.#sample(documents)
    if (!sample.isFull) return undefined
    this.#form = sampledForm(this.#options, sample.keys)
    return sample.keys
  }

  async #sample(documents: readonly SettledDocument[]): Promise<ColumnSample> {
    const sample = new ColumnSample(textKeyOf(this.#options))
    const done = documents.filter((document) => document.status === 'done').map(({ records }) => records)
    for (const records of [this.#waiting(), ...done]) {
      for await (const lines of recordLines(records)) {
        for (const line of lines) {
          if (sample.isFull) return sample
          sample.add(line)
        }
      }
    }
    return sample
  }

  /** What is committed to the file of lines. */
  #waiting(): { read(): AsyncGenerator<Uint8Array> } {
    const { path, plainBytes } = this.#lines
    return {
      async *read() {
        const handle = await open(path, 'r')
        try {
          for (let from = 0; from < plainBytes; ) {
            const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, plainBytes - from))
            const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, from)
            if (bytesRead === 0) throw new Error(`${path} is shorter than what was written to it`)
            from += bytesRead
            yield buffer.subarray(0, bytesRead)
          }
        } finally {
          await handle.close()
        }
      },
    }
  }

  get #parts(): readonly string[] {
    return namesIn(this.#beside.ledger.meta(PARTS))
  }

  /** What the file of lines becomes. */
  get #nextPart(): string {
    return partName(this.#parts.length)
  }

  /** In a part there is one version of a document: if another still waits to become a part, it does so first. */
  async #setApart(documents: readonly SettledDocument[]): Promise<void> {
    const { ledger } = this.#beside
    const next = this.#nextPart
    const waits = ({ document, status }: SettledDocument) =>
      status === 'done' && ledger.row(documentKey(document))?.placement?.file === next
    if (this.#lines.plainBytes > 0 && documents.some(waits)) await this.#makePart()
  }

  /** Each part is replaced by itself without the rows whose document is in another by now. A kill leaves some to the next run's end. */
  async #removeSuperseded(): Promise<void> {
    const { ledger } = this.#beside
    try {
      for (const name of this.#parts) {
        const current = new Set(ledger.urls.in(name))
        const part = await PartFile.open(join(this.#path, name))
        const urls = await part.read(['url'])
        if (urls.every(({ url }) => current.has(String(url)))) continue
        const names = part.columns.map((column) => column.name)
        const { bytes } = await part.again(names, (url) => current.has(url))
        await placePart(this.#path, ledger, name, (handle) => handle.writeFile(bytes))
      }
      ledger.forget([])
      ledger.endSuperseding()
    } catch (cause) {
      throw outputFailed(this.#path, cause)
    }
  }

  async #makePart(): Promise<void> {
    const { ledger } = this.#beside
    const parts = this.#parts
    const name = this.#nextPart
    try {
      const keys = this.#form === undefined ? (await this.#sample([])).keys : undefined
      this.#form ??= sampledForm(this.#options, keys ?? [])
      const bytes = await partBytes(this.#form, this.#waiting())
      await placePart(this.#path, ledger, name, (handle) => handle.writeFile(bytes))
      const nowhere = { bytes: 0, plainBytes: 0 }
      ledger.commit({
        rows: [],
        files: [{ name: LINES, position: nowhere, members: [] }],
        within() {
          ledger.setMeta(PARTS, JSON.stringify([...parts, name]))
          if (keys !== undefined) ledger.setMeta(KEYS, JSON.stringify(keys))
        },
      })
      const { path } = this.#lines
      await this.#lines.close()
      this.#lines = await AppendFile.open(path, LINES, nowhere)
    } catch (cause) {
      throw outputFailed(this.#path, cause)
    }
  }
}

/** Writes a part beside and gives it its name; it counts when the ledger lists it. */
export async function placePart(
  output: string,
  ledger: SqliteLedger,
  name: string,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  const beside = join(output, CORNER, 'part')
  const handle = await open(beside, 'w')
  try {
    await write(handle)
    await handle.sync()
  } finally {
    await handle.close()
  }
  failpoint('directory.written')
  ledger.note([name])
  failpoint('directory.noted')
  await rename(beside, join(output, name))
  failpoint('directory.renamed')
  await syncDirectory(output)
  failpoint('directory.synced')
}

/** `n` and `row` as whole numbers, everything else as text: what was a number for the first records may be none for the last. */
async function partBytes(form: FileForm, lines: { read(): AsyncGenerator<Uint8Array> }): Promise<Uint8Array> {
  const columns: Cell[][] = form.names.map(() => [])
  for await (const some of recordLines(lines)) {
    for (const line of some) {
      const cells = form.cells(line)
      if (isRefusal(cells)) throw new MillError('INTERNAL', `a record that was taken is refused: ${cells.reason}`)
      for (const [place, cell] of cells.entries()) columns[place]?.push(cell)
    }
  }
  return parquetBytes(
    form.names.map((name, place) => ({ name, cells: columns[place] ?? [], isNumber: isNumber(form, name, place) })),
  )
}

/** The leading columns n and row. */
function isNumber({ leading }: FileForm, name: string, place: number): boolean {
  return place < leading.length && (name === 'n' || name === 'row')
}
