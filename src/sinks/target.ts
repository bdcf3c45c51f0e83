/** What a store is made from. */
import type { RunShape } from '../ledger/run-shape.ts'
import type { RunOptions } from '../options.ts'

export interface TargetRequest {
  /** As the user has it. */
  readonly output: string
  readonly options: RunOptions
  /** What the ledger must agree with; add to it what shapes the records of this target (see runShape). */
  readonly shape: RunShape
  /** Where records go that are refused. Made when the first one comes. */
  readonly rejects: string
}
