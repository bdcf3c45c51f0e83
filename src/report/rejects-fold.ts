/** Rejected records by code, and the columns that some of them wanted. */
import { ERRORS, type ErrorCode } from '../errors.ts'
import type { ColumnGap, DocumentFacts, Rejection } from '../model.ts'
import type { RejectionGroup } from './summary-fold.ts'

/** So many columns are kept that were missing. */
const MAX_MISSING = 500

export class RejectsFold {
  readonly #ofCode = new Map<ErrorCode, Rejection>()
  #present: readonly string[] = []
  readonly #missing = new Set<string>()

  add({ rejections = [], columnGap }: Pick<DocumentFacts, 'rejections' | 'columnGap'>): void {
    for (const { code, count, reason } of rejections) {
      const before = this.#ofCode.get(code)
      this.#ofCode.set(code, { code, count: (before?.count ?? 0) + count, reason: before?.reason ?? reason })
    }
    if (columnGap === undefined) return
    if (this.#present.length === 0) this.#present = columnGap.present
    for (const column of columnGap.missing) if (this.#missing.size < MAX_MISSING) this.#missing.add(column)
  }

  /** The most frequent first. */
  groups(): readonly RejectionGroup[] {
    return Array.from(this.#ofCode.values(), (rejection) => {
      const { meaning, remedy } = ERRORS[rejection.code]
      return { ...rejection, meaning, remedy }
    }).sort((a, b) => b.count - a.count)
  }

  columnGap(): ColumnGap | undefined {
    return this.#missing.size === 0 ? undefined : { present: this.#present, missing: [...this.#missing] }
  }
}
