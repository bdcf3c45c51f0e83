/** How a run went, in one line. */
import { formatCount, formatDuration, formatPlural } from './figures.ts'
import type { Summary } from './summary-fold.ts'

export interface Headline {
  /** `whole`: everything that was asked for is there. */
  readonly outcome: 'whole' | 'failures' | 'incomplete'
  readonly text: string
}

export function headlineOf({ documents, records, stopped, elapsedMs }: Summary): Headline {
  const { done, failed, waiting, alreadyThere } = documents
  const isWhole = failed === 0 && waiting === 0 && records.rejected === 0 && stopped === undefined
  const outcome = isWhole ? 'whole' : failed > 0 ? 'failures' : 'incomplete'
  if (isWhole && done === 0 && alreadyThere > 0) {
    return { outcome, text: `${formatPlural(alreadyThere, 'document')} already there, nothing to do` }
  }
  const all = formatPlural(done + failed + waiting, 'document')
  const took = `milled in ${formatDuration(elapsedMs)}`
  if (isWhole) return { outcome, text: `${all} ${took}` }
  const rejected = records.rejected > 0 ? `, ${formatPlural(records.rejected, 'record')} rejected` : ''
  return { outcome, text: `${formatCount(done)} of ${all} ${took}${rejected}` }
}
