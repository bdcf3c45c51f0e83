/** The user's function over records, in the thread: records in as JSON lines, rows out as JSON lines. */
import { inspect } from 'node:util'
import { splitLines } from '../src/channel/lines.ts'
import type { TransformCounts } from '../src/channel/protocol.ts'
import type { Transform } from '../src/channel/transform-module.ts'
import { MillError } from '../src/errors.ts'

interface Envelope {
  readonly url: string
  readonly n: number
  readonly name: string
  readonly record: unknown
}

type Output = (kind: 'records' | 'rejects', lines: Uint8Array, count: number) => void

/** Records on their way through the transform: a document's, or a part of another thread's document. */
export class TransformStage {
  readonly #transform: Transform
  readonly #hasEnvelope: boolean
  readonly #output: Output
  #waiting: Uint8Array[] = []
  #counts: TransformCounts = { written: 0, rejected: 0, dropped: 0, milliseconds: 0 }

  constructor(transform: Transform, hasEnvelope: boolean, output: Output) {
    this.#transform = transform
    this.#hasEnvelope = hasEnvelope
    this.#output = output
  }

  /** Takes lines with envelopes; they are copied. */
  push(lines: Uint8Array): void {
    this.#waiting.push(new Uint8Array(lines))
  }

  get counts(): TransformCounts {
    return this.#counts
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Transforms what was pushed, record by record, in order. */
  async flush(): Promise<void> {
    const chunks = this.#waiting
    this.#waiting = []
    const from = performance.now()
    for (const line of splitLines(chunks)) await this.#one(line)
    this.#count('milliseconds', performance.now() - from)
  }

  async #one(line: Buffer): Promise<void> {
    const envelope: Envelope = JSON.parse(line.toString())
    const { url, n, name, record } = envelope
    try {
      const result = await this.#transform(record, { url, n, name })
      if (result === undefined) this.#count('dropped', 1)
      else if (Array.isArray(result)) this.#writeRows(envelope, result)
      else this.#write(this.#line(envelope, result), 1)
    } catch (thrown) {
      // It is the document's end, not the record's.
      if (thrown instanceof MillError && thrown.code === 'TRANSFORM_TIMEOUT') throw thrown
      this.#count('rejected', 1)
      const reason = describe(thrown)
      const reject = { url, n, name, code: 'TRANSFORM_THREW', reason, record }
      this.#output('rejects', Buffer.from(`${JSON.stringify(reject)}\n`), 1)
    }
  }

  /** All rows of a record, or none: a row that JSON cannot carry rejects the record. */
  #writeRows(envelope: Envelope, rows: readonly unknown[]): void {
    if (rows.length === 0) this.#count('dropped', 1)
    else this.#write(rows.map((row, index) => this.#line(envelope, row, index)).join(''), rows.length)
  }

  #write(lines: string, count: number): void {
    this.#output('records', Buffer.from(lines), count)
    this.#count('written', count)
  }

  /** One of several rows carries its place among them: url, n and row together are unique. */
  #line({ url, n, name }: Envelope, row: unknown, index?: number): string {
    const json: string | undefined = JSON.stringify(row)
    if (json === undefined) throw new TypeError(`the transform returned a ${typeof row}, which JSON cannot carry`)
    if (!this.#hasEnvelope) return `${json}\n`
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
