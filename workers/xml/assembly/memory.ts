// Linear memory, from low addresses to high:
//
//   statics | HASH | NAMES | STACK | BINDINGS | ARENA | AUX | INPUT | NODES | OUTPUT
//
//   HASH      u32 a slot: a name's number, or 0 (names.ts)
//   NAMES     64 bytes a name (names.ts)
//   STACK     48 bytes an open element (elements.ts)
//   BINDINGS  16 bytes a namespace declaration in scope (namespaces.ts)
//   ARENA     the names' bytes, each as `"name":`
//   AUX       what the host hands over: keys, entities, default values; it only grows within a document
//   INPUT     the document's bytes from the record's start, or from the token's; SLACK zeros after them
//   NODES     the tree of the record being read (tree.ts)
//   OUTPUT    lines not yet drained
//
// Invariants. A region grows by moving everything above it up (`shift`), and never while a token is scanned, with one
// exception: NODES grows at any time, which moves OUTPUT alone, and nothing keeps an address in OUTPUT while scanning.
// So scanning keeps plain addresses, and everything that lives longer is kept as an offset from its region.
// No region ever shrinks: the host drops an instance whose memory has grown large.
import { MEMORY, fail } from './failure'

/** Zeros after the input, so that scanning may look ahead without asking where the input ends. */
export const SLACK: usize = 64
/** Bytes kept before the current token for messages. */
const KEPT: usize = 64
const PAGE: usize = 65536

export let HASH: usize = 0
export let NAMES: usize = 0
export let STACK: usize = 0
export let BINDINGS: usize = 0
export let ARENA: usize = 0
export let AUX: usize = 0
export let INPUT: usize = 0
export let NODES: usize = 0
export let OUTPUT: usize = 0

/** The next token, and the end of what is there: of the input, or of an entity's text while that is read. */
export let cur: usize = 0
export let end: usize = 0
/** Where the record starts in INPUT; texts are offsets from here. */
export let base: usize = 0
/** cur and end of the document while an entity's text is read. */
export let documentCur: usize = 0
export let documentEnd: usize = 0
/** Where the next byte of output goes. */
export let out: usize = 0
/** Bytes behind them that the host has put there, and that nothing holds yet. */
export let auxStaged: u32 = 0
/** Up to where output was reserved for the current line: asserted in a debug build. */
export let outputLimit: usize = 0
/** Used bytes of ARENA, AUX and NODES. */
export let arenaUsed: usize = 0
export let auxUsed: u32 = 0
export let free: u32 = 0
/** Bytes of the document that INPUT has no more. */
export let consumed: u64 = 0

/** Makes the memory reach up to `top`. */
export function ensure(top: usize): bool {
  const have = <usize>memory.size() * PAGE
  if (top + SLACK <= have) return true
  if (top + SLACK < top) return false
  // An eighth more than needed, so that growth stays linear in what is stored.
  const missing = (top + SLACK - have + (have >> 3) + PAGE - 1) / PAGE
  if (memory.grow(<i32>missing) >= 0) return true
  return memory.grow(<i32>((top + SLACK - have + PAGE - 1) / PAGE)) >= 0
}

/** Lays the regions out, all of them small. */
export function layOut(): void {
  HASH = (__heap_base + 63) & ~63
  NAMES = HASH + (2048 << 2)
  STACK = NAMES + (1024 << 6)
  BINDINGS = STACK + 64 * 48
  ARENA = BINDINGS + (64 << 4)
  AUX = ARENA + 32768
  INPUT = AUX + 8192
  NODES = INPUT + (192 << 10)
  OUTPUT = NODES + (128 << 10)
  out = OUTPUT
  cur = end = base = documentCur = documentEnd = INPUT
  ensure(OUTPUT + PAGE)
}

function moved(start: usize, used: usize, by: usize): usize {
  memory.copy(start + by, start, used)
  return start + by
}

/** Moves every region from `boundary` (the start of one) up by `by` bytes, a multiple of 64. */
export function shift(boundary: usize, by: usize): bool {
  if (by > 0x7fffffff || out + by < out || !ensure(out + by)) {
    fail(MEMORY, cur)
    return false
  }
  if (cur >= boundary) cur += by
  if (end >= boundary) end += by
  if (base >= boundary) base += by
  if (OUTPUT >= boundary) {
    OUTPUT = moved(OUTPUT, out - OUTPUT, by)
    out += by
  }
  if (NODES >= boundary) NODES = moved(NODES, free, by)
  if (INPUT >= boundary) {
    INPUT = moved(INPUT, documentEnd - INPUT + SLACK, by)
    documentCur += by
    documentEnd += by
  }
  // INPUT has moved already, by the same distance.
  if (AUX >= boundary) AUX = moved(AUX, min<usize>(<usize>auxUsed + auxStaged, INPUT - by - AUX), by)
  if (ARENA >= boundary) ARENA = moved(ARENA, arenaUsed + SLACK, by)
  if (BINDINGS >= boundary) BINDINGS = moved(BINDINGS, ARENA - by - BINDINGS, by)
  if (STACK >= boundary) STACK = moved(STACK, BINDINGS - by - STACK, by)
  if (NAMES >= boundary) NAMES = moved(NAMES, STACK - by - NAMES, by)
  return true
}

/** Room for the nodes up to offset `top`. Only OUTPUT moves. */
// @ts-ignore: decorator
@inline
export function reserveNodes(top: u32): bool {
  return NODES + top + SLACK <= OUTPUT || growNodes(top)
}

function growNodes(top: u32): bool {
  const capacity = OUTPUT - NODES
  return shift(OUTPUT, (max<usize>(capacity, <usize>top + SLACK - capacity) + 63) & ~63)
}

/** Room for n more bytes in AUX. */
export function reserveAux(n: u32): bool {
  const capacity = INPUT - AUX
  const needed = <usize>n + SLACK
  if (<usize>auxUsed + needed <= capacity) return true
  return shift(INPUT, (max<usize>(capacity, needed) + 63) & ~63)
}

/** Room for n bytes of output: nothing moves. n has 64 bits, since a record's worst case may pass the address space. */
export function reserveOutput(n: u64): bool {
  if (n >= 0xffff0000 - <u64>out || !ensure(out + <usize>n)) {
    fail(MEMORY, cur)
    return false
  }
  outputLimit = max(outputLimit, out + <usize>n)
  return true
}

/** Where input may be dropped up to, with a few bytes kept for messages. */
export function droppable(recording: bool): usize {
  const from = recording ? base : cur
  return from - INPUT > KEPT ? from - KEPT : INPUT
}

/** Forgets the input before `from`. */
export function drop(from: usize): void {
  const by = from - INPUT
  memory.copy(INPUT, from, documentEnd - from + SLACK)
  consumed += by
  cur -= by
  end -= by
  base = base >= from ? base - by : INPUT
  documentCur = cur
  documentEnd = end
}

/** Room for n more bytes of input. */
export function growInput(n: usize): bool {
  return shift(NODES, (max<usize>(NODES - INPUT, n + SLACK) + 63) & ~63)
}

/** Takes n bytes of input that the host has put at the end. */
export function appendInput(n: usize): void {
  end += n
  documentEnd = end
  memory.fill(end, 0, SLACK)
}
