/**
 * The bytes of a document as UTF-8, whatever they came as.
 *
 * The encoding is, in this order (RFC 7303 section 3, XML 1.0 appendix F): the byte order mark's, the HTTP charset's, the
 * XML declaration's, UTF-8. One thing stands above the labels: whether characters take one byte or two. The first
 * character of a document is `<` or white space, so the bytes show it beyond doubt, and a label that says otherwise is passed
 * over. Only where a declaration that the bytes contradict is all that is said about the encoding, it is an error (XML 1.0, 4.3.3).
 */
import { MillError } from '../../src/errors.ts'
import { type Encoding, findEncoding } from './encodings.ts'
import { createTranscoder, type Transcoder } from './transcoders.ts'

export interface Decoder {
  /**
   * Valid UTF-8 without byte order mark; empty while the encoding is not yet known. May share memory with `chunk`.
   * @throws MillError CHARSET_UNKNOWN, CHARSET_INVALID (with the byte's offset in the document)
   */
  decode(chunk: Uint8Array): Uint8Array
  /**
   * What was held back at the end of the document.
   * @throws MillError as `decode`, and XML_TRUNCATED when a character is incomplete
   */
  end(): Uint8Array
  /** IANA name, lower case; empty until it is known. */
  readonly encoding: string
  /** Length of the byte order mark, which is not part of the output. */
  readonly bomBytes: number
  /** `encodingRedeclared`: a charset or a declaration that was overruled; `utf16WithoutBom`. */
  readonly notes: Record<string, number>
}

/** A declaration that has not ended by then is none: the longest sensible one takes a tenth of it. */
const MAX_DECLARATION_BYTES = 1024

/** @param charset of the HTTP header's Content-Type, if it has one */
export function createDecoder(charset: string | undefined): Decoder {
  return new DocumentDecoder(charset)
}

class DocumentDecoder implements Decoder {
  readonly #charset: string | undefined
  #head: Uint8Array | undefined = new Uint8Array(0)
  #transcoder: Transcoder | undefined
  encoding = ''
  bomBytes = 0
  readonly notes: Record<string, number> = {}

