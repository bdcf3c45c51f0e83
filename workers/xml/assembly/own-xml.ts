// The record's own XML, for whoever may refuse the record: before the record's line, behind its length in bytes. It reaches
// from the `<` of the start tag to the `>` of the end tag, as it stands in the document, or in the text of the entity that
// the record is in.
import { frames } from './entities'
import { copy, putNumber } from './json'
import { AUX, base, cur, reserveOutput } from './memory'
import { INNER_FROM, INNER_IN_ENTITY, INNER_TO, entityStart, inInner, inner } from './records'
import { field } from './tree'

/** Writes that of the record that has ended, or of the next one inside it; false without memory. */
export function writeOwnXml(): bool {
  let from = frames ? AUX + entityStart : base
  let to = cur
  if (inInner) {
    const origin = field(inner, INNER_IN_ENTITY) ? AUX : base
    from = origin + field(inner, INNER_FROM)
    to = origin + field(inner, INNER_TO)
  }
  const n = <u32>(to - from)
  if (!reserveOutput(<u64>n + 64)) return false
  putNumber(n)
  copy(from, n)
  return true
}
