/**
 * Directories of Parquet files. Which of them has a document's rows is not known but from the rows, so a part is taken in one commit: its files
 * as they are, or written anew where their columns are not the output's or where some of their documents are there already.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillError } from '../../errors.ts'
import type { LedgerRow } from '../../ledger/ledger.ts'
import type { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import { KEYS } from '../columns-file.ts'
import { namesIn } from '../columns-table.ts'
import { outputFailed } from '../output-error.ts'
import { openParquetLedger, PARTS, placePart } from '../parquet.ts'
import { PartFile, partName } from '../parquet-part.ts'
import type { Choice } from './choice.ts'
import { type PartColumns, placesIn, unionColumns } from './columns.ts'
import { openPart, type Part } from './part.ts'
import type { MergeTarget, MergeTargetRequest } from './target.ts'

/** @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED, PART_INCOMPLETE */
export async function openParquetTarget(request: MergeTargetRequest): Promise<MergeTarget> {
  const { output, shape, rejects } = request
  const ofParts: PartColumns[] = []
  for (const path of request.parts) {
    using part = openPart(path, 'parquet')
    const columns = await columnsOf(path, part.ledger)
    if (columns !== undefined) ofParts.push(columns)
  }
  const opened = await openParquetLedger({ output, shape, rejects, options: { existing: 'resume' }, stage: 'merging' })
  const { lines, beside } = opened
  const close = async () => {
    try {
      await lines.close()
    } finally {
      await beside.close()
    }
  }
  try {
    const columns = (await columnsOf(output, beside.ledger)) ?? unionColumns(ofParts)
    return {
      ledger: beside.ledger,
      rejects: beside.rejects,
      take: (part, choice) => takePart(output, beside.ledger, columns, part, choice),
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function takePart(
  output: string,
  ledger: SqliteLedger,
  columns: PartColumns | undefined,
  part: Part,
  choice: Choice,
): Promise<void> {
  const { taken, left } = urlsOf(part, choice)
  const before = namesIn(ledger.meta(PARTS))
  /** By what a file is called in the part: what it is called here. */
  const names = new Map<string, string>()
  try {
    for (const file of taken.size === 0 ? [] : namesIn(part.ledger.meta(PARTS))) {
      const bytes = await readFile(join(part.path, file))
      const wanted = await wantedBytes(part.path, bytes, { path: output, names: columns?.names ?? [] }, left)
      if (wanted === undefined) continue
      const name = partName(before.length + names.size)
      await placePart(output, ledger, name, (handle) => handle.writeFile(wanted))
      names.set(file, name)
    }
  } catch (cause) {
    throw outputFailed(output, cause)
  }
  ledger.commit({
    rows: takenRows(part, choice, names),
    within() {
      ledger.setMeta(PARTS, JSON.stringify([...before, ...names.values()]))
      if (columns?.keys !== undefined) ledger.setMeta(KEYS, JSON.stringify(columns.keys))
    },
  })
}

function* takenRows(part: Part, choice: Choice, names: ReadonlyMap<string, string>): Generator<LedgerRow> {
  for (const row of part.ledger.rows('seq')) {
    if (!choice.takes(row)) continue
    const { placement } = row
    const name = placement?.file === undefined ? undefined : names.get(placement.file)
    yield {
      ...row,
      placement: placement === undefined || name === undefined ? undefined : { ...placement, file: name },
    }
  }
}

/**
 * The documents with rows that are taken, and those that are not.
 * @throws MillError PARTS_DIFFER where one of several by the same URL is taken and another not
 */
function urlsOf({ path, ledger }: Part, choice: Choice): Readonly<Record<'taken' | 'left', ReadonlySet<string>>> {
  const left = new Set<string>()
  const taken = new Set<string>()
  for (const row of ledger.rows('seq'))
    if (row.status === 'done' && row.recordsWritten > 0) (choice.takes(row) ? taken : left).add(row.url)
  for (const url of left)
    if (taken.has(url))
      throw new MillError('PARTS_DIFFER', `${url} is in ${path} more than once, and only some of that is to be taken`)
  return { taken, left }
}

/** A file as the output takes it: as it is, or with other columns, or without some documents; undefined where nothing is left of it. */
async function wantedBytes(
  path: string,
  bytes: Buffer<ArrayBuffer>,
  output: { readonly path: string; readonly names: readonly string[] },
  left: ReadonlySet<string>,
): Promise<Uint8Array | undefined> {
  const file = new PartFile(bytes)
  const places = placesIn({ path, names: file.columns.map(({ name }) => name) }, output)
  if (places === undefined && left.size === 0) return bytes
  if (left.size > 0 && file.columns[0]?.name !== 'url')
    throw new MillError(
      'PARTS_DIFFER',
      `some documents of ${path} are in ${output.path} already, and without url (--bare) its rows cannot be told apart`,
    )
  const again = await file.again(output.names, (url) => !left.has(url))
  return again.rows === 0 ? undefined : again.bytes
}

/** The columns that the files of a part have; undefined where there is none. */
async function columnsOf(path: string, ledger: SqliteLedger): Promise<PartColumns | undefined> {
  const [first] = namesIn(ledger.meta(PARTS))
  if (first === undefined) return undefined
  const { columns } = await PartFile.open(join(path, first))
  const keys = ledger.meta(KEYS)
  return {
    names: columns.map(({ name }) => name),
    keys: keys === undefined ? undefined : namesIn(keys),
  }
}
