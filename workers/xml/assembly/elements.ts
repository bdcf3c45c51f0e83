// The open elements, 48 bytes each in STACK:
//   NODE       its node when it is part of a record
//   ELEMENT    the number of its name
//   PLACE_LOW  low 32 bits of the offset of its start tag in the document
//   LINE, COLUMN  of its start tag, set when the input that holds it is dropped (positions.ts)
//   STEPS      record paths: the steps that this element satisfies as the last of its path so far
//   BELOW      record paths: the steps that this element or one above it satisfies
//   CONTEXT    outside records: offset in NODES of what --with-attributes-of says about it (context.ts)
//   INNER      in records: its entry in the list of records inside the record, 0 for none (records.ts)
//   SELECTED   in records: its state when only parts are wanted (selection.ts)
import { BINDINGS, STACK, shift } from './memory'

export const NODE: usize = 0
export const ELEMENT: usize = 4
export const PLACE_LOW: usize = 8
export const LINE: usize = 12
export const COLUMN: usize = 16
export const CONTEXT: usize = 20
export const STEPS: usize = 24
export const BELOW: usize = 32
export const INNER: usize = 40
export const SELECTED: usize = 44
const ENTRY: usize = 48

/** How many elements are open. */
export let depth: u32 = 0
/** How many open elements have their line and column. */
export let placed: u32 = 0

// @ts-ignore: decorator
@inline
export function openElement(i: u32): usize {
  return STACK + <usize>i * ENTRY
}

// @ts-ignore: decorator
@inline
export function stackIsFull(): bool {
  return openElement(depth + 2) > BINDINGS
}

/** Makes the stack twice as large. Everything above it moves. */
export function growStack(): bool {
  return shift(BINDINGS, BINDINGS - STACK)
}
