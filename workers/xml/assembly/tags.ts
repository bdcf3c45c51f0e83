// Start tags, empty-element tags and end tags (XML 1.0, 3.1).
import { UNSETTLED, settle } from './attributes'
import {
  AMPERSAND,
  APOSTROPHE,
  EQUALS,
  GREATER,
  LESS,
  QUOTE,
  SLASH,
  byte,
  either,
  equal,
  mask,
  same,
  skipSpace,
} from './bytes'
import { nameEnd, startsName } from './characters'
import { ELEMENT, depth, openElement, stackIsFull } from './elements'
import { chargeToken, floor, frames, tokenExpansion, tokenUnknown } from './entities'
import {
  ATTRIBUTE_DUPLICATE,
  ATTRIBUTE_EQUALS,
  ATTRIBUTE_LESS,
  ATTRIBUTE_NAME,
  ATTRIBUTE_QUOTE,
  ATTRIBUTE_SPACE,
  DEPTH,
  END_TAG_UNEXPECTED,
  ENTITY_UNBALANCED,
  NAME_EXPECTED,
  SECOND_ROOT,
  TABLES_FULL,
  TAG_END,
  TAG_MISMATCH,
  TOKEN_SIZE,
  fail,
  failWith,
  starve,
  unexpected,
} from './failure'
import { AUX, NODES, base, end, free, reserveNodes } from './memory'
import { FLAGS, SEEN, intern, nameAt, nameBytes, nameLength, nextSerial } from './names'
import { closeElement, openTag, rootSeen } from './nesting'
import { collides, maxBytes, maxDepth } from './options'
import { borrow, borrowNothing, recording } from './records'
import { reference } from './references'
import { IN_AUX, KIND, LINK, NODE_SIZE, PLACE, REFERENCES, SIZE, SLOT_SIZE, SPACES } from './tree'

/** p at `<`, with a byte after it that may start a name. */
export function startTag(p: usize): usize {
  const tag = p
  p = nameEnd(p + 2)
  if (p >= end) return starve()
  const element = intern(tag + 1, <u32>(p - tag - 1))
  if (!element) return 0
  if (!depth && rootSeen) return failWith(SECOND_ROOT, tag, element)
  if (depth >= maxDepth) return fail(DEPTH, tag)
  if (stackIsFull()) return fail(TABLES_FULL, tag)
  if (!recording) {
    borrowNothing()
    if (!frames) base = tag
  }

  const attributes = free + NODE_SIZE
  if (!reserveNodes(attributes)) return 0
  let f = attributes
  let flags = load<u32>(nameAt(element), FLAGS)
  const from = frames ? AUX : base
  const kind = frames ? IN_AUX | SPACES : SPACES
  const mark = nextSerial()
  let empty = false
  for (;;) {
    let c = byte(p)
    if (c == GREATER) {
      p++
      break
    }
    const w = p
    p = skipSpace(p)
    c = byte(p)
    if (c == GREATER) {
      p++
      break
    }
    if (c == SLASH) {
      if (byte(p + 1) != GREATER) return unexpected(TAG_END, p + 1)
      p += 2
      empty = true
      break
    }
    if (!startsName(p)) return unexpected(ATTRIBUTE_NAME, p)
    if (p == w) return fail(ATTRIBUTE_SPACE, p)
    const n = p
    p = nameEnd(p + 1)
    if (p >= end) return starve()
    const name = intern(n, <u32>(p - n))
    if (!name) return 0
    const entry = nameAt(name)
    if (load<u32>(entry, SEEN) == mark) return failWith(ATTRIBUTE_DUPLICATE, n, name)
    store<u32>(entry, mark, SEEN)
    flags |= load<u32>(entry, FLAGS)
    if (byte(p) != EQUALS) {
      p = skipSpace(p)
      if (byte(p) != EQUALS) return unexpected(ATTRIBUTE_EQUALS, p)
    }
    p++
    let quote = byte(p)
    if (quote != QUOTE && quote != APOSTROPHE) {
      p = skipSpace(p)
      quote = byte(p)
      if (quote != QUOTE && quote != APOSTROPHE) return unexpected(ATTRIBUTE_QUOTE, p)
    }
    const s = ++p
    p = valueEnd(p, quote)
    if (!p) return 0
    if (!reserveNodes(f + SLOT_SIZE)) return 0
    const t = NODES + f
    store<u32>(t, <u32>(s - from), PLACE)
    store<u32>(t, <u32>(p - s), SIZE)
    store<u32>(t, kind | valueKind, KIND)
    store<u32>(t, name, LINK)
    f += SLOT_SIZE
    p++
  }
  // The tag is whole.
  if (<usize>(p - tag) > maxBytes) return fail(TOKEN_SIZE, tag)
  if (flags & UNSETTLED || collides) {
    f = settle(tag, element, attributes, f, mark)
    if (!f) return 0
  }
  if ((tokenExpansion | tokenUnknown) != 0 && !chargeAttributes(tag)) return 0
  if (!openTag(element, tag, f)) return 0
  if (empty) closeElement(p)
  return p
}

let valueKind: u32 = 0

/** The closing quote of the value that starts at p. Sets `valueKind`. */
// @ts-ignore: decorator
@inline
function valueEnd(p: usize, quote: u32): usize {
  const quotes = i8x16.splat(<i8>quote)
  valueKind = 0
  while (p < end) {
    const v = v128.load(p)
    const k = mask(either(either(equal(v, LESS), equal(v, AMPERSAND)), i8x16.eq(v, quotes)))
    if (!k) {
      p += 16
      continue
    }
    p += ctz(k)
    const c = byte(p)
    if (c == quote) return p < end ? p : starve()
    if (p >= end) return starve()
    if (c == LESS) return fail(ATTRIBUTE_LESS, p)
    p = reference(p, true)
    if (!p) return 0
    valueKind = REFERENCES
  }
  return starve()
}

function chargeAttributes(tag: usize): bool {
  borrow(tokenExpansion)
  return chargeToken(tag)
}

/** p at `</`. */
export function endTag(p: usize): usize {
  if (depth <= floor) return p + 2 >= end ? starve() : fail(depth ? ENTITY_UNBALANCED : END_TAG_UNEXPECTED, p)
  const element = load<u32>(openElement(depth - 1), ELEMENT)
  const n = nameLength(element)
  const s = p + 2
  if (!same(s, nameBytes(element), n)) return wrongEndTag(p)
  p = s + n
  if (byte(p) != GREATER) {
    if (nameEnd(p) != p) return wrongEndTag(s - 2)
    p = skipSpace(p)
    if (byte(p) != GREATER) return unexpected(TAG_END, p)
    if (<usize>(p - s) > maxBytes) return fail(TOKEN_SIZE, s - 2)
  }
  closeElement(p + 1)
  return p + 1
}

/** Another name than that of the open element stands in the end tag at p, or none. */
function wrongEndTag(p: usize): usize {
  const s = p + 2
  if (s < end && !startsName(s)) return fail(NAME_EXPECTED, s)
  const e = nameEnd(s)
  if (e >= end) return starve()
  const name = intern(s, <u32>(e - s))
  return name ? failWith(TAG_MISMATCH, p, name) : 0
}
