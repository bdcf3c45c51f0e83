// Texts and attribute values as they leave the engine: references replaced, line ends and white space normalised.
import { AMPERSAND, BACKSLASH, CR, HASH_SIGN, LF, QUOTE, SEMICOLON, SPACE, TAB, byte, either, equal, mask } from './bytes'
import { isCharacter, nameEnd } from './characters'
import { ENTITY_BYTES, ENTITY_LENGTH, PLAIN } from './entities'
import { AUX, out, outputLimit, reserveOutput } from './memory'
import { ATTRIBUTE_ENTITY, CONTENT_ENTITY, intern, nameAt } from './names'
import { character, characterReference, predefined } from './references'
import { COLLAPSED, KIND, LOOSE, REFERENCES, SIZE, SPACES, VERBATIM, bytesOf } from './tree'

/** The value of the attribute at address t, as plain bytes at `out`, where nothing is kept; its length. */
export function plainValue(t: usize): u32 {
  const start = out
  const s = bytesOf(t)
  const n = load<u32>(t, SIZE)
  if (!reserveOutput(<u64>n + expansionOf(s, n, load<u32>(t, KIND)) + 64)) return 0
  writePlain(s, n, load<u32>(t, KIND))
  let length = <u32>(out - start)
  out = start
  if (load<u32>(t, KIND) & COLLAPSED) length = collapse(start, length)
  return length
}

/** How much longer than its n bytes a value becomes by the entities in it, at most. */
export function expansionOf(s: usize, n: u32, kind: u32): usize {
  if (!(kind & REFERENCES)) return 0
  let more: usize = 0
  const e = s + n
  for (let p = s; p < e; p++) {
    if (byte(p) == AMPERSAND) more += entityLengthAt(p, e, (kind & SPACES) != 0)
  }
  return more
}

function entityLengthAt(p: usize, e: usize, inAttribute: bool): usize {
  const entity = entityAt(p, e, inAttribute)
  return entity ? <usize>load<u32>(AUX + entity, ENTITY_LENGTH) : 0
}

/** Offset of the plain entity that is referred to at p, or 0. */
function entityAt(p: usize, e: usize, inAttribute: bool): u32 {
  if (byte(p + 1) == HASH_SIGN || predefined(p)) return 0
  const close = nameEnd(p + 1)
  if (close >= e || close == p + 1 || byte(close) != SEMICOLON) return 0
  const name = intern(p + 1, <u32>(close - p - 1))
  if (!name) return 0
  const entity = load<u32>(nameAt(name) + (inAttribute ? ATTRIBUTE_ENTITY : CONTENT_ENTITY))
  return entity && load<u32>(AUX + entity) == PLAIN ? entity : 0
}

function writePlain(s: usize, n: u32, kind: u32): void {
  if (kind & VERBATIM) {
    memory.copy(out, s, n)
    out += n
    return
  }
  const e = s + n
  while (s < e) {
    const c = byte(s)
    if (c == AMPERSAND && kind & REFERENCES) {
      s = replace(s, e, kind, false)
      continue
    }
    s++
    if (c == CR && s < e && byte(s) == LF) s++
    store<u8>(out++, c == TAB || c == LF || c == CR ? (kind & SPACES ? <u8>SPACE : c == CR ? <u8>LF : <u8>c) : <u8>c)
  }
}

/** Leaves single spaces and none at the ends; the new length. */
function collapse(s: usize, n: u32): u32 {
  let q = s
  let space = false
  for (let p = s; p < s + n; p++) {
    const c = byte(p)
    if (c == SPACE) {
      space = q > s
      continue
    }
    if (space) store<u8>(q++, <u8>SPACE)
    space = false
    store<u8>(q++, <u8>c)
  }
  return <u32>(q - s)
}

/** Writes plain what the entity stands for that the document declares and s refers to; the address after it, else 0. */
export function expandReference(s: usize, e: usize, kind: u32): usize {
  const entity = entityAt(s, e, (kind & SPACES) != 0)
  if (!entity) return 0
  memory.copy(out, AUX + entity + ENTITY_BYTES, load<u32>(AUX + entity, ENTITY_LENGTH))
  out += load<u32>(AUX + entity, ENTITY_LENGTH)
  return nameEnd(s + 1) + 1
}

