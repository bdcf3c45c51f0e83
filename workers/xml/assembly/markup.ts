// The xml shape: a record's own XML as a JSON string, with the declarations of the namespaces in scope put into its tag.
//
// Mostly that is the text as it stands in the input. Where entities or declared attributes have brought something in, the
// text alone would mean nothing without the document's declarations: then it is written anew from the tree.
import { AMPERSAND, BRACKET_OPEN, CR, GREATER, LESS, LF, QUESTION, QUOTE, SEMICOLON, SLASH, SPACE, TAB, byte } from './bytes'
import { depth, openElement } from './elements'
import { put, copy } from './json'
import { NODES, base, out, reserveOutput } from './memory'
import { BOUND, DECLARES, FLAGS, LOCAL, PREFIX, SEEN, isBytes, nameAt, nameBytes, nameLength, nextSerial } from './names'
import { bindingCount, boundPrefix } from './namespaces'
import {
  ATTRIBUTE_COUNT,
  CDATA_SECTION,
  COLLAPSED,
  FIRST,
  KIND,
  LINK,
  NEXT,
  NODE_NAME,
  NODE_SIZE,
  REFERENCES,
  SIZE,
  SLOT_SIZE,
  TEXT,
  VERBATIM,
  bytesOf,
  field,
} from './tree'
import { expandReference, plainValue, writeString } from './values'

/** The most bytes that a character becomes, `&quot;`; an empty CDATA section has 12 as well. */
const MOST: u64 = 6
/** Bytes of output that a byte of a record written anew takes at most, with what is set aside meanwhile. */
export const MOST_ANEW: u64 = 20

/** Writes the record's text from `from` to `to`, offsets from base; `scope` and n are the declarations to put in. */
export function writeSource(node: u32, from: u32, to: u32, scope: usize, n: u32): void {
  put(QUOTE)
  const tag = 1 + nameLength(field(node, NODE_NAME))
  writeString(base + from, tag, VERBATIM)
  writeString(scope, n, VERBATIM)
  writeString(base + from + tag, to - from - tag, VERBATIM)
  put(QUOTE)
}

/** Writes the record anew; it takes at most `size` bytes of source. */
export function writeAnew(node: u32, size: usize, scope: usize, n: u32): bool {
  if (!reserveOutput((<u64>size + n) * MOST * 3 + 256)) return false
  const start = out
  writeTree(node, scope, n)
  const length = out - start
  // Written plain at first, then once more as a JSON string.
  const aside = start + length * 2 + 64
  memory.copy(aside, start, length)
  out = start
  put(QUOTE)
  writeString(aside, <u32>length, VERBATIM)
  put(QUOTE)
  return true
}

/**
 * Writes behind the output, where nothing is kept, what declares the namespaces in scope that the record's own tag does
 * not declare; returns its length.
 */
export function writeScope(node: u32): u32 {
  const mark = nextSerial()
  for (let i: u32 = 0; i < field(node, ATTRIBUTE_COUNT); i++) {
    const name = field(node + NODE_SIZE + i * SLOT_SIZE, LINK)
    if (load<u32>(nameAt(name), FLAGS) & DECLARES) {
      store<u32>(nameAt(load<u32>(nameAt(name), PREFIX) ? load<u32>(nameAt(name), LOCAL) : 0), mark, SEEN)
    }
  }
  const start = out
  for (let i: u32 = 0; i < bindingCount(); i++) {
    const prefix = boundPrefix(i)
    const entry = nameAt(prefix)
    const namespace = load<u32>(entry, BOUND)
    if (load<u32>(entry, SEEN) == mark || !namespace) continue
    store<u32>(entry, mark, SEEN)
    if (!reserveOutput(nameLength(prefix) + nameLength(namespace) * MOST + 64)) break
    // ` xmlns`
    store<u64>(out, 0x736e6c6d7820)
    out += 6
    if (prefix) {
      put(58)
      copy(nameBytes(prefix), nameLength(prefix))
    }
    store<u16>(out, 0x223d)
    out += 2
    writeEscaped(nameBytes(namespace), nameLength(namespace))
    put(QUOTE)
  }
  const n = <u32>(out - start)
  out = start
  return n
}

/** Writes an element and all below it. Elements being written are kept as in json.ts. */
function writeTree(root: u32, scope: usize, n: u32): void {
  const bottom = openElement(depth + 1)
  let top = bottom
  let node = root
  for (;;) {
    const child = begin(node, node == root ? scope : 0, node == root ? n : 0)
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
      put(LESS)
      put(SLASH)
      writeName(node)
      put(GREATER)
      next = top > bottom ? field(node, NEXT) : 0
    }
    if (!next) return
    node = next
  }
}

