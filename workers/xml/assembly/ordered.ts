// The ordered shape, fast-xml-parser's preserveOrder: `{"a":[{"#text":"x"},{"b":[]}],":@":{"@_id":"1"}}`. Elements being
// written are kept as in json.ts.
import { BRACKET_OPEN, QUOTE, byte } from './bytes'
import { depth, openElement } from './elements'
import { copy, put, writeAttributes, writeText } from './json'
import { ARENA, AUX, NODES, out } from './memory'
import { LENGTH, OFFSET, isBytes, nameAt } from './names'
import { textKey, textKeyLength } from './options'
import { ATTRIBUTE_COUNT, FIRST, KIND, NEXT, NODE_NAME, REFERENCES, TEXT, field } from './tree'

/** Writes a record's element. */
export function writeOrdered(record: u32): void {
  let node = record
  const bottom = openElement(depth + 1)
  let top = bottom
  for (;;) {
    const child = begin(node, node == record)
    if (child) {
      store<u32>(top, node)
      top += 8
      node = child
      continue
    }
    let next = top > bottom ? field(node, NEXT) : 0
    while (!next && top > bottom) {
      top -= 8
      node = load<u32>(top)
      finish(node)
      next = top > bottom ? field(node, NEXT) : 0
    }
    if (!next) return
    node = next
  }
}

/** Starts a node. Returns its first child, or 0 when it has none and is written whole. */
function begin(node: u32, isRecord: bool): u32 {
  const start = out
  // All but the first in an array follow another one's brace.
  if (!isRecord && byte(out - 1) == 125) put(44)
  put(123)
  const name = field(node, NODE_NAME)
  if (!name) {
    if (!writeTextObject(field(node, TEXT))) out = start
    return 0
  }
  const entry = nameAt(name)
  copy(ARENA + load<u32>(entry, OFFSET) - 1, (load<u32>(entry, LENGTH) & 0x7fffffff) + 3)
  put(BRACKET_OPEN)
  const child = field(node, FIRST)
  if (child) return child
  if (isBytes(name)) {
    // An instruction has an empty text.
    put(123)
    copy(AUX + textKey, textKeyLength)
    store<u16>(out, 0x2222)
    out += 2
    put(125)
  }
  finish(node)
  return 0
}

/** Writes the rest of `{"#text":"x"}`; false when references leave nothing of the text. */
function writeTextObject(text: u32): bool {
  copy(AUX + textKey, textKeyLength)
  const value = out
  writeText(text)
  if (out - value == 2 && byte(value) == QUOTE && load<u32>(NODES + text, KIND) & REFERENCES) return false
  put(125)
  return true
}

function finish(node: u32): void {
  put(93)
  if (field(node, ATTRIBUTE_COUNT)) {
    // `,":@":{`
    store<u64>(out, 0x7b3a22403a222c)
    out += 7
    writeAttributes(node)
    put(125)
  }
  put(125)
}
