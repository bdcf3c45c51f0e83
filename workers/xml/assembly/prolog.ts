// Comments, the ends of processing instructions, CDATA sections and the document type declaration (XML 1.0, 2.5 to 2.8).
//
// Those that belong to no record may be longer than the memory: what is read of them is let go, and `within` says what
// the input is in the middle of.
import {
  APOSTROPHE,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  DASH,
  GREATER,
  LESS,
  QUESTION,
  QUOTE,
  byte,
  equal,
  mask,
} from './bytes'
import { depth } from './elements'
import { frames } from './entities'
import { CDATA_OUTSIDE, COMMENT_DASHES, DOCTYPE_MISPLACED, MARKUP_UNKNOWN, fail, starve, unexpected } from './failure'
import { countComment } from './fidelity'
import { end } from './memory'
import { rootSeen } from './nesting'
import { SHAPE_XML, shape } from './options'
import { keeping } from './records'
import { cdata, cdataEnd, final } from './text'

export const NOTHING: u32 = 0
export const COMMENT: u32 = 1
export const INSTRUCTION: u32 = 2
export const CDATA: u32 = 3

/** What the input is in the middle of. */
export let within: u32 = NOTHING
/** Where the token that the host must look at starts: the XML declaration or the document type declaration. */
export let tokenStart: usize = 0
export let doctypeSeen: bool = false

/** What the last token was, besides being whole. */
export const PLAIN_TOKEN: u32 = 0
export const DECLARATION_TOKEN: u32 = 1
export const DOCTYPE_TOKEN: u32 = 2
export let tokenKind: u32 = PLAIN_TOKEN

export function resetProlog(): void {
  within = NOTHING
  doctypeSeen = false
  tokenKind = PLAIN_TOKEN
}

export function tokenSeen(): void {
  tokenKind = PLAIN_TOKEN
}

/** Goes on in the middle of what `within` says. */
export function goOn(p: usize): usize {
  const kind = within
  within = NOTHING
  const q = kind == COMMENT ? comment(p) : kind == INSTRUCTION ? instructionEnd(p) : section(p)
  if (!q) within = kind
  return q
}

/** The input ends before this token does: all but its last `kept` bytes may be let go. */
function suspend(kind: u32, p: usize, kept: usize): usize {
  if (final || frames || (keeping && kind != COMMENT) || end - kept <= p) return starve()
  within = kind
  return end - kept
}

/** p at `<!`. */
export function declaration(p: usize): usize {
  const c = byte(p + 2)
  if (c == DASH) return byte(p + 3) == DASH ? comment(p + 4) : unexpected(MARKUP_UNKNOWN, p + 3)
  if (c == BRACKET_OPEN) {
    // `<![CDATA[`
    if (load<u64>(p) != 0x41544144435b213c || byte(p + 8) != BRACKET_OPEN) {
      return end - p < 9 && startsLike(p, 0x41544144435b213c) ? starve() : fail(MARKUP_UNKNOWN, p)
    }
    return depth ? section(p + 9) : fail(CDATA_OUTSIDE, p)
  }
  // `<!DOCTYPE`
  if (load<u64>(p) != 0x505954434f44213c || byte(p + 8) != 69) {
    return end - p < 9 && startsLike(p, 0x505954434f44213c) ? starve() : fail(MARKUP_UNKNOWN, p)
  }
  if (rootSeen || doctypeSeen || frames) return fail(DOCTYPE_MISPLACED, p)
  return doctype(p)
}

/** Whether what is there of a token is the beginning of these eight bytes. */
function startsLike(p: usize, bytes: u64): bool {
  const n = end - p
  if (n >= 8) return load<u64>(p) == bytes
  const part = (<u64>1 << (<u64>n << 3)) - 1
  return (load<u64>(p) & part) == (bytes & part)
}

/** The rest of a comment from p on. */
function comment(p: usize): usize {
  const dashes = findDashes(p)
  if (dashes + 2 >= end) return suspend(COMMENT, p, 2)
  if (byte(dashes + 2) != GREATER) return fail(COMMENT_DASHES, dashes)
  if (keeping) countComment(shape == SHAPE_XML)
  return dashes + 3
}

/** Where two dashes stand, or the end of the input. */
function findDashes(p: usize): usize {
  while (p < end) {
    const m = mask(equal(v128.load(p), DASH))
    if (m) {
      p += ctz(m)
      if (byte(p + 1) == DASH) return p
      p++
    } else p += 16
  }
  return end
}

/** The rest of a CDATA section from p on. */
function section(p: usize): usize {
  const e = cdataEnd(p)
  if (e < end) return cdata(p, e)
  return keeping ? starve() : suspend(CDATA, p, 2)
}

/** The rest of a processing instruction from p on. */
export function instructionEnd(p: usize): usize {
  const q = findInstructionEnd(p)
  return q ? q : suspend(INSTRUCTION, p, 1)
}

export function findInstructionEnd(p: usize): usize {
  while (p < end) {
    const m = mask(equal(v128.load(p), QUESTION))
    if (m) {
      p += ctz(m)
      if (p + 1 < end && byte(p + 1) == GREATER) return p + 2
      p++
    } else p += 16
  }
  return 0
}

/** The first byte c in [p, e), or 0. */
export function find(p: usize, e: usize, c: u32): usize {
  for (; p < e; p++) if (byte(p) == c) return p
  return 0
}

/** The XML declaration at p is for the host. */
export function showDeclaration(p: usize): void {
  tokenStart = p
  tokenKind = DECLARATION_TOKEN
}

/** Finds the extent of the document type declaration at p; the host reads it. */
function doctype(p: usize): usize {
  tokenStart = p
  let inSubset = false
  for (p += 9; p < end; p++) {
    const c = byte(p)
    if (c == QUOTE || c == APOSTROPHE) {
      p = find(p + 1, end, c)
      if (!p) return starve()
    } else if (c == BRACKET_OPEN) inSubset = true
    else if (c == BRACKET_CLOSE) inSubset = false
    else if (c == LESS && inSubset) {
      p = insideSubset(p)
      if (!p) return 0
    } else if (c == GREATER && !inSubset) {
      tokenKind = DOCTYPE_TOKEN
      doctypeSeen = true
      return p + 1
    }
  }
  return starve()
}

/** Passes over the comment, instruction or declaration at p: quotes mean nothing in the first two. The last byte of it. */
function insideSubset(p: usize): usize {
  if (byte(p + 1) == QUESTION) {
    const q = findInstructionEnd(p + 2)
    return q ? q - 1 : starve()
  }
  if (load<u32>(p) == 0x2d2d213c) {
    for (p += 4; p < end; p++) {
      if (byte(p) == DASH && load<u16>(p, 1) == 0x3e2d) return p + 2
    }
    return starve()
  }
  for (p++; p < end; p++) {
    const c = byte(p)
    if (c == GREATER) return p
    // A declaration that never ends, or one in brackets: the host says what is wrong with it.
    if (c == LESS) return p - 1
    if (c == QUOTE || c == APOSTROPHE) {
      p = find(p + 1, end, c)
      if (!p) return starve()
    }
  }
  return starve()
}