function writeName(node: u32): void {
  copy(nameBytes(field(node, NODE_NAME)), nameLength(field(node, NODE_NAME)))
}

function begin(node: u32, scope: usize, n: u32): u32 {
  if (!field(node, NODE_NAME)) {
    for (let text = field(node, TEXT); text; text = field(text, LINK)) writeValue(NODES + text)
    return 0
  }
  put(LESS)
  writeName(node)
  if (n) copy(scope, n)
  if (isBytes(field(node, NODE_NAME))) {
    const t = NODES + field(node, TEXT)
    memory.copy(out, bytesOf(t), load<u32>(t, SIZE))
    out += load<u32>(t, SIZE)
    put(QUESTION)
    put(GREATER)
    return 0
  }
  for (let i: u32 = 0; i < field(node, ATTRIBUTE_COUNT); i++) {
    const t = NODES + node + NODE_SIZE + i * SLOT_SIZE
    put(SPACE)
    copy(nameBytes(load<u32>(t, LINK)), nameLength(load<u32>(t, LINK)))
    store<u16>(out, 0x223d)
    out += 2
    writeValue(t)
    put(QUOTE)
  }
  const child = field(node, FIRST)
  if (!child) put(SLASH)
  put(GREATER)
  return child
}

/** Writes a text or an attribute's value: its own references stay, those to entities of the document are replaced. */
function writeValue(t: usize): void {
  const kind = load<u32>(t, KIND)
  const s = bytesOf(t)
  const n = load<u32>(t, SIZE)
  if (kind & COLLAPSED) {
    const length = plainValue(t)
    writeReplaced(length)
  } else if (kind & VERBATIM) writeDefault(s, n)
  else if (kind & CDATA_SECTION) writeSection(s, n)
  else if (kind & REFERENCES) writeReferences(s, n, kind)
  else writeEscaped(s, n)
}

/** A default value: its ends are trimmed in every shape, as those of other attributes are. */
function writeDefault(s: usize, n: u32): void {
  while (n && byte(s) <= SPACE) {
    s++
    n--
  }
  while (n && byte(s + n - 1) <= SPACE) n--
  writeDecoded(s, n)
}

function writeSection(s: usize, n: u32): void {
  // `<![CDATA[` … `]]>`
  store<u64>(out, 0x41544144435b213c)
  store<u8>(out, <u8>BRACKET_OPEN, 8)
  memory.copy(out + 9, s, n)
  out += 9 + n
  store<u32>(out, 0x3e5d5d)
  out += 3
}

function writeReferences(s: usize, n: u32, kind: u32): void {
  const e = s + n
  while (s < e) {
    if (byte(s) != AMPERSAND) {
      writeEscaped(s, 1)
      s++
      continue
    }
    const start = out
    const after = expandReference(s, e, kind)
    const length = <u32>(out - start)
    out = start
    if (after) {
      writeReplaced(length)
      s = after
    } else {
      put(AMPERSAND)
      s++
    }
  }
}

/** Writes the n bytes that stand at `out` as `writeDecoded` does. */
function writeReplaced(n: u32): void {
  const aside = out + n * <usize>MOST + 64
  if (!reserveOutput(n * (MOST + 1) + 192)) return
  memory.copy(aside, out, n)
  writeDecoded(aside, n)
}

/** Writes what a reader must get as it is: white space that would be normalised or trimmed becomes references. */
function writeDecoded(s: usize, n: u32): void {
  const e = s + n
  for (let p = s; p < e; p++) {
    const c = byte(p)
    if (c < SPACE || (c == SPACE && (p == s || p + 1 == e))) {
      store<u16>(out, 0x2326)
      out += 2
      // 9, 10, 13 or 32
      if (c > 9) put(c == SPACE ? 51 : 49)
      put(c == TAB ? 57 : c == LF ? 48 : c == CR ? 51 : 50)
      put(SEMICOLON)
    } else writeEscaped(p, 1)
  }
}

/** Writes bytes as text or a value in double quotes has them. */
function writeEscaped(s: usize, n: u32): void {
  const e = s + n
  for (; s < e; s++) {
    const c = byte(s)
    if (c == AMPERSAND) {
      store<u64>(out, 0x3b706d6126)
      out += 5
    } else if (c == LESS) {
      store<u32>(out, 0x3b746c26)
      out += 4
    } else if (c == GREATER) {
      store<u32>(out, 0x3b746726)
      out += 4
    } else if (c == QUOTE) {
      store<u64>(out, 0x3b746f757126)
      out += 6
    } else put(c)
  }
}
