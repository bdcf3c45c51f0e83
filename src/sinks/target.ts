/** What a store is made from. */

import type pg from 'pg'
import type { RunShape } from '../ledger/run-shape.ts'
import type { RunOptions } from '../options.ts'
import type { SettledDocument } from './sink.ts'

/**
 * Where several machines write into one database: says in the transaction of a group, before anything else, which of its documents are
 * this machine's to write.
 */
export type Admit = (client: pg.Client, documents: readonly SettledDocument[]) => Promise<readonly SettledDocument[]>

export interface TargetRequest {
  /** As the user has it. */
  readonly output: string
  readonly options: RunOptions
  /** What the ledger must agree with; add to it what shapes the records of this target (see runShape). */
  readonly shape: RunShape
  /** Where records go that are refused. Made when the first one comes. */
  readonly rejects: string
  /** Only a PostgreSQL database takes it. */
  readonly admit?: Admit | undefined
}
