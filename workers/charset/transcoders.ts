/** From an encoding's bytes, cut anywhere, to UTF-8: one transcoder a document. */
import { isAscii, isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { MillError } from '../../src/errors.ts'
import type { Encoding } from './encodings.ts'

export interface Transcoder {
  /** UTF-8 of the characters that are complete; may be a part of `bytes` itself, and must be used before they change. */
  write(bytes: Uint8Array): Uint8Array
  /** @throws MillError XML_TRUNCATED when a character is incomplete: no XML document can end in one. */
  end(): Uint8Array
}

const NOTHING = new Uint8Array(0)

/** @param offset bytes of the document before the first one written, for the places of errors */
export function createTranscoder(encoding: Encoding, offset: number): Transcoder {
  switch (encoding.kind) {
    case 'utf-8':
      return new Utf8(offset)
    case 'utf-16le':
      return new Utf16(offset, encoding.name, false)
    case 'utf-16be':
      return new Utf16(offset, encoding.name, true)
    case 'latin1':
      return { write: latin1, end: () => NOTHING }
    case 'single-byte':
      return new SingleByte(offset, encoding.name, encoding.table)
    case 'multi-byte':
      return new MultiByte(offset, encoding.name, encoding.label)
  }
}

function invalid(byteOffset: number, encoding: string): MillError {
  return new MillError('CHARSET_INVALID', `byte ${byteOffset} of the document is not ${encoding}`, { byteOffset })
}

function truncated(byteOffset: number): MillError {
  return new MillError('XML_TRUNCATED', `the document ends inside a character, at byte ${byteOffset}`, { byteOffset })
}

/** Checks and passes on; copies only a chunk that begins inside a character. */
class Utf8 implements Transcoder {
  #offset: number
  #carried: Uint8Array = NOTHING

  constructor(offset: number) {
    this.#offset = offset
  }

  write(chunk: Uint8Array): Uint8Array {
    const bytes = this.#carried.length === 0 ? chunk : Buffer.concat([this.#carried, chunk])
    const end = completeUtf8(bytes)
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end)
    if (!isUtf8(whole)) throw invalid(this.#offset + firstInvalidUtf8(whole), 'UTF-8')
    this.#carried = end === bytes.length ? NOTHING : Uint8Array.from(bytes.subarray(end))
    this.#offset += end
    return whole
  }

  end(): Uint8Array {
    if (this.#carried.length > 0) throw truncated(this.#offset)
    return NOTHING
  }
}

/** Where the last character begins if it is cut, else the length. */
function completeUtf8(bytes: Uint8Array): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0
    if (byte < 0x80) return length
    if (byte >= 0xc0) return back < utf8Length(byte) ? length - back : length
  }
  return length
}

function utf8Length(lead: number): number {
  return lead >= 0xf8 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
}

/** Offset of the first byte that begins no character (RFC 3629), by halving: the native check is what is fast. */
function firstInvalidUtf8(bytes: Uint8Array): number {
  let start = 0
  let end = bytes.length
  while (end - start > 4) {
    let middle = (start + end) >> 1
    // A cut must not fall inside a character; in good text that is at most 3 bytes back.
    for (let back = 0; back < 3 && middle > start && ((bytes[middle] ?? 0) & 0xc0) === 0x80; back++) middle--
    if (middle === start) break
    if (isUtf8(bytes.subarray(start, middle))) start = middle
    else end = middle
  }
  while (start < end) {
    const length = utf8Length(bytes[start] ?? 0)
    if (start + length > bytes.length || !isUtf8(bytes.subarray(start, start + length))) return start
    start += length
  }
  return start
}

class Utf16 implements Transcoder {
  #offset: number
  readonly #name: string
  readonly #bigEndian: boolean
  #carried: Uint8Array = NOTHING

  constructor(offset: number, name: string, bigEndian: boolean) {
    this.#offset = offset
    this.#name = name
    this.#bigEndian = bigEndian
  }

  write(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.concat([this.#carried, chunk])
    let end = bytes.length & ~1
    const highByte = bytes[end - (this.#bigEndian ? 2 : 1)]
    if (highByte !== undefined && highByte >= 0xd8 && highByte <= 0xdb) end -= 2
    this.#carried = Uint8Array.from(bytes.subarray(end))
    const units = bytes.subarray(0, end)
    // `bytes` is our own copy: turning it in place harms nobody.
    if (this.#bigEndian) units.swap16()
    const text = units.toString('utf16le')
    if (!text.isWellFormed()) throw invalid(this.#offset + 2 * firstLoneSurrogate(text), this.#name.toUpperCase())
    this.#offset += end
    return Buffer.from(text, 'utf8')
  }

  end(): Uint8Array {
    if (this.#carried.length > 0) throw truncated(this.#offset)
    return NOTHING
  }
}

function firstLoneSurrogate(text: string): number {
  return text.search(/\p{Surrogate}/u)
}

function latin1(bytes: Uint8Array): Uint8Array {
  return isAscii(bytes) ? bytes : Buffer.from(view(bytes).toString('latin1'), 'utf8')
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

class SingleByte implements Transcoder {
  #offset: number
  readonly #name: string
  readonly #table: readonly (Uint8Array | undefined)[]

  constructor(offset: number, name: string, table: readonly (Uint8Array | undefined)[]) {
    this.#offset = offset
    this.#name = name
    this.#table = table
  }

  write(bytes: Uint8Array): Uint8Array {
    const start = this.#offset
    this.#offset += bytes.length
    if (isAscii(bytes)) return bytes
    const out = Buffer.allocUnsafe(bytes.length * 3)
    let length = 0
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0
      if (byte < 0x80) {
        out[length++] = byte
        continue
      }
      const utf8 = this.#table[byte]
      if (utf8 === undefined) throw invalid(start + index, this.#name.toUpperCase())
      out.set(utf8, length)
      length += utf8.length
    }
    return out.subarray(0, length)
  }

  end(): Uint8Array {
    return NOTHING
  }
}

/**
 * Legacy encodings of East Asia. A fatal TextDecoder does not say where it failed, so a second one follows a chunk
 * behind and is led to the place byte by byte when the first one throws: half the speed, an exact offset.
 */
class MultiByte implements Transcoder {
  #offset: number
  readonly #name: string
  readonly #decoder: TextDecoder
  readonly #locator: TextDecoder

  constructor(offset: number, name: string, label: string) {
    this.#offset = offset
    this.#name = name
    this.#decoder = new TextDecoder(label, { fatal: true })
    this.#locator = new TextDecoder(label, { fatal: true })
  }

  write(bytes: Uint8Array): Uint8Array {
    let text: string
    try {
      text = this.#decoder.decode(bytes, { stream: true })
    } catch {
      throw invalid(this.#offset + this.#locate(bytes), this.#name)
    }
    this.#locator.decode(bytes, { stream: true })
    this.#offset += bytes.length
    return Buffer.from(text, 'utf8')
  }

  end(): Uint8Array {
    try {
      return Buffer.from(this.#decoder.decode(), 'utf8')
    } catch {
      throw truncated(this.#offset)
    }
  }

  #locate(bytes: Uint8Array): number {
    for (let index = 0; index < bytes.length; index++) {
      try {
        this.#locator.decode(bytes.subarray(index, index + 1), { stream: true })
      } catch {
        return index
      }
    }
    return bytes.length
  }
}
