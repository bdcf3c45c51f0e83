/** The character classes of XML 1.0, fifth edition, 2.2 and 2.3. */

/** Code points from, to, from, to, …; ascending. Productions [4] and [4a] beyond ASCII. */
const NAME_START_RANGES = [
  0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c, 0x200d, 0x2070, 0x218f, 0x2c00, 0x2fef,
  0x3001, 0xd7ff, 0xf900, 0xfdcf, 0xfdf0, 0xfffd, 0x10000, 0xeffff,
]
const NAME_RANGES = [0xb7, 0xb7, 0x300, 0x36f, 0x203f, 0x2040]

function isWithin(ranges: readonly number[], code: number): boolean {
  // Odd many bounds at or below the code: it lies within a range. The upper bounds are inclusive.
  let bounds = 0
  for (const [index, bound] of ranges.entries()) {
    if (code < (index % 2 === 0 ? bound : bound + 1)) break
    bounds++
  }
  return bounds % 2 === 1
}

/** NameStartChar. */
export function isNameStart(code: number): boolean {
  if (code < 0x80)
    return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code === 0x3a
  return isWithin(NAME_START_RANGES, code)
}

/** NameChar. */
export function isNameCharacter(code: number): boolean {
  if (isNameStart(code)) return true
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e
  return isWithin(NAME_RANGES, code)
}

/** Char: what a character reference may stand for. */
export function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff)
}

/** S: the four characters that XML calls white space. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa || code === 0xd || code === 0x9
}

/** The characters that no XML 1.0 document may hold, lone surrogates included. */
export const FORBIDDEN_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u

/** The end of the name (or, with `token`, of the Nmtoken) that starts at `from`; `from` itself when none does. */
export function nameEnd(text: string, from: number, token = false): number {
  const first = text.codePointAt(from)
  if (first === undefined || !(token ? isNameCharacter(first) : isNameStart(first))) return from
  let at = from
  for (let code: number | undefined = first; code !== undefined && isNameCharacter(code); code = text.codePointAt(at)) {
    at += code > 0xffff ? 2 : 1
  }
  return at
}
