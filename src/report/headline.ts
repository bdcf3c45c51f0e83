/** How a run went, in one line. */
import { formatCount, formatDuration, formatPlural } from './figures.ts'
import type { Summary } from './summary-fold.ts'

export interface Headline {
  /** `whole`: everything that was asked for is there. */
  readonly outcome: 'whole' | 'failures' | 'incomplete'
  readonly text: string
}

/** Whether documents were milled in which none of the records was that were asked for. */
export function isWithoutRecords({
  documents,
  records,
  notes,
}: Pick<Summary, 'documents' | 'records' | 'notes'>): boolean {
  const dropped = notes.droppedByTransform ?? 0
  return documents.done > 0 && records.written + records.rejected + dropped === 0
}

export function headlineOf(summary: Summary): Headline {
  const { documents, records, stopped, elapsedMs } = summary
  const { done, failed, waiting, alreadyThere, unchanged } = documents
  const isWhole = failed === 0 && waiting === 0 && records.rejected === 0 && stopped === undefined
  const outcome = isWhole ? 'whole' : failed > 0 ? 'failures' : 'incomplete'
  if (isWhole && done === 0 && unchanged > 0) {
    const rest = alreadyThere > unchanged ? `, ${formatCount(alreadyThere - unchanged)} already there` : ''
    return { outcome, text: `${formatPlural(unchanged, 'document')} asked again, unchanged${rest}` }
  }
  if (isWhole && done === 0 && alreadyThere > 0) {
    return { outcome, text: `${formatPlural(alreadyThere, 'document')} already there, nothing to do` }
  }
  const all = formatPlural(done + failed + waiting, 'document')
  const took = `milled in ${formatDuration(elapsedMs)}`
  if (isWhole && isWithoutRecords(summary))
    return { outcome: 'incomplete', text: `${all} ${took}, and no record found` }
  if (isWhole) return { outcome, text: `${all} ${took}` }
  const rejected = records.rejected > 0 ? `, ${formatPlural(records.rejected, 'record')} rejected` : ''
  return { outcome, text: `${formatCount(done)} of ${all} ${took}${rejected}` }
}
