// Bytes and vectors. Every region of memory is followed by readable memory, so a load of 16 bytes never leaves it.

export const TAB: u32 = 9
export const LF: u32 = 10
export const CR: u32 = 13
export const SPACE: u32 = 32
export const EXCLAMATION: u32 = 33
export const QUOTE: u32 = 34
export const HASH_SIGN: u32 = 35
export const AMPERSAND: u32 = 38
export const APOSTROPHE: u32 = 39
export const DASH: u32 = 45
export const SLASH: u32 = 47
export const COLON: u32 = 58
export const SEMICOLON: u32 = 59
export const LESS: u32 = 60
export const EQUALS: u32 = 61
export const GREATER: u32 = 62
export const QUESTION: u32 = 63
export const BRACKET_OPEN: u32 = 91
export const BACKSLASH: u32 = 92
export const BRACKET_CLOSE: u32 = 93

// @ts-ignore: decorator
@inline
export function byte(p: usize): u32 {
  return load<u8>(p)
}

// @ts-ignore: decorator
@inline
export function equal(v: v128, c: i32): v128 {
  return i8x16.eq(v, i8x16.splat(<i8>c))
}

// @ts-ignore: decorator
@inline
export function either(a: v128, b: v128): v128 {
  return v128.or(a, b)
}

/** One bit for each lane, the first lane lowest. */
// @ts-ignore: decorator
@inline
export function mask(v: v128): u32 {
  return <u32>i8x16.bitmask(v)
}

/**
 * The first byte from p that is not white space. Input has no other bytes up to 32 than XML's white space
 * (`invalidCharacter` saw to that), and zeros after its end.
 */
// @ts-ignore: decorator
@inline
export function skipSpace(p: usize): usize {
  while (byte(p) <= SPACE && byte(p) != 0) p++
  return p
}

/** Whether n bytes are the same at a and b. */
// @ts-ignore: decorator
@inline
export function same(a: usize, b: usize, n: u32): bool {
  while (n > 16) {
    if (mask(i8x16.eq(v128.load(a), v128.load(b))) != 0xffff) return false
    a += 16
    b += 16
    n -= 16
  }
  return ((mask(i8x16.eq(v128.load(a), v128.load(b))) | (0xffff << n)) & 0xffff) == 0xffff
}
