// The json shape: what fast-xml-parser makes of an element. Children in the order of their first appearance, those of
// one name as an array; then the text under its key; then the attributes. Text alone is a string.
//
// Nothing here recurses: the elements being written are kept where the stack of open elements has been while the record
// was read (8 bytes a level, of the 48 there), so that depth costs no native stack.
import { QUOTE, SPACE, byte } from './bytes'
import { depth, openElement } from './elements'
import { countMixed, noteForm } from './fidelity'
import { ARENA, AUX, NODES, out, reserveOutput } from './memory'
import { ARRAY, FLAGS, LENGTH, OFFSET, REPEATED, SINGLE, nameAt, nameLength, shownName } from './names'
import { attributeKey, attributeKeyLength, textKey, textKeyLength, writesValues } from './options'
import {
  ATTRIBUTE_COUNT,
  COLLAPSED,
  FIRST,
  KIND,
  LINK,
  NEXT,
  NODE_NAME,
  NODE_SIZE,
  SAME,
  SIZE,
  SLOT_SIZE,
  TEXT,
  VERBATIM,
  bytesOf,
  field,
} from './tree'
import { isExact } from './exact'
import { inInner } from './records'
import { plainValue, writeString } from './values'

// @ts-ignore: decorator
@inline
export function put(c: u32): void {
  store<u8>(out++, <u8>c)
}

export function putNumber(n: u32): void {
  let digits: u32 = 1
  for (let m = n; m > 9; m /= 10) digits++
  for (let i = digits; i > 0; i--) {
    store<u8>(out + i - 1, <u8>(48 + (n % 10)))
    n /= 10
  }
  out += digits
}

/** Copies n bytes; may write up to 15 more behind them. */
// @ts-ignore: decorator
@inline
export function copy(s: usize, n: u32): void {
  for (let j: u32 = 0; j < n; j += 16) v128.store(out + j, v128.load(s + j))
  out += n
}

/** Writes the value of the node: a string or an object. */
export function writeElement(node: u32): void {
  const bottom = openElement(depth + 1)
  let top = bottom
  for (;;) {
    const child = begin(node)
    if (child) {
      store<u32>(top, node)
      store<u32>(top, child, 4)
      top += 8
      node = child
      continue
    }
    // The node is written; on to the next, and out of those that have no more.
    node = following(node, top, bottom)
    while (!node && top > bottom) {
      top -= 8
      finish(load<u32>(top))
      node = following(load<u32>(top), top, bottom)
    }
    if (!node) return
  }
}

/** Starts a node. Returns its first child, or 0 when it has none and is written whole. */
// @ts-ignore: decorator
@inline
function begin(node: u32): u32 {
  const child = field(node, FIRST)
  if (child) {
    put(123)
    key(child)
    return child
  }
  const text = field(node, TEXT)
  if (field(node, ATTRIBUTE_COUNT)) {
    put(123)
    if (text && writeTextMember(text)) put(44)
    writeAttributes(node)
    put(125)
  } else if (text) writeText(text)
  else {
    store<u16>(out, 0x2222)
    out += 2
  }
  return 0
}

/** Writes a child's key, and the bracket that opens its array. */
// @ts-ignore: decorator
@inline
function key(child: u32): void {
  const entry = nameAt(field(child, NODE_NAME))
  copy(ARENA + load<u32>(entry, OFFSET) - 1, (load<u32>(entry, LENGTH) & 0x7fffffff) + 3)
  const flags = load<u32>(entry, FLAGS)
  if (field(child, SAME) | (flags & ARRAY)) {
    put(91)
    if (!(flags & (REPEATED | ARRAY))) noteForm(entry, REPEATED)
  } else if (!(flags & SINGLE)) noteForm(entry, SINGLE)
}

/** After a node: the next of its array, or the next child of its parent, or 0 when the parent has no more. */
// @ts-ignore: decorator
@inline
function following(node: u32, top: usize, bottom: usize): u32 {
  if (top == bottom) return 0
  const same = field(node, SAME)
  if (same) {
    put(44)
    return same
  }
  const head = load<u32>(top - 8, 4)
  if (node != head || load<u32>(nameAt(field(head, NODE_NAME)), FLAGS) & ARRAY) put(93)
  const next = field(head, NEXT)
  if (next) {
    store<u32>(top - 8, next, 4)
    put(44)
    key(next)
  }
  return next
}

/** What comes after the children of a node. */
function finish(node: u32): void {
  const text = field(node, TEXT)
  if (text) {
    put(44)
    if (!writeTextMember(text)) out--
    else if (!inInner) countMixed()
  }
  if (field(node, ATTRIBUTE_COUNT)) {
    put(44)
    writeAttributes(node)
  }
  put(125)
}

/** Writes a text under its key; one that is empty once its entities are replaced is left out. */
function writeTextMember(text: u32): bool {
  const start = out
  copy(AUX + textKey, textKeyLength)
  const value = out
  writeText(text)
  if (out - value != 2 || byte(value) != QUOTE) return true
  out = start
  return false
}

/** Writes pieces of text as one string. */
export function writeText(text: u32): void {
  if (writesValues && !field(text, LINK) && writeExact(NODES + text)) return
  put(34)
  do {
    const t = NODES + text
    writeString(bytesOf(t), load<u32>(t, SIZE), load<u32>(t, KIND))
    text = load<u32>(t, LINK)
  } while (text)
  put(34)
}

/** Writes the attributes of a node as members of an object. */
export function writeAttributes(node: u32): void {
  let t = NODES + node + NODE_SIZE
  const e = t + <usize>field(node, ATTRIBUTE_COUNT) * SLOT_SIZE
  for (;;) {
    writeAttribute(t)
    t += SLOT_SIZE
    if (t >= e) return
    put(44)
  }
}

// @ts-ignore: decorator
@inline
export function writeAttribute(t: usize): void {
  const name = shownName(load<u32>(t, LINK))
  copy(AUX + attributeKey, attributeKeyLength)
  copy(ARENA + load<u32>(nameAt(name), OFFSET), nameLength(name) + 2)
  if (writesValues && writeExact(t)) return
  put(34)
  if (load<u32>(t, KIND) & COLLAPSED) writeCollapsed(t)
  else writeTrimmed(bytesOf(t), load<u32>(t, SIZE), load<u32>(t, KIND))
  put(34)
}

// @ts-ignore: decorator
@inline
function writeTrimmed(s: usize, n: u32, kind: u32): void {
  while (n && byte(s) <= SPACE) {
    s++
    n--
  }
  while (n && byte(s + n - 1) <= SPACE) n--
  if (n) writeString(s, n, kind)
}

function writeCollapsed(t: usize): void {
  const n = plainValue(t)
  // The plain value stands where the string is to go.
  const aside = out + 2 * n + 64
  if (!reserveOutput(3 * <u64>n + 192)) return
  memory.copy(aside, out, n)
  writeString(aside, n, VERBATIM)
}

function writeExact(t: usize): bool {
  const s = bytesOf(t)
  const n = load<u32>(t, SIZE)
  if (load<u32>(t, KIND) & (COLLAPSED | VERBATIM) || !isExact(s, n)) return false
  copy(s, n)
  return true
}
