/** What one attempt brings: records and rejects, held until it is known what becomes of them. */
import type { Batch, Receipt } from '../channel/protocol.ts'
import type { DocumentFacts } from '../model.ts'
import type { Tail } from '../sinks/sink.ts'
import { HeldRecords, type MemoryBudget } from '../spool/held-records.ts'
import type { SpoolDirectory } from '../spool/spool-directory.ts'
import { checkCounts, firstReason, withReason } from './record-counts.ts'

export class Harvest {
  readonly records: HeldRecords
  readonly rejects: HeldRecords
  /** Why the first reject is one. */
  #reason: string | undefined

  constructor(budget: MemoryBudget, spool: SpoolDirectory, claimTail: () => Tail | undefined) {
    this.records = new HeldRecords(budget, spool, claimTail)
    this.rejects = new HeldRecords(budget, spool)
  }

  add(batch: Batch, receipt: Receipt): void {
    const held = batch.kind === 'records' ? this.records : this.rejects
    if (held === this.rejects) this.#reason ??= firstReason(batch.bytes)
    held.append(batch, receipt)
  }

  /**
   * The facts of the document, when all has arrived that it counts.
   * @throws MillError INTERNAL
   */
  checked(url: string, facts: DocumentFacts, hasTransform: boolean): DocumentFacts {
    checkCounts(url, facts, { records: this.records.count, rejects: this.rejects.count }, hasTransform)
    return withReason(facts, this.#reason)
  }

  /** Nobody will have it. */
  async release(): Promise<void> {
    await Promise.all([this.records.release(), this.rejects.release()])
  }
}