  constructor(charset: string | undefined) {
    const label = charset?.trim().replace(/^(["'])(.*)\1$/, '$2')
    this.#charset = label === '' ? undefined : label
  }

  decode(chunk: Uint8Array): Uint8Array {
    if (this.#transcoder !== undefined) return this.#transcoder.write(chunk)
    const head = this.#head?.length ? Buffer.concat([this.#head, chunk]) : chunk
    if (!isHeadComplete(head)) {
      this.#head = Uint8Array.from(head)
      return new Uint8Array(0)
    }
    return this.#begin(head).write(head.subarray(this.bomBytes))
  }

  end(): Uint8Array {
    if (this.#transcoder !== undefined) return this.#transcoder.end()
    const head = this.#head ?? new Uint8Array(0)
    const transcoder = this.#begin(head)
    const text = transcoder.write(head.subarray(this.bomBytes))
    transcoder.end()
    return text
  }

  #begin(head: Uint8Array): Transcoder {
    this.#head = undefined
    const choice = chooseEncoding(head, this.#charset)
    this.encoding = choice.encoding.name
    this.bomBytes = choice.bomBytes
    for (const note of choice.notes) this.notes[note] = 1
    this.#transcoder = createTranscoder(choice.encoding, choice.bomBytes)
    return this.#transcoder
  }
}

interface Choice {
  readonly encoding: Encoding
  readonly bomBytes: number
  readonly notes: readonly string[]
}

/** How many bytes a character takes, as the first ones show. */
type Width = 'utf-8' | 'utf-16le' | 'utf-16be'

function chooseEncoding(head: Uint8Array, charset: string | undefined): Choice {
  refuseForeign(head)
  const mark = byteOrderMark(head)
  const width = mark?.width ?? byteWidth(head)
  const bomBytes = mark?.bytes ?? 0
  const declared = declaredEncoding(head.subarray(bomBytes), width)

  if (mark === undefined && charset === undefined && declared !== undefined) refuseContradiction(declared, width)
  const notes: string[] = []
  let encoding: Encoding | undefined = mark && findEncoding(mark.width)
  if (charset !== undefined) encoding = weigh(charset, 'the charset of the HTTP header', width, encoding, notes)
  if (declared !== undefined) encoding = weigh(declared, 'the XML declaration', width, encoding, notes)
  if (width !== 'utf-8' && mark === undefined) notes.push('utf16WithoutBom')
  return { encoding: encoding ?? { name: width, kind: width }, bomBytes, notes }
}

/** A fatal error of XML 1.0 (4.3.3): nothing outside the document says more than its declaration, and that is wrong. */
function refuseContradiction(declared: string, width: Width): void {
  const meant = findEncoding(declared)
  if (meant === undefined || fits(meant, width)) return
  const found = width === 'utf-8' ? 'takes one byte for each character of its declaration' : `is ${width}`
  throw new MillError('CHARSET_INVALID', `the XML declaration says ${declared}, but the document ${found}`, {
    byteOffset: 0,
  })
}

function fits(encoding: Encoding, width: Width): boolean {
  if (width === 'utf-8') return !encoding.kind.startsWith('utf-16')
  return encoding.name === 'utf-16' || encoding.kind === width
}

/** What is known so far, with one more label: it decides only where nothing before it did, and where the width allows. */
function weigh(
  label: string,
  origin: string,
  width: Width,
  known: Encoding | undefined,
  notes: string[],
): Encoding | undefined {
  const meant = findEncoding(label)
  if (meant === undefined) {
    if (known !== undefined || width !== 'utf-8') {
      notes.push('encodingRedeclared')
      return known
    }
    throw new MillError('CHARSET_UNKNOWN', `${origin} names the encoding ${label}, which is not known here`)
  }
  // "utf-16" leaves the order of bytes to the mark.
  const isSame = (encoding: Encoding) => meant.name === encoding.name || (meant.name === 'utf-16' && width !== 'utf-8')
  const isPossible = fits(meant, width)
  if (!isPossible || (known !== undefined && !isSame(known))) notes.push('encodingRedeclared')
  if (known !== undefined || !isPossible) return known
  return width === 'utf-8' ? meant : { name: width, kind: width }
}

const MARKS = [
  { bytes: [0xef, 0xbb, 0xbf], width: 'utf-8' },
  { bytes: [0xff, 0xfe], width: 'utf-16le' },
  { bytes: [0xfe, 0xff], width: 'utf-16be' },
] as const

function byteOrderMark(head: Uint8Array): { bytes: number; width: Width } | undefined {
  const mark = MARKS.find(({ bytes }) => startsWith(head, bytes))
  return mark && { bytes: mark.bytes.length, width: mark.width }
}

/** Zero bytes are in no XML document of an 8-bit encoding: beside the first character they mean UTF-16. */
function byteWidth(head: Uint8Array): Width {
  const [first = 0, second = 0] = head
  if (head.length < 2) return 'utf-8'
  if (isFirstCharacter(first) && second === 0) return 'utf-16le'
  if (first === 0 && isFirstCharacter(second)) return 'utf-16be'
  return 'utf-8'
}

function isFirstCharacter(byte: number): boolean {
  return byte === 0x3c || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** XML 1.0 appendix F.1: what is recognised without being supported. */
const FOREIGN = [
  { bytes: [0x00, 0x00, 0xfe, 0xff], name: 'UTF-32BE' },
  { bytes: [0xff, 0xfe, 0x00, 0x00], name: 'UTF-32LE' },
  { bytes: [0x00, 0x00, 0x00, 0x3c], name: 'UTF-32BE' },
  { bytes: [0x3c, 0x00, 0x00, 0x00], name: 'UTF-32LE' },
  { bytes: [0x00, 0x00, 0x3c, 0x00], name: 'UCS-4 (order 2143)' },
  { bytes: [0x00, 0x3c, 0x00, 0x00], name: 'UCS-4 (order 3412)' },
  { bytes: [0x4c, 0x6f, 0xa7, 0x94], name: 'EBCDIC' },
]

function refuseForeign(head: Uint8Array): void {
  const foreign = FOREIGN.find(({ bytes }) => startsWith(head, bytes))
  if (foreign === undefined) return
  throw new MillError('CHARSET_UNKNOWN', `the document is in ${foreign.name}, which is not known here`, {
    byteOffset: 0,
  })
}

function startsWith(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => head[index] === byte)
}

/** Whether no more bytes are needed to choose: the declaration has ended, or there is none. */
function isHeadComplete(head: Uint8Array): boolean {
  if (head.length >= 2 * MAX_DECLARATION_BYTES) return true
  if (head.length < 4) return false
  const mark = byteOrderMark(head)
  const text = asText(head.subarray(mark?.bytes ?? 0), mark?.width ?? byteWidth(head))
  return '<?xml'.startsWith(text.slice(0, 5)) ? text.includes('?>') || text.length >= MAX_DECLARATION_BYTES : true
}

/** The label in the XML declaration, which is ASCII in every encoding that gets here. */
function declaredEncoding(bytes: Uint8Array, width: Width): string | undefined {
  const declaration = /^<\?xml[ \t\r\n][^>]*?\?>/.exec(asText(bytes, width))?.[0]
  return declaration && /[ \t\r\n'"]encoding[ \t\r\n]*=[ \t\r\n]*(["'])(.*?)\1/.exec(declaration)?.[2]
}

function asText(bytes: Uint8Array, width: Width): string {
  const start = Buffer.from(bytes.subarray(0, 2 * MAX_DECLARATION_BYTES))
  if (width === 'utf-8') return start.toString('latin1', 0, MAX_DECLARATION_BYTES)
  const units = start.subarray(0, start.length & ~1)
  return (width === 'utf-16be' ? units.swap16() : units).toString('utf16le')
}
