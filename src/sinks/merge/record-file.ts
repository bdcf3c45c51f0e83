/** Files of records: NDJSON and CSV, compressed or not. */
import { open } from 'node:fs/promises'
import { hasFailpoint } from '../../failpoint.ts'
import type { Commit } from '../../ledger/commit.ts'
import type { LedgerRow } from '../../ledger/ledger.ts'
import type { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import { KEYS } from '../columns-file.ts'
import { namesIn } from '../columns-table.ts'
import { HEADER_BYTES } from '../csv.ts'
import { csvRow } from '../csv-rows.ts'
import { RECORDS } from '../ledger-place.ts'
import { openRecordFile, type RecordFile } from '../record-file.ts'
import { RecordsReader } from '../records-reader.ts'
import type { Choice } from './choice.ts'
import { type PartColumns, placesIn, unionColumns } from './columns.ts'
import { type Copier, openCopier } from './copier.ts'
import { CsvFields, fieldValue } from './csv-fields.ts'
import { openPart, type Part } from './part.ts'
import type { MergeTarget, MergeTargetRequest } from './target.ts'

/** What is taken over by one commit. Tests that kill at the fifth commit want five commits. */
const COMMIT_BYTES = hasFailpoint ? 16 << 10 : 64 << 20
const COMMIT_ROWS = hasFailpoint ? 3 : 10_000

/** Past this, a commit no longer waits for the end of a member. */
const MOST_COMMIT_BYTES = 4 * COMMIT_BYTES

/** @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED, PART_INCOMPLETE */
export async function openNdjsonTarget(request: MergeTargetRequest): Promise<MergeTarget> {
  return new FileTarget(await openRecordFile(requestOf(request)), undefined)
}

/** The same for CSV: its columns are those of all parts. */
export async function openCsvTarget(request: MergeTargetRequest): Promise<MergeTarget> {
  const ofParts: PartColumns[] = []
  for (const path of request.parts) {
    using part = openPart(path, 'csv')
    const columns = await columnsOf(path, part.ledger)
    if (columns !== undefined) ofParts.push(columns)
  }
  const opened = await openRecordFile(requestOf(request))
  try {
    const own = await columnsOf(request.output, opened.beside.ledger)
    return new FileTarget(opened, { columns: own ?? unionColumns(ofParts) })
  } catch (cause) {
    await opened.file.close()
    await opened.beside.close()
    throw cause
  }
}

function requestOf({ output, shape, rejects }: MergeTargetRequest): Parameters<typeof openRecordFile>[0] {
  return { output, shape, rejects, options: { existing: 'resume' }, stage: 'merging' }
}

class FileTarget implements MergeTarget {
  readonly ledger: SqliteLedger
  readonly rejects: MergeTarget['rejects']
  readonly #opened: RecordFile
  /** Undefined for files that have none; the columns are undefined where no part has a row. */
  readonly #table: { readonly columns: PartColumns | undefined } | undefined

  constructor(opened: RecordFile, table: { readonly columns: PartColumns | undefined } | undefined) {
    this.ledger = opened.beside.ledger
    this.rejects = opened.beside.rejects
    this.#opened = opened
    this.#table = table
  }

  async take(part: Part, choice: Choice): Promise<void> {
    const { file } = this.#opened
    await using copier = await openCopier(part, file, await this.#placesIn(part))
    let header = await this.#begin()
    let rows: LedgerRow[] = []
    let committed = file.plainBytes
    const commit = async () => {
      await copier.flush()
      await this.#commit(rows, header)
      header = undefined
      rows = []
      committed = file.plainBytes
    }
    for (const row of part.ledger.rows('offset')) {
      if (!choice.takes(row)) continue
      rows.push(await this.#moved(row, copier))
      const { offset = 0, length = 0 } = rows.at(-1)?.placement ?? {}
      const bytes = offset + length - committed
      const isFull = bytes >= COMMIT_BYTES || rows.length >= COMMIT_ROWS
      if (isFull && (copier.isAtMember || bytes >= MOST_COMMIT_BYTES)) await commit()
    }
    await commit()
  }

  async close(): Promise<void> {
    const { file, beside } = this.#opened
    try {
      await file.close()
    } finally {
      await beside.close()
    }
  }

  async #moved(row: LedgerRow, copier: Copier): Promise<LedgerRow> {
    if (row.placement !== undefined) return { ...row, placement: await copier.add(row.placement) }
    // A document without records, in a part that has no header.
    const isPlaceless = row.status === 'done' && this.#table?.columns !== undefined
    return isPlaceless ? { ...row, placement: this.#nothing } : row
  }

  /** Where there is nothing: behind the header. */
  get #nothing() {
    return { offset: Number(this.ledger.meta(HEADER_BYTES) ?? this.#headerBytes().byteLength), length: 0, crc32: 0 }
  }

  #headerBytes(): Buffer {
    return Buffer.from(csvRow(this.#table?.columns?.names ?? []))
  }

  async #placesIn(part: Part): Promise<readonly number[] | undefined> {
    const columns = this.#table?.columns
    const own = columns === undefined ? undefined : await columnsOf(part.path, part.ledger)
    if (columns === undefined || own === undefined) return undefined
    return placesIn({ path: part.path, names: own.names }, { path: this.#opened.file.path, names: columns.names })
  }

  /** The header of a file that has none yet, and a place for documents without records that were there before it. */
  async #begin(): Promise<Pick<Commit, 'placed' | 'within'> | undefined> {
    const { file } = this.#opened
    const columns = this.#table?.columns
    if (columns === undefined || file.plainBytes > 0) return undefined
    const header = this.#headerBytes()
    await file.append(header)
    const { ledger } = this
    return {
      placed: ledger.waiting().map(({ key }) => ({ key, placement: this.#nothing })),
      within() {
        ledger.setMeta(HEADER_BYTES, String(header.byteLength))
        if (columns.keys !== undefined) ledger.setMeta(KEYS, JSON.stringify(columns.keys))
      },
    }
  }

  async #commit(rows: readonly LedgerRow[], more: Pick<Commit, 'placed' | 'within'> | undefined): Promise<void> {
    const { file } = this.#opened
    const files = file.isAhead ? [await file.synced()] : []
    if (rows.length === 0 && files.length === 0) return
    // They wait for a header, as they did in the part.
    const waiting =
      this.#table === undefined
        ? []
        : rows
            .filter(({ status, placement }) => status === 'done' && placement === undefined)
            .map(({ key }) => ({ key, lines: Buffer.alloc(0) }))
    this.ledger.commit({ ...more, rows, files, waiting })
    for (const commit of files) file.committed(commit)
  }
}

/** The columns that a file of CSV has by its header; undefined where it has none yet. */
async function columnsOf(path: string, ledger: SqliteLedger): Promise<PartColumns | undefined> {
  const length = Number(ledger.meta(HEADER_BYTES) ?? 0)
  if (length === 0) return undefined
  const handle = await open(path, 'r')
  try {
    const reader = new RecordsReader(handle, path, ledger, RECORDS)
    const chunks: Uint8Array[] = []
    for await (const chunk of reader.read(0, length)) chunks.push(chunk)
    const [names = []] = new CsvFields().add(Buffer.concat(chunks).toString())
    const keys = ledger.meta(KEYS)
    return { names: names.map(fieldValue), keys: keys === undefined ? undefined : namesIn(keys) }
  } finally {
    await handle.close()
  }
}
