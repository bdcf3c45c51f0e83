// Which characters XML 1.0 (5th edition) allows: 2.2 Char, 2.3 NameStartChar and NameChar.
import { CR, LF, TAB, byte, either, equal, mask } from './bytes'

/** Bits of a byte's class. Bytes from 128 count as parts of names; `invalidName` looks closer once for each name. */
export const NAME: u32 = 1
export const START: u32 = 2

const CLASSES = memory.data(256, 16)

export function initialiseClasses(): void {
  for (let i: u32 = 0; i < 256; i++) {
    const letter = (i >= 97 && i <= 122) || (i >= 65 && i <= 90)
    const start = letter || i == 95 || i == 58 || i >= 128
    const name = start || (i >= 48 && i <= 57) || i == 45 || i == 46
    store<u8>(CLASSES + i, (name ? NAME : 0) | (start ? START : 0))
  }
}

// @ts-ignore: decorator
@inline
export function startsName(p: usize): bool {
  return (load<u8>(CLASSES + load<u8>(p)) & START) != 0
}

/** The first byte from p that is no part of a name. */
// @ts-ignore: decorator
@inline
export function nameEnd(p: usize): usize {
  while (load<u8>(CLASSES + load<u8>(p)) & NAME) p++
  return p
}

/** The character at p in well-formed UTF-8. */
export function codePoint(p: usize): u32 {
  const c = byte(p)
  if (c < 0x80) return c
  if (c < 0xe0) return ((c & 0x1f) << 6) | (byte(p + 1) & 0x3f)
  if (c < 0xf0) return ((c & 0x0f) << 12) | ((byte(p + 1) & 0x3f) << 6) | (byte(p + 2) & 0x3f)
  return ((c & 0x07) << 18) | ((byte(p + 1) & 0x3f) << 12) | ((byte(p + 2) & 0x3f) << 6) | (byte(p + 3) & 0x3f)
}

// @ts-ignore: decorator
@inline
export function characterLength(first: u32): u32 {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

function isStart(c: u32): bool {
  if (c < 0x80) return (load<u8>(CLASSES + c) & START) != 0
  if (c < 0x300) return c >= 0xc0 && c != 0xd7 && c != 0xf7
  if (c < 0x2000) return c >= 0x370 && c != 0x37e
  if (c < 0x3001) return c == 0x200c || c == 0x200d || (c >= 0x2070 && c <= 0x218f) || (c >= 0x2c00 && c <= 0x2fef)
  if (c < 0xf900) return c <= 0xd7ff
  return (c <= 0xfffd && (c <= 0xfdcf || c >= 0xfdf0)) || (c >= 0x10000 && c <= 0xeffff)
}

function isName(c: u32): bool {
  if (c < 0x80) return (load<u8>(CLASSES + c) & NAME) != 0
  return isStart(c) || c == 0xb7 || (c >= 0x300 && c <= 0x36f) || c == 0x203f || c == 0x2040
}

/** The address of the first character that a name must not have there, or 0. */
export function invalidName(p: usize, n: u32): usize {
  const e = p + n
  let first = true
  while (p < e) {
    const c = codePoint(p)
    if (first ? !isStart(c) : !isName(c)) return p
    first = false
    p += characterLength(byte(p))
  }
  return 0
}

/** Whether the character at p may start a name without colons (Namespaces 3, NCName). */
export function startsLocal(p: usize): bool {
  const c = codePoint(p)
  return c != 58 && isStart(c)
}

export function isCharacter(c: u32): bool {
  if (c < 32) return c == TAB || c == LF || c == CR
  return c < 0xd800 || (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c <= 0x10ffff)
}

/**
 * The address of the first byte in [p, e) that is no XML character, or 0: controls other than tab, LF and CR, and U+FFFE
 * and U+FFFF. Surrogates are left to the decoder, since they are no valid UTF-8. May look at two bytes beyond e.
 */
export function invalidCharacter(p: usize, e: usize): usize {
  const allowed = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, -1, 0, 0)
  while (p + 16 <= e) {
    const v = v128.load(p)
    // swizzle gives 0 for bytes from 16, so only tab, LF and CR are let through.
    let bad = v128.andnot(i8x16.lt_u(v, i8x16.splat(32)), i8x16.swizzle(allowed, v))
    const ef = equal(v, 0xef)
    if (v128.any_true(ef)) {
      bad = either(bad, v128.and(v128.and(ef, equal(v128.load(p, 1), 0xbf)), i8x16.ge_u(v128.load(p, 2), i8x16.splat(<i8>0xbe))))
    }
    if (v128.any_true(bad)) return p + <usize>ctz(mask(bad))
    p += 16
  }
  for (; p < e; p++) {
    const c = byte(p)
    if (c < 32 && c != TAB && c != LF && c != CR) return p
    if (c == 0xef && byte(p + 1) == 0xbf && byte(p + 2) >= 0xbe) return p
  }
  return 0
}
