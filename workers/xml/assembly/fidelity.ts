// What the output does not carry over, counted where it happens: each on a path that is rare, so that counting costs nothing.
//
// Elements of one name may be single here and an array there. Whether a name was seen as either is kept in its FLAGS, which
// stay with the instance; the host is told of each only once, with the first document that showed it and came to its end.
import { FLAGS, REPEATED, SINGLE, TOLD, count, isBytes, nameAt } from './names'

/** Elements in which text stands beside children. */
export let mixedElements: u32 = 0
/** Elements whose children of one name stood apart, and stand together in the output. */
export let regroupedElements: u32 = 0
export let droppedComments: u32 = 0
/** Instructions with a text that is more than what looks like attributes. */
export let shortenedInstructions: u32 = 0
/** Comments of the record being read, which are only dropped if it is written anew (markup.ts). */
let recordComments: u32 = 0
/** How often SINGLE or REPEATED was set and not told. */
let untold: u32 = 0

export function resetFidelity(): void {
  mixedElements = regroupedElements = droppedComments = shortenedInstructions = recordComments = 0
  if (untold) forgetUntold()
}

export function countMixed(): void {
  mixedElements++
}

export function countRegrouped(): void {
  regroupedElements++
}

export function countComment(staysInSource: bool): void {
  if (staysInSource) recordComments++
  else droppedComments++
}

/** The line of a record is written. */
export function settleComments(isWrittenAnew: bool): void {
  if (isWrittenAnew) droppedComments += recordComments
  recordComments = 0
}

export function countShortened(): void {
  shortenedInstructions++
}

/** The name of this entry is seen as SINGLE, or as REPEATED, for the first time. */
export function noteForm(entry: usize, form: u32): void {
  store<u32>(entry, load<u32>(entry, FLAGS) | form, FLAGS)
  untold++
}

/** The first name from number `id` on of which something is untold, or 0. */
export function nextUntold(id: u32): u32 {
  if (!untold) return 0
  for (; id <= count; id++) if (untoldOf(id) && !isBytes(id)) return id
  return 0
}

/** What is untold of a name, SINGLE or REPEATED or both; it is told by this. */
export function tell(id: u32): u32 {
  const forms = untoldOf(id)
  const entry = nameAt(id)
  store<u32>(entry, load<u32>(entry, FLAGS) | (forms << TOLD), FLAGS)
  return forms
}

/** All that was to be told is told. */
export function allTold(): void {
  untold = 0
}

function untoldOf(id: u32): u32 {
  const flags = load<u32>(nameAt(id), FLAGS)
  return flags & ~(flags >> TOLD) & (SINGLE | REPEATED)
}

/** The document did not come to its end: what it showed counts for nothing. */
function forgetUntold(): void {
  for (let id: u32 = 1; id <= count; id++) {
    const entry = nameAt(id)
    store<u32>(entry, load<u32>(entry, FLAGS) & ~untoldOf(id), FLAGS)
  }
  untold = 0
}
