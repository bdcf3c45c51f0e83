/** What every output of files has beside its files: the lock, the ledger, and the file of rejects. */

import type { Commit, FileCommit } from '../ledger/commit.ts'
import { commitIntervalMs } from '../ledger/commit-interval.ts'
import { documentKeys } from '../ledger/document-key.ts'
import { ledgerRow, type Placement } from '../ledger/ledger.ts'
import { LedgerFile } from '../ledger/ledger-file.ts'
import type { OutputLock } from '../ledger/output-lock.ts'
import type { SqliteLedger, Stage } from '../ledger/sqlite-ledger.ts'
import type { Document } from '../model.ts'
import type { Refusals } from './refusals.ts'
import { RejectsFile, rejectsName } from './rejects.ts'
import type { Remembered, SettledDocument } from './sink.ts'
import type { TargetRequest } from './target.ts'

/** What a target has written of a group. */
export interface GroupWritten extends Pick<Commit, 'waiting' | 'placed' | 'within'> {
  readonly placements?: ReadonlyMap<SettledDocument, Placement>
  /** Records that the target refused. */
  readonly refused?: Refusals
  readonly files?: readonly FileCommit[]
}

/** What it takes of a target's request. */
export interface OutputLedgerRequest extends Pick<TargetRequest, 'output' | 'shape' | 'rejects'> {
  readonly options: Pick<TargetRequest['options'], 'existing'>
  /** What is about to be done with the output. Default: a run. */
  readonly stage?: Stage
}

export class OutputLedger {
  readonly ledger: SqliteLedger
  readonly rejects: RejectsFile
  readonly #file: LedgerFile

  private constructor(file: LedgerFile, rejects: RejectsFile) {
    this.#file = file
    this.ledger = file.ledger
    this.rejects = rejects
  }

  /**
   * Opens or makes the ledger and opens the file of rejects. The lock is released in the end, also when this throws.
   * @param mayReplaceRejects whether a file of rejects may go that is no ledger's
   * @throws MillError SHAPE_CHANGED, OUTPUT_EXISTS, OUTPUT_FAILED
   */
  static async open(
    path: string,
    lock: OutputLock,
    { output, shape, rejects, options, stage }: OutputLedgerRequest,
    mayReplaceRejects = options.existing === 'replace',
  ): Promise<OutputLedger> {
    const wantsValidators = options.existing === 'update'
    const file = LedgerFile.open(path, lock, { output, shape, wantsValidators, stage })
    try {
      return new OutputLedger(
        file,
        await RejectsFile.open(rejects, rejectsName(rejects, path), file.ledger, mayReplaceRejects),
      )
    } catch (cause) {
      file.close()
      throw cause
    }
  }

  get commitIntervalMs(): number {
    return commitIntervalMs(this.ledger.lastCommitMs)
  }

  recall(documents: readonly Document[]): readonly (Remembered | undefined)[] {
    return this.ledger.recall(documentKeys(documents))
  }

  async rejectedRecords(): Promise<number> {
    return this.ledger.counts().rejected
  }

  /** Adds the group's rejects and commits its rows; what the target has written is to be on the disk by now. */
  async commit(documents: readonly SettledDocument[], written: GroupWritten): Promise<void> {
    const { placements, refused, files = [], ...more } = written
    await this.rejects.append(documents)
    const rejects = await this.rejects.synced()
    const settledAt = Date.now()
    const rows = documents.map((document) =>
      ledgerRow(document, settledAt, placements?.get(document), refused?.records(document)),
    )
    this.ledger.commit({ ...more, rows, files: [...files, ...rejects] })
    this.rejects.committed(rejects)
  }

  async close(): Promise<void> {
    try {
      await this.rejects.close()
    } finally {
      this.#file.close()
    }
  }
}
