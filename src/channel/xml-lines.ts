/**
 * Lines of records that may be refused. Before a record's line, or before the first of the rows that a transform has made of it, stands the
 * record's own XML, and before that its length in bytes: `21<paper>On Mills</paper>{"url":…}`. Raw, since to escape it would cost the engine a quarter
 * of its speed, and to copy it costs 2%.
 */

const LF = 0x0a
const ZERO = 0x30
const NINE = 0x39

/** Where the parts of a line are, as offsets: nothing is cut out before it is wanted. */
export interface XmlLinePlace {
  readonly from: number
  readonly xml: number
  /** Also the end of the XML, of which there is none where both are the same. */
  readonly line: number
  /** Of the line feed. */
  readonly end: number
}

/** The line that begins at a place; undefined where it does not end in these bytes. */
export function xmlLineAt(bytes: Buffer, from: number): XmlLinePlace | undefined {
  let xml = from
  let length = 0
  for (let digit = bytes[xml] ?? 0; digit >= ZERO && digit <= NINE; digit = bytes[++xml] ?? 0) {
    length = length * 10 + digit - ZERO
  }
  const line = xml + length
  const end = line < bytes.byteLength ? bytes.indexOf(LF, line) : -1
  return end === -1 ? undefined : { from, xml, line, end }
}

export interface XmlLine {
  /** Of the record that the line is of; undefined where none came with it. */
  readonly xml: Buffer | undefined
  /** JSON text is in these bytes, from here to the line feed. */
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

/** Such lines of one document, out of chunks that are cut anywhere. */
export class XmlLines {
  /** What has not come to the end of a line. */
  #carried: Uint8Array[] = []
  #carriedBytes = 0
  /** Bytes before which it is not looked at again: of a line that is much larger than the chunks each byte is copied twice, not a hundred times. */
  #wantedBytes = 0
  #xml: Buffer | undefined

  /** The lines that end in this chunk, or in those before it; the last ones in any case when it is the last. */
  add(chunk: Uint8Array, isLast = false): readonly XmlLine[] {
    if (chunk.byteLength > 0) this.#carried.push(chunk)
    this.#carriedBytes += chunk.byteLength
    if (this.#carriedBytes < this.#wantedBytes && !isLast) return []
    const bytes = this.#take()
    const lines: XmlLine[] = []
    let from = 0
    for (let place = xmlLineAt(bytes, 0); place !== undefined; place = xmlLineAt(bytes, from)) {
      const { xml, line, end } = place
      if (xml < line) this.#xml = bytes.subarray(xml, line)
      lines.push({ xml: this.#xml, bytes, from: line, to: end })
      from = end + 1
    }
    if (from < bytes.byteLength) this.#carried = [bytes.subarray(from)]
    this.#carriedBytes = bytes.byteLength - from
    this.#wantedBytes = 2 * this.#carriedBytes
    return lines
  }

  /** There is no further chunk. */
  end(): readonly XmlLine[] {
    return this.add(new Uint8Array(), true)
  }

  #take(): Buffer {
    const carried = this.#carried
    this.#carried = []
    const [only] = carried
    return carried.length === 1 && only !== undefined
      ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
      : Buffer.concat(carried)
  }
}
