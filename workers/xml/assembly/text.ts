// Character data and CDATA sections (XML 1.0, 2.4 and 2.7).
//
// A run of text reaches from one tag, CDATA section or processing instruction to the next. fast-xml-parser trims runs,
// and comments do not end one; neither do the edges of an entity. So the end of a piece before a comment or an edge
// stays as it is, and `closeRun` trims when the run is whole.
import { AMPERSAND, BRACKET_CLOSE, BRACKET_OPEN, LESS, SPACE, byte, either, equal, mask } from './bytes'
import { TEXT_CDATA_END, TEXT_OUTSIDE, fail, starve } from './failure'
import { depth, openElement, NODE } from './elements'
import { chargeToken, enterEntity, entered, frames, tokenExpansion, tokenUnknown } from './entities'
import { AUX, base, end, free, reserveNodes } from './memory'
import { SHAPE_JSON, shape } from './options'
import { reference } from './references'
import { borrow, keeping } from './records'
import {
  CDATA_SECTION,
  IN_AUX,
  NODE_NAME,
  NODE_SIZE,
  REFERENCES,
  TAIL,
  addText,
  append,
  field,
  openRun,
  runOpen,
  startNode,
} from './tree'

/** Whether the input ends with the document. */
export let final: bool = false

export function setFinal(last: bool): void {
  final = last
}

/** Character data at p, up to the next markup or the edge of an entity. */
export function text(p: usize): usize {
  if (!runOpen || !keeping) {
    p = blank(p)
    if (p >= end) return end
    if (byte(p) == LESS) return p
  }
  if (!depth) return fail(TEXT_OUTSIDE, p)
  const s = p
  let kind: u32 = 0
  for (;;) {
    const v = v128.load(p)
    const m = mask(either(either(equal(v, LESS), equal(v, AMPERSAND)), equal(v, BRACKET_CLOSE)))
    if (!m) {
      p += 16
      if (p >= end) return frames ? keepPiece(s, end, kind) : pause(s, end - 2)
      continue
    }
    p += ctz(m)
    if (p >= end) return frames ? keepPiece(s, end, kind) : pause(s, end - 2)
    const c = byte(p)
    if (c == LESS) break
    if (c == BRACKET_CLOSE) {
      if (load<u16>(p, 1) == 0x3e5d) return fail(TEXT_CDATA_END, p)
      p++
      continue
    }
    const after = reference(p, false)
    if (!after) return p > s && !keeping && charged(s) ? p : 0
    if (entered) return p > s ? beforeEntity(s, p, kind) : enterEntity(p, after)
    p = after
    kind = REFERENCES
  }
  if (!keeping) return charged(s) ? p : 0
  if (runOpen) return keepPiece(s, p, kind)
  if (byte(p + 1) == 0x21 && byte(p + 2) != BRACKET_OPEN) {
    // A comment, unless the input ends before that is known.
    if (p + 2 >= end && !frames && !final) return starve()
    if (byte(p + 2) == 0x2d) return keepPiece(s, p, kind)
  } else if (p + 1 >= end && !frames && !final) return starve()
  if (!charged(s)) return 0
  let e = p
  while (byte(e - 1) <= SPACE) e--
  return keep(s, e, kind) ? p : 0
}

/** Skips white space. Valid input has no other byte up to 32, zeros stand behind its end. */
// @ts-ignore: decorator
@inline
function blank(p: usize): usize {
  let m = mask(i8x16.gt_u(v128.load(p), i8x16.splat(32)))
  while (!m) {
    p += 16
    if (p >= end) return p
    m = mask(i8x16.gt_u(v128.load(p), i8x16.splat(32)))
  }
  return p + <usize>ctz(m)
}

/** The input ends in this text: outside records all but `upTo` of it is done with, since `]]>` may follow. */
function pause(s: usize, upTo: usize): usize {
  if (keeping || final || upTo <= s || (tokenExpansion | tokenUnknown) != 0) return starve()
  return upTo
}

/** Text from s to p stands before an entity with markup; the reference is the next token. */
function beforeEntity(s: usize, p: usize, kind: u32): usize {
  forgetEntered()
  return keepPiece(s, p, kind)
}

function forgetEntered(): void {
  entered = 0
}

/** Text whose run goes on, perhaps. */
function keepPiece(s: usize, e: usize, kind: u32): usize {
  if (!charged(s)) return 0
  if (!keeping) return e
  const piece = free + (shape != SHAPE_JSON && !runOpen ? NODE_SIZE : 0)
  if (!keep(s, e, kind)) return 0
  openRun(piece)
  return e
}

/** Counts what the entities of the text bring in. After this the token must be committed. */
// @ts-ignore: decorator
@inline
function charged(p: usize): bool {
  return (tokenExpansion | tokenUnknown) == 0 || chargeText(p)
}

function chargeText(p: usize): bool {
  borrow(tokenExpansion)
  return chargeToken(p)
}

// @ts-ignore: decorator
@inline
function keep(s: usize, e: usize, kind: u32): bool {
  const from = frames ? AUX : base
  if (frames) kind |= IN_AUX
  const parent = load<u32>(openElement(depth - 1), NODE)
  if (shape != SHAPE_JSON) return keepOrdered(parent, <u32>(s - from), <u32>(e - s), kind)
  return addText(parent, <u32>(s - from), <u32>(e - s), kind)
}

/** In the ordered shape a run of text is a node among its siblings. */
function keepOrdered(parent: u32, place: u32, n: u32, kind: u32): bool {
  const last = field(parent, TAIL)
  if (runOpen && last && !field(last, NODE_NAME)) return addText(last, place, n, kind)
  if (!reserveNodes(free + NODE_SIZE)) return false
  const node = free
  startNode(0, node + NODE_SIZE)
  free += NODE_SIZE
  append(parent, node)
  return addText(node, place, n, kind)
}

/** Keeps the CDATA section that reaches from p to its `]]>` at e. */
export function cdata(p: usize, e: usize): usize {
  if (!keeping || (e == p && shape == SHAPE_JSON)) return e + 3
  return keep(p, e, CDATA_SECTION) ? e + 3 : 0
}

/** Where `]]>` stands, or the end of the input. */
export function cdataEnd(p: usize): usize {
  while (p < end) {
    const m = mask(equal(v128.load(p), BRACKET_CLOSE))
    if (m) {
      p += ctz(m)
      if (load<u16>(p, 1) == 0x3e5d) return p
      p++
    } else p += 16
  }
  return end
}
