/** Which documents of a part are taken. */
import type { LedgerRow } from '../../ledger/ledger.ts'
import type { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import type { StoredRow } from '../../ledger/sqlite-tables.ts'
import { fateOf } from './fate.ts'
import type { Part } from './part.ts'

/** Documents that the output is asked about at once. */
const BATCH_ROWS = 1000

export interface Choice {
  takes(row: StoredRow): boolean
  /** How many of the taken ones are done, and failed; of the others, how many are there already, and how many are not to be kept. */
  readonly counts: { readonly done: number; readonly failed: number; readonly left: number; readonly leftOut: number }
}

export interface ChoiceRequest {
  /** What the documents are to go into, and its ledger. */
  readonly output: string
  readonly ledger: SqliteLedger
  /** See MergeRequest. */
  readonly keeps?: ((row: LedgerRow, part: string) => boolean) | undefined
}

/**
 * Decides for all documents, before anything of the part is moved: what does not agree leaves the output as it is.
 * @throws MillError PARTS_DIFFER
 */
export function choose(part: Part, { output, ledger, keeps }: ChoiceRequest): Choice {
  const names = { part: part.path, output }
  const untaken = new Set<number>()
  const counts = { done: 0, failed: 0, left: 0, leftOut: 0 }
  const judge = (rows: readonly StoredRow[]) => {
    // Most are not there as done: to look for each alone would take most of the time of a merge of small documents.
    const known = ledger.recall(Buffer.concat(rows.map(({ key }) => key)))
    for (const [place, row] of rows.entries()) {
      const isNew = known[place] === undefined && row.status === 'done'
      const isKept = keeps?.(row, part.path) !== false
      const isTaken = isKept && (isNew || fateOf(row, ledger.row(row.key), names) === 'take')
      if (!isTaken) untaken.add(row.seq)
      const taken = row.status === 'done' ? 'done' : 'failed'
      counts[isTaken ? taken : isKept ? 'left' : 'leftOut'] += 1
    }
  }
  let batch: StoredRow[] = []
  for (const row of part.ledger.rows('seq')) {
    batch.push(row)
    if (batch.length < BATCH_ROWS) continue
    judge(batch)
    batch = []
  }
  if (batch.length > 0) judge(batch)
  return { takes: ({ seq }) => !untaken.has(seq), counts }
}
