// The record being read, as a tree in NODES. Nodes and texts are addressed by their offset from NODES; 0 is none.
//
// A node has 32 bytes, followed at once by its attributes, and by nothing else:
//   NODE_NAME    number of the name it is written with; 0 for a text of the ordered shape
//   FIRST, TAIL  first and last child
//   NEXT         next sibling
//   SAME         next sibling of the same name, once children are grouped
//   TEXT, TEXT_TAIL  first and last piece of text
//   ATTRIBUTE_COUNT  with NESTED in the top bit
// A text or an attribute has 16 bytes:
//   PLACE        offset of its bytes from `base`, or from AUX with IN_AUX
//   SIZE         in bytes
//   KIND         see below
//   LINK         a text's next piece; an attribute's name
import { SPACE, byte } from './bytes'
import { countRegrouped } from './fidelity'
import { AUX, NODES, OUTPUT, auxUsed, base, free, reserveNodes } from './memory'
import { SHAPE_XML, shape } from './options'
import { LAST, SEEN, nameAt, nextSerial } from './names'

export const NODE_NAME: usize = 0
export const FIRST: usize = 4
export const NEXT: usize = 8
export const SAME: usize = 12
export const TEXT: usize = 16
export const ATTRIBUTE_COUNT: usize = 20
export const TAIL: usize = 24
export const TEXT_TAIL: usize = 28
export const NODE_SIZE: u32 = 32

export const PLACE: usize = 0
export const SIZE: usize = 4
export const KIND: usize = 8
export const LINK: usize = 12
export const SLOT_SIZE: u32 = 16

// Bits of KIND.
/** Has references to be decoded. */
export const REFERENCES: u32 = 1
/** Lies in AUX. */
export const IN_AUX: u32 = 2
/** White space becomes spaces (XML 1.0, 3.3.3). */
export const SPACES: u32 = 4
/** Runs of spaces become one, none at the ends (3.3.3, types other than CDATA). */
export const COLLAPSED: u32 = 8
/** All references are replaced already: nothing is normalised. */
export const VERBATIM: u32 = 16
/** Only references to characters and predefined entities are replaced, if they are any. */
export const LOOSE: u32 = 32
/** Is a CDATA section. */
export const CDATA_SECTION: u32 = 64

// @ts-ignore: decorator
@inline
export function field(node: u32, at: usize): u32 {
  assert(NODES + node + at + 4 <= OUTPUT)
  return load<u32>(NODES + node + at)
}

// @ts-ignore: decorator
@inline
export function setField(node: u32, at: usize, value: u32): void {
  assert(node != 0 && NODES + node + at + 4 <= OUTPUT)
  store<u32>(NODES + node + at, value)
}

/** Address of the bytes of the text or attribute at address t. */
// @ts-ignore: decorator
@inline
export function bytesOf(t: usize): usize {
  const inAux = (load<u32>(t, KIND) & IN_AUX) != 0
  assert(t >= NODES && t + SLOT_SIZE <= OUTPUT)
  assert(load<u32>(t, PLACE) + load<u32>(t, SIZE) <= <u32>(inAux ? auxUsed : NODES - base))
  return (inAux ? AUX : base) + load<u32>(t, PLACE)
}

/** Whether an open run of text goes on: its end is not trimmed yet (see `closeRun`). */
export let runOpen: bool = false
let runFirst: u32 = 0

/** An empty node at `free`, whose attributes reach up to `top`. */
// @ts-ignore: decorator
@inline
export function startNode(name: u32, top: u32): void {
  const t = NODES + free
  const zero = i64x2.splat(0)
  v128.store(t, zero)
  v128.store(t, zero, 16)
  store<u32>(t, name)
  store<u32>(t, (top - free - NODE_SIZE) >> 4, ATTRIBUTE_COUNT)
}

// @ts-ignore: decorator
@inline
export function append(parent: u32, node: u32): void {
  const p = NODES + parent
  const last = load<u32>(p, TAIL)
  if (last) store<u32>(NODES + last, node, NEXT)
  else store<u32>(p, node, FIRST)
  store<u32>(p, node, TAIL)
}

/** One more piece of text for the node: n bytes at `place`. */
export function addText(node: u32, place: u32, n: u32, kind: u32): bool {
  if (!reserveNodes(free + SLOT_SIZE)) return false
  const t = NODES + free
  store<u32>(t, place, PLACE)
  store<u32>(t, n, SIZE)
  store<u32>(t, kind, KIND)
  store<u32>(t, 0, LINK)
  const last = field(node, TEXT_TAIL)
  if (last) setField(last, LINK, free)
  else setField(node, TEXT, free)
  setField(node, TEXT_TAIL, free)
  free += SLOT_SIZE
  return true
}

/** The piece of text at `piece` is not the last of its run: a comment or an entity's edge follows. */
export function openRun(piece: u32): void {
  if (!runOpen) runFirst = piece
  runOpen = true
}

/** The run of text is whole: trims its end, through as many pieces as are white space. */
export function closeRun(): void {
  // The xml shape keeps all white space: its runs are never closed.
  if (shape == SHAPE_XML) return
  runOpen = false
  let blankFrom = runFirst
  for (let piece = runFirst; piece; piece = field(piece, LINK)) {
    if (!isBlank(piece)) blankFrom = piece
  }
  for (let piece = blankFrom; piece; piece = field(piece, LINK)) {
    const t = NODES + piece
    const s = bytesOf(t)
    let e = s + load<u32>(t, SIZE)
    while (e > s && byte(e - 1) <= SPACE) e--
    store<u32>(t, <u32>(e - s), SIZE)
  }
}

function isBlank(piece: u32): bool {
  const t = NODES + piece
  const s = bytesOf(t)
  const e = s + load<u32>(t, SIZE)
  for (let p = s; p < e; p++) if (byte(p) > SPACE) return false
  return true
}

/** Chains children of one name behind the first of them, where fast-xml-parser's arrays have them. */
export function group(node: u32): void {
  let child = field(node, FIRST)
  let previous: u32 = 0
  let before: u32 = 0
  let regrouped = false
  const mark = nextSerial()
  while (child) {
    const next = field(child, NEXT)
    const entry = nameAt(field(child, NODE_NAME))
    if (load<u32>(entry, SEEN) == mark) {
      const last = load<u32>(entry, LAST)
      if (last != before) regrouped = true
      setField(last, SAME, child)
    } else {
      store<u32>(entry, mark, SEEN)
      if (previous) setField(previous, NEXT, child)
      previous = child
    }
    store<u32>(entry, child, LAST)
    before = child
    child = next
  }
  setField(previous, NEXT, 0)
  if (regrouped) countRegrouped()
}
