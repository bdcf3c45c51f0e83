// Where records begin and end.
import { depth } from './elements'
import { entityLength, frames } from './entities'
import { base, documentCur, free } from './memory'
import { NODE_SIZE } from './tree'

/** Whether what is read belongs to a record. */
export let recording: bool = false
/** The node of a record that has ended and whose line is not written yet, or 0. */
export let finished: u32 = 0
/** Records of the document so far. */
export let records: u32 = 0
/** Bytes that the record gets from elsewhere than its own XML: entities, declared attributes. */
export let borrowed: usize = 0

let recordDepth: u32 = 0

export function resetRecords(): void {
  recording = false
  finished = 0
  records = 0
  borrowed = 0
  free = NODE_SIZE
}

/** The element about to be opened is a record. */
export function beginRecord(): void {
  recording = true
  recordDepth = depth
  if (frames) {
    base = documentCur
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
    recording = false
    finished = node
  }
}

/** The line is written: forgets the tree. */
export function forgetRecord(): void {
  finished = 0
  free = NODE_SIZE
  records++
}
