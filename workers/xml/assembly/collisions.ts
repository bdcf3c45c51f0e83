// Two things under one key of an object: with --strip-namespaces two attributes, with an --attribute-prefix or a
// --text-key that a name could have an attribute, a child or the text. As with fast-xml-parser the attribute stays before
// the text, the text before the children, and the later of two attributes; what is left out is counted.
import { TABLES_FULL, fail, reason } from './failure'
import { AUX, NODES, out, reserveOutput } from './memory'
import { DECLARES, FLAGS, LAST, SEEN, intern, internBytes, nameAt, nameBytes, nameLength, nextSerial, shownName } from './names'
import { attributeKey, attributeKeyLength, stripsPrefixes, textKey, textKeyLength } from './options'
import { ATTRIBUTE_COUNT, FIRST, LINK, NEXT, NODE_NAME, NODE_SIZE, SLOT_SIZE, TAIL, TEXT, field, setField } from './tree'

/** How many members of objects were left out. */
export let lostMembers: u32 = 0

export function resetCollisions(): void {
  lostMembers = 0
}

/** The number of an attribute's whole key, prefix included. Interned when its tag is read, so that it is there later. */
export function keyNumber(attribute: u32): u32 {
  const name = shownName(attribute)
  const n = attributeKeyLength - 1
  if (!n) return name
  const length = n + nameLength(name)
  if (!reserveOutput(length + 64)) return 0
  memory.copy(out, AUX + attributeKey + 1, n)
  memory.copy(out + n, nameBytes(name), nameLength(name))
  return nameOrBytes(out, length)
}

/** Interns the keys of a tag's attributes from offset f to e, and that of text; false when the tables must grow. */
export function internKeys(p: usize, f: u32, e: u32): bool {
  if (!textNumber()) return stopAt(p)
  for (let a = f; a < e; a += SLOT_SIZE) {
    if (!keyNumber(load<u32>(NODES + a, LINK))) return stopAt(p)
  }
  return true
}

function stopAt(p: usize): bool {
  fail(TABLES_FULL, p)
  return false
}

function textNumber(): u32 {
  // `"#text":` without quotes and colon.
  return nameOrBytes(AUX + textKey + 1, textKeyLength - 3)
}

/** A key may be no name: then it is kept as bytes, which no name equals. */
function nameOrBytes(s: usize, n: u32): u32 {
  const id = n ? intern(s, n) : 0
  return id || (n && reason == TABLES_FULL) ? id : internBytes(s, n)
}

/** Leaves out what stands under the key of something else in the node, which is whole. */
export function resolveCollisions(node: u32): void {
  const mark = nextSerial()
  resolveAttributes(node, mark)
  const text = nameAt(textNumber())
  if (field(node, TEXT)) {
    if (load<u32>(text, SEEN) == mark) {
      setField(node, TEXT, 0)
      lostMembers++
    }
    store<u32>(text, mark, SEEN)
  }
  let previous: u32 = 0
  for (let child = field(node, FIRST); child; child = field(child, NEXT)) {
    if (load<u32>(nameAt(field(child, NODE_NAME)), SEEN) != mark) {
      previous = child
      continue
    }
    lostMembers++
    if (previous) setField(previous, NEXT, field(child, NEXT))
    else setField(node, FIRST, field(child, NEXT))
  }
  setField(node, TAIL, previous)
}

/** Drops declarations of prefixes and the earlier of two attributes; marks the keys of the others as SEEN. */
function resolveAttributes(node: u32, mark: u32): void {
  const first = node + NODE_SIZE
  const end = first + field(node, ATTRIBUTE_COUNT) * SLOT_SIZE
  let kept = first
  for (let a = first; a < end; a += SLOT_SIZE) {
    const name = field(a, LINK)
    // xmlns itself has no prefix, and stays.
    if (stripsPrefixes && load<u32>(nameAt(name), FLAGS) & DECLARES && shownName(name) != name) continue
    const key = nameAt(keyNumber(name))
    let place = kept
    if (load<u32>(key, SEEN) == mark) {
      place = load<u32>(key, LAST)
      lostMembers++
    } else kept += SLOT_SIZE
    store<u32>(key, mark, SEEN)
    store<u32>(key, place, LAST)
    memory.copy(NODES + place, NODES + a, SLOT_SIZE)
  }
  setField(node, ATTRIBUTE_COUNT, (kept - first) / SLOT_SIZE)
}
