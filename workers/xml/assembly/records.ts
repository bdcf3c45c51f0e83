// Where records begin and end.
//
// With --nested the records inside a record are kept in a list, 32 bytes each in NODES: NODE, NAME of the element, FROM
// and TO (its XML, offsets from base, or from AUX when IN_ENTITY), NEXT in the list, and the lengths of CONTEXT and SCOPE,
// which follow (context.ts).
import { depth } from './elements'
import { entityLength, frames } from './entities'
import { AUX, base, documentCur, free, reserveNodes } from './memory'
import { NODE_SIZE, field, setField } from './tree'

/** Whether what is read belongs to a record. */
export let recording: bool = false
/** Whether text is kept: it belongs to a record, and to a part of it that is wanted (selection.ts). */
export let keeping: bool = false
/** The node of a record that has ended and whose line is not written yet, or 0. */
export let finished: u32 = 0
/** Records of the document so far. */
export let records: u32 = 0
/** Bytes that the record gets from elsewhere than its own XML: entities, declared attributes. */
export let borrowed: usize = 0

export let recordDepth: u32 = 0
/** Where the XML of a record that stands in an entity's text starts, from AUX. */
export let entityStart: usize = 0

export const INNER_NODE: usize = 0
export const INNER_NAME: usize = 4
export const INNER_FROM: usize = 8
export const INNER_TO: usize = 12
const INNER_NEXT: usize = 16
export const INNER_CONTEXT_LENGTH: usize = 20
export const INNER_SCOPE_LENGTH: usize = 24
export const INNER_IN_ENTITY: usize = 28
export const INNER_SIZE: u32 = 32

/** The list of inner records not yet written, and its last one. */
export let inner: u32 = 0
let innerTail: u32 = 0
/** Whether the next line is that of an inner record, the first of the list. */
export let inInner: bool = false
/** Where nodes of the next record start: behind the context of the open elements. */
let nodesStart: u32 = 0

export function resetRecords(): void {
  recording = keeping = false
  finished = 0
  records = 0
  borrowed = 0
  inner = innerTail = 0
  inInner = false
  free = NODE_SIZE
}

/** The element about to be opened, whose start tag is at `tag`, is a record. */
export function beginRecord(tag: usize): void {
  recording = keeping = true
  recordDepth = depth
  nodesStart = free
  if (frames) {
    base = documentCur
    entityStart = tag - AUX
    borrowed += entityLength()
  }
}

// @ts-ignore: decorator
@inline
export function borrowNothing(): void {
  borrowed = 0
}

// @ts-ignore: decorator
@inline
export function borrow(n: u32): void {
  borrowed += n
}

/** An element has been closed, `depth` counts it no more: perhaps it was the record. */
// @ts-ignore: decorator
@inline
export function endRecord(node: u32): void {
  if (depth == recordDepth) {
    recording = keeping = false
    finished = node
  }
}

/** A record inside the record: node and element name, and where its start tag is. Its entry, or 0 without memory. */
export function addInner(node: u32, name: u32, tag: usize): u32 {
  if (!reserveNodes(free + INNER_SIZE)) return 0
  const entry = free
  const from = <u32>(tag - (frames ? AUX : base))
  free += INNER_SIZE
  setField(entry, INNER_NODE, node)
  setField(entry, INNER_NAME, name)
  setField(entry, INNER_FROM, from)
  setField(entry, INNER_TO, from)
  setField(entry, INNER_NEXT, 0)
  setField(entry, INNER_CONTEXT_LENGTH, 0)
  setField(entry, INNER_SCOPE_LENGTH, 0)
  setField(entry, INNER_IN_ENTITY, frames ? 1 : 0)
  if (innerTail) setField(innerTail, INNER_NEXT, entry)
  else inner = entry
  innerTail = entry
  return entry
}

/** The line is written: on to the inner records, then forgets the tree. */
export function forgetRecord(): void {
  records++
  // The outer record's line comes before those of its inner ones.
  if (inInner) inner = field(inner, INNER_NEXT)
  inInner = inner != 0
  if (inInner) {
    finished = field(inner, INNER_NODE)
    return
  }
  finished = innerTail = 0
  free = nodesStart
}
