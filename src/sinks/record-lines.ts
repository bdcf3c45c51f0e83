/** Records as they arrive, for targets that want more of them than their bytes: NDJSON lines taken out of their envelopes. */
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
  readonly json: Uint8Array
}

const LF = 0x0a
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
  let carried: Uint8Array[] = []
  for await (const chunk of records.read()) {
    const lines: RecordLine[] = []
    let from = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      const piece = chunk.subarray(from, end)
      lines.push(envelopes.read(carried.length === 0 ? asBuffer(piece) : Buffer.concat([...carried, piece])))
      carried = []
      from = end + 1
    }
    if (from < chunk.byteLength) carried.push(chunk.subarray(from))
    if (lines.length > 0) yield lines
  }
}

/** The record itself, parsed. */
export function parseRecord({ json }: RecordLine): unknown {
  return JSON.parse(asBuffer(json).toString())
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
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

  read(line: Buffer): RecordLine {
    if (!startsWith(line, this.#head, 0) || this.#head.byteLength === 0) {
      const { url }: { readonly url: string } = JSON.parse(line.toString())
      this.#url = url
      this.#head = Buffer.from(`{"url":${JSON.stringify(url)}`)
    }
    return this.#cut(line) ?? parseLine(line)
  }

  #cut(line: Buffer): RecordLine | undefined {
    let at = this.#head.byteLength
    if (!startsWith(line, this.#head, 0) || !startsWith(line, N, at)) return undefined
    at += N.byteLength
    let n = 0
    for (let digit = line[at] ?? 0; digit >= ZERO && digit <= NINE; digit = line[++at] ?? 0) n = n * 10 + digit - ZERO
    let row = 0
    if (startsWith(line, ROW, at)) {
      at += ROW.byteLength
      for (let digit = line[at] ?? 0; digit >= ZERO && digit <= NINE; digit = line[++at] ?? 0)
        row = row * 10 + digit - ZERO
    }
    if (!startsWith(line, NAME, at)) return undefined
    at += NAME.byteLength
    // A name of XML has nothing in it that JSON escapes.
    const end = line.indexOf(QUOTE, at)
    if (end === -1 || !startsWith(line, RECORD, end)) return undefined
    const nameBytes = line.subarray(at, end)
    if (!nameBytes.equals(this.#nameBytes)) {
      this.#nameBytes = Buffer.from(nameBytes)
      this.#name = nameBytes.toString()
    }
    const json = line.subarray(end + RECORD.byteLength, line.byteLength - 1)
    return { url: this.#url, n, row, name: this.#name, ancestors: undefined, json }
  }
}

function startsWith(line: Buffer, part: Buffer, at: number): boolean {
  return (
    line.byteLength >= at + part.byteLength && line.compare(part, 0, part.byteLength, at, at + part.byteLength) === 0
  )
}

interface Envelope {
  readonly url: string
  readonly n: number
  readonly row?: number
  readonly name: string
  readonly ancestors?: unknown
  readonly record: unknown
}

function parseLine(line: Buffer): RecordLine {
  const { url, n, row = 0, name, ancestors, record }: Envelope = JSON.parse(line.toString())
  const json = Buffer.from(JSON.stringify(record))
  return { url, n, row, name, ancestors: ancestors === undefined ? undefined : JSON.stringify(ancestors), json }
}
