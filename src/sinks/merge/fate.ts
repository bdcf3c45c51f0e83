/** What becomes of a part's document in the output that the part is merged into. Pure. */
import { MillError } from '../../errors.ts'
import type { LedgerRow } from '../../ledger/ledger.ts'

/**
 * It is taken, unless the output has it: done and the same, it is left, as it is at the second try of a merge that was killed. A document that
 * failed here and is done there is done; of two failures the later one counts.
 * @param known what the output has of it
 * @param names the part's and the output's, for messages
 * @throws MillError PARTS_DIFFER where both are done and do not agree
 */
export function fateOf(
  row: LedgerRow,
  known: LedgerRow | undefined,
  names: { readonly part: string; readonly output: string },
): 'take' | 'leave' {
  if (known === undefined) return 'take'
  if (row.status === 'failed') return known.status === 'failed' && row.settledAt > known.settledAt ? 'take' : 'leave'
  if (known.status === 'failed') return 'take'
  const difference = differenceOf(row, known)
  if (difference === undefined) return 'leave'
  throw new MillError(
    'PARTS_DIFFER',
    `${row.url} is done in ${names.part}, and is in ${names.output} from another part: ${difference}`,
  )
}

function differenceOf(one: LedgerRow, other: LedgerRow): string | undefined {
  if (one.bodySha256 === null || other.bodySha256?.equals(one.bodySha256) !== true)
    return 'what the server sent differs'
  for (const count of ['recordsSeen', 'recordsWritten', 'recordsRejected'] as const)
    if (one[count] !== other[count]) return `${COUNTED[count]} differ, ${one[count]} here and ${other[count]} there`
  return undefined
}

const COUNTED = {
  recordsSeen: 'the records seen',
  recordsWritten: 'the records written',
  recordsRejected: 'the records rejected',
}
