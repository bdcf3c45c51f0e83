// One line of output a record.
import { LF } from './bytes'
import { ELEMENT, depth, openElement } from './elements'
import { frames } from './entities'
import { RECORD_SIZE, fail } from './failure'
import { AUX, base, cur, documentCur, out, reserveOutput } from './memory'
import { nameBytes, nameLength } from './names'
import { envelope, factor, maxBytes } from './options'
import { borrowed, finished, forgetRecord, records } from './records'
import { copy, put, writeElement } from './json'

/** Offset in AUX and length of `{"url":"…","n":`. */
let envelopeStart: u32 = 0
let envelopeLength: u32 = 0

export function setEnvelope(start: u32, length: u32): void {
  envelopeStart = start
  envelopeLength = length
}

/** Writes the line of the record that has just ended; its XML reaches from `base` to `cur`. */
export function writeLine(): bool {
  const size = (frames ? documentCur : cur) - base + borrowed
  if (size > maxBytes) {
    fail(RECORD_SIZE, base)
    return false
  }
  const name = load<u32>(openElement(depth), ELEMENT)
  if (!reserveOutput(size * factor + envelopeLength + nameLength(name) + 256)) return false
  if (envelope) {
    copy(AUX + envelopeStart, envelopeLength)
    writeNumber(records)
    // `,"name":"` … `","record":`
    store<u64>(out, 0x3a22656d616e222c)
    store<u8>(out, 34, 8)
    out += 9
    copy(nameBytes(name), nameLength(name))
    store<u64>(out, 0x6f636572222c22 | (<u64>0x72 << 56))
    store<u32>(out, 0x3a2264, 8)
    out += 11
  }
  writeElement(finished)
  if (envelope) put(125)
  put(LF)
  forgetRecord()
  return true
}

function writeNumber(n: u32): void {
  let digits: u32 = 1
  for (let m = n; m > 9; m /= 10) digits++
  for (let i = digits; i > 0; i--) {
    store<u8>(out + i - 1, <u8>(48 + (n % 10)))
    n /= 10
  }
  out += digits
}
