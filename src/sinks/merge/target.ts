/** What parts are merged into. One file of this folder for each kind of output. */
import type { RunShape } from '../../ledger/run-shape.ts'
import type { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import type { RejectsFile } from '../rejects.ts'
import type { Choice } from './choice.ts'
import type { Part } from './part.ts'

export interface MergeTarget {
  readonly ledger: SqliteLedger
  readonly rejects: RejectsFile
  /**
   * Takes over what a part has of its documents, records and ledger rows together, in commits of whole documents: a kill between two of
   * them leaves an output that is whole as far as it goes.
   * @throws MillError OUTPUT_FAILED
   */
  take(part: Part, choice: Choice): Promise<void>
  close(): Promise<void>
}

export interface MergeTargetRequest {
  readonly output: string
  readonly shape: RunShape
  /** Where the rejects of the parts go. */
  readonly rejects: string
  /** All parts of this merge, in their order. */
  readonly parts: readonly string[]
}
