/** Records as they arrive, for targets that want more of them than their bytes: NDJSON lines taken out of their envelopes. */
import { type XmlLine, XmlLines } from '../channel/xml-lines.ts'
import type { HeldRecords } from '../spool/held-records.ts'

/** One record with its place. `url`, `n` and `row` together are unique. */
export interface RecordLine {
  readonly url: string
  /** Its place in the document. */
  readonly n: number
  /** Its place among several rows that a transform made of one record; 0 without. */
  readonly row: number
  /** The element's name. */
  readonly name: string
  /** JSON text of `ancestors`, with --with-attributes-of. */
  readonly ancestors: string | undefined
  /** JSON text of the record. */
  readonly json: Buffer
  /** Its own XML, where it came with it; with a transform, that of the record that the row was made of. */
  readonly xml: Buffer | undefined
}

const QUOTE = 0x22
const ZERO = 0x30
const NINE = 0x39
const N = Buffer.from(',"n":')
const ROW = Buffer.from(',"row":')
const NAME = Buffer.from(',"name":"')
const RECORD = Buffer.from('","record":')

/** A document's records in order, as many at a time as have come in one piece. They are valid until the next are asked for. */
export async function* recordLines(records: Pick<HeldRecords, 'read'>): AsyncGenerator<readonly RecordLine[]> {
  const envelopes = new EnvelopeReader()
  const cut = new XmlLines()
  for await (const chunk of records.read()) {
    const lines = cut.add(chunk)
    if (lines.length > 0) yield lines.map((line) => envelopes.read(line))
  }
  const lines = cut.end()
  if (lines.length > 0) yield lines.map((line) => envelopes.read(line))
}

/** The record itself, parsed. */
export function parseRecord({ json }: RecordLine): unknown {
  return JSON.parse(json.toString())
}

/** The line that a record came as. */
export function envelope({ url, n, row, name, ancestors, json }: RecordLine): Uint8Array {
  const place = `{"url":${JSON.stringify(url)},"n":${n},${row === 0 ? '' : `"row":${row},`}"name":${JSON.stringify(name)}`
  const around = ancestors === undefined ? '' : `,"ancestors":${ancestors}`
  return Buffer.concat([Buffer.from(`${place}${around},"record":`), json, Buffer.from('}\n')])
}

/** The same bytes. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/**
 * Finds a line's parts without parsing the record: that would cost five times as much as the rest. All lines of a document begin
 * with the same URL; a line that is not as the threads write it (see workers/transform.ts) is parsed as any JSON.
 */
class EnvelopeReader {
  #url = ''
  /** The bytes before `,"n":`. */
  #head: Buffer = Buffer.alloc(0)
  #name = ''
  #nameBytes: Buffer = Buffer.alloc(0)

  read({ bytes, from, to, xml }: XmlLine): RecordLine {
    if (this.#head.byteLength === 0 || !startsWith(bytes, this.#head, from, to)) {
      const { url }: { readonly url: string } = JSON.parse(bytes.toString('utf8', from, to))
      this.#url = url
      this.#head = Buffer.from(`{"url":${JSON.stringify(url)}`)
    }
    return this.#cut(bytes, from, to, xml) ?? parseLine(bytes.toString('utf8', from, to), xml)
  }

  #cut(chunk: Buffer, from: number, to: number, xml: Buffer | undefined): RecordLine | undefined {
    let at = from + this.#head.byteLength
    if (!startsWith(chunk, this.#head, from, to) || !startsWith(chunk, N, at, to)) return undefined
    at += N.byteLength
    let n = 0
    for (let digit = chunk[at] ?? 0; digit >= ZERO && digit <= NINE; digit = chunk[++at] ?? 0) n = n * 10 + digit - ZERO
    let row = 0
    if (startsWith(chunk, ROW, at, to)) {
      at += ROW.byteLength
      for (let digit = chunk[at] ?? 0; digit >= ZERO && digit <= NINE; digit = chunk[++at] ?? 0)
        row = row * 10 + digit - ZERO
    }
    if (!startsWith(chunk, NAME, at, to)) return undefined
    at += NAME.byteLength
    // A name of XML has nothing in it that JSON escapes, and mostly it is that of the record before.
    const known = this.#nameBytes.byteLength
    const isKnown = known > 0 && startsWith(chunk, this.#nameBytes, at, to) && chunk[at + known] === QUOTE
    const end = isKnown ? at + known : chunk.indexOf(QUOTE, at)
    if (end === -1 || !startsWith(chunk, RECORD, end, to)) return undefined
    if (!isKnown) {
      this.#nameBytes = Buffer.from(chunk.subarray(at, end))
      this.#name = this.#nameBytes.toString()
    }
    const json = chunk.subarray(end + RECORD.byteLength, to - 1)
    return { url: this.#url, n, row, name: this.#name, ancestors: undefined, json, xml }
  }
}

/** In JavaScript: for so few bytes a call of Buffer's own comparison takes longer than the comparison. */
function startsWith(chunk: Buffer, part: Buffer, from: number, to: number): boolean {
  const length = part.byteLength
  if (to < from + length) return false
  for (let index = 0; index < length; index += 1) if (chunk[from + index] !== part[index]) return false
  return true
}

interface Envelope {
  readonly url: string
  readonly n: number
  readonly row?: number
  readonly name: string
  readonly ancestors?: unknown
  readonly record: unknown
}

function parseLine(line: string, xml: Buffer | undefined): RecordLine {
  const { url, n, row = 0, name, ancestors, record }: Envelope = JSON.parse(line)
  const json = Buffer.from(JSON.stringify(record))
  return { url, n, row, name, ancestors: ancestors === undefined ? undefined : JSON.stringify(ancestors), json, xml }
}
