// References (XML 1.0, 4.1), while scanning.
import { HASH_SIGN, SEMICOLON, byte } from './bytes'
import { REFERENCE_CHARACTER, REFERENCE_SYNTAX, fail, unexpected } from './failure'
import { isCharacter } from './characters'
import { entityReference } from './entities'

/** What `characterReference` read. */
export let character: u32 = 0

/** p at `&`: the address after `;`, or 0. */
export function reference(p: usize, inAttribute: bool): usize {
  if (byte(p + 1) == HASH_SIGN) {
    const e = characterReference(p)
    if (e && !isCharacter(character)) return fail(REFERENCE_CHARACTER, p)
    return e
  }
  const n = predefined(p)
  return n ? p + n : entityReference(p, inAttribute)
}

/** Length of a reference to one of the five predefined entities at p, or 0. */
// @ts-ignore: decorator
@inline
export function predefined(p: usize): u32 {
  const w = load<u32>(p, 1)
  if ((w & 0xffffff) == 0x3b746c || (w & 0xffffff) == 0x3b7467) return 4 // lt; gt;
  if (w == 0x3b706d61) return 5 // amp;
  if ((w == 0x736f7061 || w == 0x746f7571) && byte(p + 5) == SEMICOLON) return 6 // apos; quot;
  return 0
}

/** p at `&#`: the address after `;`, with the number in `character`; numbers too large for any character stay so. */
export function characterReference(p: usize): usize {
  return byte(p + 2) == 0x78 ? hexadecimal(p + 3) : decimal(p + 2)
}

function decimal(p: usize): usize {
  const s = p
  let v: u32 = 0
  for (; byte(p) - 48 < 10; p++) if (v < 0x1000000) v = v * 10 + byte(p) - 48
  return numberEnd(s, p, v)
}

function hexadecimal(p: usize): usize {
  const s = p
  let v: u32 = 0
  for (let d = digit(byte(p)); d < 16; d = digit(byte(p))) {
    if (v < 0x1000000) v = (v << 4) | d
    p++
  }
  return numberEnd(s, p, v)
}

function digit(c: u32): u32 {
  if (c - 48 < 10) return c - 48
  const letter = (c | 32) - 97
  return letter < 6 ? letter + 10 : 16
}

function numberEnd(s: usize, p: usize, v: u32): usize {
  if (p == s || byte(p) != SEMICOLON) return unexpected(REFERENCE_SYNTAX, p)
  character = v
  return p + 1
}
