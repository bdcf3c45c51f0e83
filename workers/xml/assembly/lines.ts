// One line of output a record.
import { LF } from './bytes'
import { contextLength, writeContext } from './context'
import { ELEMENT, depth, openElement } from './elements'
import { frames } from './entities'
import { RECORD_SIZE, fail } from './failure'
import { settleComments } from './fidelity'
import { copy, put, putNumber, writeElement } from './json'
import { MOST_ANEW, writeAnew, writeScope, writeSource } from './markup'
import { AUX, NODES, base, cur, documentCur, out, outputLimit, reserveOutput } from './memory'
import { nameBytes, nameLength, shownName } from './names'
import { SHAPE_JSON, SHAPE_ORDERED, SHAPE_XML, envelope, factor, keepsContext, maxBytes, shape, writesXml } from './options'
import { writeOrdered } from './ordered'
import { writeOwnXml } from './own-xml'
import {
  INNER_CONTEXT_LENGTH,
  INNER_FROM,
  INNER_NAME,
  INNER_SCOPE_LENGTH,
  INNER_SIZE,
  INNER_TO,
  borrowed,
  finished,
  forgetRecord,
  inInner,
  inner,
  records,
} from './records'
import { field } from './tree'

/** Offset in AUX and length of `{"url":"…","n":`. */
let envelopeStart: u32 = 0
let envelopeLength: u32 = 0

export function setEnvelope(start: u32, length: u32): void {
  envelopeStart = start
  envelopeLength = length
}

/** Writes the line of the record that has ended, or of the next one inside it; the XML reaches from `base` to `cur`. */
export function writeLine(): bool {
  const size = (frames ? documentCur : cur) - base + borrowed
  if (size > maxBytes) {
    fail(RECORD_SIZE, base)
    return false
  }
  const name = inInner ? field(inner, INNER_NAME) : load<u32>(openElement(depth), ELEMENT)
  outputLimit = 0
  if (writesXml && !writeOwnXml()) return false
  if (!reserveOutput(size * factor + 512)) return false
  if (envelope && !writeEnvelope(name)) return false
  if (!writeRecord(size)) return false
  if (envelope) put(125)
  put(LF)
  assert(out <= outputLimit)
  if (!inInner) settleComments(shape == SHAPE_XML && borrowed != 0)
  forgetRecord()
  return true
}

function writeEnvelope(name: u32): bool {
  let more: usize = envelopeLength + nameLength(name) + 256
  if (keepsContext) more += contextLength() + (inInner ? field(inner, INNER_CONTEXT_LENGTH) : 0)
  // What is reserved for the record itself is reserved again behind this.
  if (!reserveOutput(more)) return false
  copy(AUX + envelopeStart, envelopeLength)
  putNumber(records)
  // `,"name":"` … `","record":`
  store<u64>(out, 0x3a22656d616e222c)
  store<u8>(out, 34, 8)
  out += 9
  const shown = shownName(name)
  copy(nameBytes(shown), nameLength(shown))
  put(34)
  if (keepsContext) writeAncestors()
  // `,"record":`
  store<u64>(out, 0x64726f636572222c)
  store<u16>(out, 0x3a22, 8)
  out += 10
  return true
}

/** `,"ancestors":[…]` */
function writeAncestors(): void {
  store<u64>(out, 0x747365636e61222c)
  store<u64>(out, 0x5b3a2273726f, 8)
  out += 14
  const some = writeContext()
  if (inInner) {
    if (some) put(44)
    copy(NODES + inner + INNER_SIZE, field(inner, INNER_CONTEXT_LENGTH))
  }
  put(93)
}

function writeRecord(size: usize): bool {
  if (!reserveOutput(size * factor + 256)) return false
  if (shape == SHAPE_JSON) writeElement(finished)
  else if (shape == SHAPE_ORDERED) writeOrdered(finished)
  else return writeXml(size)
  return true
}

function writeXml(size: usize): bool {
  const length = inInner ? field(inner, INNER_SCOPE_LENGTH) : writeScope(finished)
  // The declarations stand where the record is to be written, or behind the inner record's entry.
  if (borrowed) {
    const most = (<u64>size + length) * MOST_ANEW
    if (!reserveOutput(most + length + 1024)) return false
    return writeAnew(finished, size, putAside(out + <usize>most + 512, length), length)
  }
  const most = <u64>size * factor + 2 * <u64>length + 256
  if (!reserveOutput(most + length + 1024)) return false
  const from = inInner ? field(inner, INNER_FROM) : 0
  const to = inInner ? field(inner, INNER_TO) : <u32>(cur - base)
  writeSource(finished, from, to, putAside(out + <usize>most, length), length)
  return true
}

function putAside(to: usize, length: u32): usize {
  const from = inInner ? NODES + inner + INNER_SIZE + field(inner, INNER_CONTEXT_LENGTH) : out
  memory.copy(to, from, length)
  return to
}
