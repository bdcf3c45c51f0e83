// Elements opened and closed: the stack, the tree of a record, and what the options ask of either.
import { resolveCollisions } from './collisions'
import { dropContext, keepContext, keepInnerContext, keepInnerScope } from './context'
import { ELEMENT, INNER, NODE, PLACE_LOW, SELECTED, depth, openElement, placed } from './elements'
import { frames } from './entities'
import { AUX, INPUT, base, consumed, documentCur, free } from './memory'
import { LOCAL, nameAt } from './names'
import { boundDepth, unbind } from './namespaces'
import {
  SHAPE_JSON,
  SHAPE_XML,
  collides,
  keepsAttributes,
  keepsContext,
  nestedRecords,
  shape,
  stripsPrefixes,
} from './options'
import { completes, keepSteps, satisfied } from './paths'
import { INNER_TO, addInner, beginRecord, borrowed, endRecord, keeping, recording } from './records'
import { ROOT, childState, selecting, wantedAttributes, wantsText } from './selection'
import { FIRST, NODE_SIZE, TAIL, append, field, group, setField, startNode } from './tree'

/** Whether the root element has been opened. */
export let rootSeen: bool = false

export function resetNesting(): void {
  rootSeen = false
}

/** Opens an element whose attributes lie in NODES behind its node and end at offset f; false without memory. */
// @ts-ignore: decorator
@inline
export function openTag(element: u32, tag: usize, f: u32): bool {
  rootSeen = true
  const entry = openElement(depth)
  const node = free
  store<u32>(entry, element, ELEMENT)
  store<u32>(entry, node, NODE)
  store<u32>(entry, <u32>((frames ? documentCur : tag) - INPUT) + <u32>consumed, PLACE_LOW)
  if (recording) {
    if (selecting && !select(element)) {
      depth++
      return true
    }
    write(element, f)
    append(load<u32>(openElement(depth - 1), NODE), node)
    if (nestedRecords && !openInner(element, node, tag)) return false
  } else {
    const steps = satisfied(element)
    keepSteps(steps)
    if (completes(steps)) {
      beginRecord(tag)
      if (selecting) selectRecord()
      write(element, f)
      store<u32>(entry, 0, INNER)
    } else if (keepsContext) {
      startNode(element, keepsAttributes ? f : free + NODE_SIZE)
      if (collides) resolveCollisions(node)
      if (!keepContext(element, borrowed)) return false
    }
  }
  depth++
  return true
}

/** What of the element about to be opened is wanted: false for nothing. */
function select(element: u32): bool {
  const entry = openElement(depth)
  const state = childState(load<u32>(openElement(depth - 1), SELECTED), element)
  store<u32>(entry, state, SELECTED)
  keeping = wantsText(state)
  if (state) return true
  store<u32>(entry, 0, NODE)
  return false
}

function selectRecord(): void {
  store<u32>(openElement(depth), ROOT, SELECTED)
  keeping = wantsText(ROOT)
}

/** With --nested: the element may be a record itself. */
function openInner(element: u32, node: u32, tag: usize): bool {
  const entry = openElement(depth)
  const steps = satisfied(element)
  keepSteps(steps)
  store<u32>(entry, 0, INNER)
  if (!completes(steps)) return true
  const innerEntry = addInner(node, element, tag)
  if (!innerEntry) return false
  store<u32>(openElement(depth), innerEntry, INNER)
  if (shape == SHAPE_XML) return keepInnerScope(innerEntry, node)
  return !keepsContext || keepInnerContext(innerEntry)
}

// @ts-ignore: decorator
@inline
function write(element: u32, f: u32): void {
  const name = stripsPrefixes ? load<u32>(nameAt(element), LOCAL) : element
  let top = keepsAttributes ? f : free + NODE_SIZE
  if (selecting) top = wantedAttributes(load<u32>(openElement(depth), SELECTED), free + NODE_SIZE, top)
  startNode(name, top)
  free = top
}

/** Closes the innermost element, whose last tag ends at p. */
// @ts-ignore: decorator
@inline
export function closeElement(p: usize): void {
  depth--
  if (recording) {
    const node = load<u32>(openElement(depth), NODE)
    if (selecting && depth) keeping = wantsText(load<u32>(openElement(depth - 1), SELECTED))
    if (!node) return closeUnwanted()
    if (collides && shape == SHAPE_JSON) resolveCollisions(node)
    if (field(node, FIRST) != field(node, TAIL) && shape == SHAPE_JSON) group(node)
    if (nestedRecords) closeInner(p)
    endRecord(node)
  } else if (keepsContext) dropContext()
  closeUnwanted()
}

// @ts-ignore: decorator
@inline
function closeUnwanted(): void {
  if (placed > depth) placed = depth
  if (boundDepth > depth) unbind()
}

function closeInner(p: usize): void {
  const innerEntry = load<u32>(openElement(depth), INNER)
  if (innerEntry) setField(innerEntry, INNER_TO, <u32>(p - (frames ? AUX : base)))
}
