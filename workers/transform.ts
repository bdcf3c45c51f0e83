/** The user's function over records, in the thread: records in as JSON lines, rows out as JSON lines. */
import { splitLines } from '../src/channel/lines.ts'
import type { Transform } from '../src/channel/transform-module.ts'

export interface TransformCounts {
  /** Records given to the transform. */
  seen: number
  /** Rows that it returned. */
  written: number
  rejected: number
  /** Records for which it returned nothing. */
  dropped: number
  /** Time in the transform. */
  milliseconds: number
}

interface Envelope {
  readonly url: string
  readonly n: number
  readonly name: string
  readonly record: unknown
}

type Output = (kind: 'records' | 'rejects', lines: Uint8Array, count: number) => void

/** One document's records on their way through the transform. */
export class TransformStage {
  readonly #transform: Transform
  readonly #hasEnvelope: boolean
  readonly #output: Output
  #waiting: Uint8Array[] = []
  readonly counts: TransformCounts = { seen: 0, written: 0, rejected: 0, dropped: 0, milliseconds: 0 }

  constructor(transform: Transform, hasEnvelope: boolean, output: Output) {
    this.#transform = transform
    this.#hasEnvelope = hasEnvelope
    this.#output = output
  }

  /** Takes lines with envelopes; they are copied. */
  push(lines: Uint8Array): void {
    this.#waiting.push(new Uint8Array(lines))
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
    this.counts.milliseconds += performance.now() - from
  }

  async #one(line: Buffer): Promise<void> {
    const envelope: Envelope = JSON.parse(line.toString())
    const { url, n, name, record } = envelope
    this.counts.seen += 1
    try {
      const result = await this.#transform(record, { url, n, name })
      if (result === undefined) this.counts.dropped += 1
      else this.#write(envelope, Array.isArray(result) ? result : [result])
    } catch (thrown) {
      this.counts.rejected += 1
      const reason = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
      const reject = { url, n, name, code: 'TRANSFORM_THREW', reason, record }
      this.#output('rejects', Buffer.from(`${JSON.stringify(reject)}\n`), 1)
    }
  }

  /** All rows of a record, or none: a row that JSON cannot carry rejects the record. */
  #write({ url, name }: Envelope, rows: readonly unknown[]): void {
    let text = ''
    let n = this.counts.written
    for (const row of rows) {
      const json: string | undefined = JSON.stringify(row)
      if (json === undefined) throw new TypeError(`the transform returned a ${typeof row}, which JSON cannot carry`)
      text += this.#hasEnvelope
        ? `{"url":${JSON.stringify(url)},"n":${n},"name":${JSON.stringify(name)},"record":${json}}\n`
        : `${json}\n`
      n += 1
    }
    this.counts.written = n
    if (rows.length > 0) this.#output('records', Buffer.from(text), rows.length)
    else this.counts.dropped += 1
  }
}
