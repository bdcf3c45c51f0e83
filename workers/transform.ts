/** The user's function over records, in the thread: records in as JSON lines, rows out as JSON lines. */
import { inspect } from 'node:util'
import { batchMemory, releaseMemory } from '../src/channel/batch-memory.ts'
import type { TransformCounts } from '../src/channel/protocol.ts'
import { rejectLine } from '../src/channel/reject-line.ts'
import type { Transform } from '../src/channel/transform-module.ts'
import { type XmlLinePlace, xmlLineAt } from '../src/channel/xml-lines.ts'
import { MillError } from '../src/errors.ts'

interface Envelope {
  readonly url: string
  readonly n: number
  readonly name: string
  readonly record: unknown
}

type Output = (kind: 'records' | 'rejects', lines: Uint8Array, count: number) => void

export interface TransformOutput {
  /** Whether rows are in envelopes. */
  readonly hasEnvelope: boolean
  /** Whether rows come behind their record's XML, for an output that may refuse them. */
  readonly hasXml: boolean
}

const NOTHING = Buffer.alloc(0)

/** Records on their way through the transform: a document's, or a part of another thread's document. */
export class TransformStage {
  readonly #transform: Transform
  readonly #form: TransformOutput
  readonly #output: Output
  /** Filled anew for each part of the document. */
  #waiting = new Uint8Array(batchMemory(0))
  #waitingBytes = 0
  #counts: TransformCounts = { written: 0, rejected: 0, dropped: 0, milliseconds: 0 }

  constructor(transform: Transform, form: TransformOutput, output: Output) {
    this.#transform = transform
    this.#form = form
    this.#output = output
  }

  /** Takes lines with envelopes, each behind its XML; they are copied. Not while `flush` runs. */
  push(lines: Uint8Array): void {
    const bytes = this.#waitingBytes + lines.byteLength
    if (bytes > this.#waiting.byteLength) this.#grow(bytes)
    this.#waiting.set(lines, this.#waitingBytes)
    this.#waitingBytes = bytes
  }

  get counts(): TransformCounts {
    return this.#counts
  }

  get hasWaiting(): boolean {
    return this.#waitingBytes > 0
  }

  /** Transforms what was pushed. */
  async flush(): Promise<void> {
    const lines = this.#waiting.subarray(0, this.#waitingBytes)
    this.#waitingBytes = 0
    await this.transform(lines)
  }

  /** Transforms such lines, record by record, in order. They are not copied. */
  async transform(lines: Uint8Array): Promise<void> {
    const from = performance.now()
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength)
    for (let place = xmlLineAt(bytes, 0); place !== undefined; place = xmlLineAt(bytes, place.end + 1)) {
      await this.#one(bytes, place)
    }
    this.#count('milliseconds', performance.now() - from)
  }

  /** There will be no more. */
  close(): void {
    releaseMemory(this.#waiting.buffer)
  }

  #grow(bytes: number): void {
    const waiting = new Uint8Array(batchMemory(Math.max(bytes, 2 * this.#waiting.byteLength)))
    waiting.set(this.#waiting.subarray(0, this.#waitingBytes))
    this.close()
    this.#waiting = waiting
  }

  async #one(bytes: Buffer, place: XmlLinePlace): Promise<void> {
    const line = bytes.toString('utf8', place.line, place.end)
    const envelope: Envelope = JSON.parse(line)
    const { url, n, name, record } = envelope
    const behind = this.#form.hasXml ? bytes.subarray(place.from, place.line) : NOTHING
    try {
      const result = await this.#transform(record, { url, n, name })
      if (result === undefined) this.#count('dropped', 1)
      else if (Array.isArray(result)) this.#writeRows(envelope, behind, result)
      else this.#write(behind, this.#line(envelope, result), 1)
    } catch (thrown) {
      // It is the document's end, not the record's.
      if (thrown instanceof MillError && thrown.code === 'TRANSFORM_TIMEOUT') throw thrown
      this.#count('rejected', 1)
      // As it was given: the function may have changed it.
      const { record: given }: Envelope = JSON.parse(line)
      const reject = { url, n, name, code: 'TRANSFORM_THREW', reason: describe(thrown) } as const
      const xml = bytes.subarray(place.xml, place.line)
      this.#output('rejects', rejectLine(reject, Buffer.from(JSON.stringify(given)), xml), 1)
    }
  }

  /** All rows of a record, or none: a row that JSON cannot carry rejects the record. */
  #writeRows(envelope: Envelope, behind: Buffer, rows: readonly unknown[]): void {
    if (rows.length === 0) this.#count('dropped', 1)
    else this.#write(behind, rows.map((row, index) => this.#line(envelope, row, index)).join(''), rows.length)
  }

  /** @param behind what stands before the first of the lines */
  #write(behind: Buffer, lines: string, count: number): void {
    const rows = Buffer.from(lines)
    this.#output('records', behind.byteLength > 0 ? Buffer.concat([behind, rows]) : rows, count)
    this.#count('written', count)
  }

  /** One of several rows carries its place among them: url, n and row together are unique. */
  #line({ url, n, name }: Envelope, row: unknown, index?: number): string {
    const json: string | undefined = JSON.stringify(row)
    if (json === undefined) throw new TypeError(`the transform returned a ${typeof row}, which JSON cannot carry`)
    if (!this.#form.hasEnvelope) return `${json}\n`
    const place = index === undefined ? '' : `"row":${index},`
    return `{"url":${JSON.stringify(url)},"n":${n},${place}"name":${JSON.stringify(name)},"record":${json}}\n`
  }

  #count(what: keyof TransformCounts, by: number): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + by }
  }
}

/** What was thrown, whatever it is: `String` itself throws for some objects. */
function describe(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`
  return typeof thrown === 'string' ? thrown : inspect(thrown)
}
