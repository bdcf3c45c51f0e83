// --with-attributes-of ancestors: what the envelope says about the elements around a record, outermost first:
// `{"name":"volume","attributes":{"@_id":"A00"}},…`.
//
// For each open element outside a record that text lies in NODES, after its length (4 bytes), in the order of the
// elements; the nodes of a record come behind it. For elements inside a record it is made when an inner record begins.
import { CONTEXT, ELEMENT, NODE, depth, openElement } from './elements'
import { copy, put, writeAttributes } from './json'
import { NODES, free, out, reserveNodes, reserveOutput } from './memory'
import { nameBytes, nameLength, shownName } from './names'
import { writeScope } from './markup'
import { factor, keepsContext } from './options'
import { INNER_CONTEXT_LENGTH, INNER_SCOPE_LENGTH, INNER_SIZE, recordDepth } from './records'
import { ATTRIBUTE_COUNT, LINK, NODE_SIZE, SIZE, SLOT_SIZE, field, setField } from './tree'

/** Writes what there is to say about the node of an element. */
function describe(node: u32, element: u32): void {
  const name = shownName(element)
  // `{"name":"` … `","attributes":{` … `}}`
  store<u64>(out, 0x3a22656d616e227b)
  store<u8>(out, 34, 8)
  out += 9
  copy(nameBytes(name), nameLength(name))
  store<u64>(out, 0x6972747461222c22)
  store<u64>(out, 0x7b3a227365747562, 8)
  out += 16
  if (field(node, ATTRIBUTE_COUNT)) writeAttributes(node)
  store<u16>(out, 0x7d7d)
  out += 2
}

function describedLength(node: u32, element: u32): u64 {
  let n: u64 = 64 + nameLength(element)
  const count = field(node, ATTRIBUTE_COUNT)
  for (let i: u32 = 0; i < count; i++) {
    const slot = node + NODE_SIZE + i * SLOT_SIZE
    n += (<u64>field(slot, SIZE) + nameLength(field(slot, LINK)) + 8) * factor
  }
  return n
}

/** Keeps the context of the element about to be opened outside a record; its node is at `free`, not to be kept. */
export function keepContext(element: u32, borrowed: usize): bool {
  const node = free
  if (!reserveOutput(describedLength(node, element) + borrowed * factor)) return false
  const start = out
  describe(node, element)
  const n = <u32>(out - start)
  out = start
  if (!reserveNodes(free + n + 32)) return false
  // reserveNodes may have moved the output, and `out` with it.
  store<u32>(NODES + free, n)
  memory.copy(NODES + free + 4, out, n)
  store<u32>(openElement(depth), free, CONTEXT)
  free = (free + n + 4 + 15) & ~15
  return true
}

/** An element outside a record has been closed; `depth` counts it no more. */
export function dropContext(): void {
  free = load<u32>(openElement(depth), CONTEXT)
}

/** Keeps the context of an inner record behind its entry: the elements from the record down to it. */
export function keepInnerContext(entry: u32): bool {
  const start = out
  let written: usize = 0
  for (let i = recordDepth; i < depth; i++) {
    const open = openElement(i)
    const node = load<u32>(open, NODE)
    const element = load<u32>(open, ELEMENT)
    if (!reserveOutput(describedLength(node, element))) return false
    if (written) put(44)
    describe(node, element)
    written = out - start
  }
  out = start
  if (!reserveNodes(free + <u32>written + 32)) return false
  memory.copy(NODES + entry + INNER_SIZE, out, written)
  setField(entry, INNER_CONTEXT_LENGTH, <u32>written)
  free = (entry + INNER_SIZE + <u32>written + 15) & ~15
  return true
}

/** Keeps the declarations of the namespaces in scope of an inner record, and its context, behind its entry. */
export function keepInnerScope(entry: u32, node: u32): bool {
  if (keepsContext && !keepInnerContext(entry)) return false
  const at = entry + INNER_SIZE + field(entry, INNER_CONTEXT_LENGTH)
  const n = writeScope(node)
  if (!reserveNodes(at + n + 32)) return false
  memory.copy(NODES + at, out, n)
  setField(entry, INNER_SCOPE_LENGTH, n)
  free = (at + n + 15) & ~15
  return true
}

/** Length of the context of the open elements. */
export function contextLength(): usize {
  let n: usize = 32
  for (let i: u32 = 0; i < depth; i++) n += load<u32>(NODES + load<u32>(openElement(i), CONTEXT)) + 1
  return n
}

/** Writes the context of the open elements, all of them outside a record; whether there was any. */
export function writeContext(): bool {
  for (let i: u32 = 0; i < depth; i++) {
    const text = NODES + load<u32>(openElement(i), CONTEXT)
    if (i) put(44)
    copy(text + 4, load<u32>(text))
  }
  return depth > 0
}