/** Writes what the reference at s stands for, as a part of a JSON string or plain; the address after it. */
function replace(s: usize, e: usize, kind: u32, json: bool): usize {
  if (byte(s + 1) == HASH_SIGN) {
    const after = characterReference(s)
    if (after && after <= e && isCharacter(character)) {
      writeCharacter(character, json)
      return after
    }
  } else {
    const n = predefined(s)
    if (n && s + n <= e) {
      writeCharacter(predefinedCharacter(s), json)
      return s + n
    }
    const entity = kind & LOOSE ? 0 : entityAt(s, e, (kind & SPACES) != 0)
    if (entity) {
      const from = AUX + entity + ENTITY_BYTES
      const length = load<u32>(AUX + entity, ENTITY_LENGTH)
      if (json) writeString(from, length, VERBATIM)
      else {
        memory.copy(out, from, length)
        out += length
      }
      return nameEnd(s + 1) + 1
    }
  }
  // Unknown, or the `&` of a processing instruction: as it stands.
  store<u8>(out++, <u8>AMPERSAND)
  return s + 1
}

function predefinedCharacter(s: usize): u32 {
  const d = byte(s + 1)
  if (d == 108) return 60
  if (d == 103) return 62
  if (d == 113) return QUOTE
  return byte(s + 2) == 109 ? AMPERSAND : 39
}

function writeCharacter(c: u32, json: bool): void {
  if (c < 0x80) {
    if (json && (c < SPACE || c == QUOTE || c == BACKSLASH)) writeEscape(c)
    else store<u8>(out++, <u8>c)
  } else if (c < 0x800) {
    store<u8>(out, <u8>(0xc0 | (c >> 6)))
    store<u8>(out, <u8>(0x80 | (c & 0x3f)), 1)
    out += 2
  } else if (c < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (c >> 12)))
    store<u8>(out, <u8>(0x80 | ((c >> 6) & 0x3f)), 1)
    store<u8>(out, <u8>(0x80 | (c & 0x3f)), 2)
    out += 3
  } else {
    store<u8>(out, <u8>(0xf0 | (c >> 18)))
    store<u8>(out, <u8>(0x80 | ((c >> 12) & 0x3f)), 1)
    store<u8>(out, <u8>(0x80 | ((c >> 6) & 0x3f)), 2)
    store<u8>(out, <u8>(0x80 | (c & 0x3f)), 3)
    out += 4
  }
}

/** Tab, LF, CR, the quote and the backslash: XML has no other characters that JSON must escape. */
function writeEscape(c: u32): void {
  store<u8>(out, <u8>BACKSLASH)
  store<u8>(out, c == LF ? 110 : c == TAB ? 116 : c == CR ? 114 : <u8>c, 1)
  out += 2
}

/** Writes n bytes at s as the inside of a JSON string. May write up to 16 bytes more than it keeps. */
export function writeString(s: usize, n: u32, kind: u32): void {
  const e = s + n
  const ampersand = i8x16.splat(kind & REFERENCES ? <i8>AMPERSAND : <i8>QUOTE)
  let q = out
  while (s < e) {
    const v = v128.load(s)
    v128.store(q, v)
    const special = either(either(equal(v, QUOTE), equal(v, BACKSLASH)), i8x16.lt_u(v, i8x16.splat(32)))
    const k = mask(either(special, i8x16.eq(v, ampersand)))
    const clean: u32 = k ? ctz(k) : 16
    if (s + clean >= e) {
      out = q + (e - s)
      return
    }
    q += clean
    s += clean
    if (!k) continue
    out = q
    s = writeSpecial(s, e, kind)
    q = out
  }
  out = q
  assert(out <= outputLimit)
}

function writeSpecial(s: usize, e: usize, kind: u32): usize {
  const c = byte(s)
  if (c == AMPERSAND) return replace(s, e, kind, true)
  if (c >= SPACE || kind & VERBATIM) {
    writeEscape(c)
    return s + 1
  }
  if (c == CR) {
    // CR LF and a lone CR are one line end (XML 1.0, 2.11).
    if (s + 1 < e && byte(s + 1) == LF) s++
  }
  if (kind & SPACES) store<u8>(out++, <u8>SPACE)
  else writeEscape(c == CR ? LF : c)
  return s + 1
}
