/** A document's records on their way to main: gathered into batches, sent as credit allows. */
import type { MessagePort } from 'node:worker_threads'
import { batchMemory, releaseMemory } from '../src/channel/batch-memory.ts'
import type { CreditWindow } from '../src/channel/credit.ts'
import {
  BATCH_BYTES,
  type Batch,
  BUFFER_BYTES,
  RAW_BATCH_BYTES,
  RIDE_ALONG_BYTES,
  type ThreadMessage,
} from '../src/channel/protocol.ts'
import { xmlLineAt } from '../src/channel/xml-lines.ts'

/** From here on a batch is likely to become a full one: it is gathered in a buffer of the full size, which comes back. */
const LARGE_BYTES = BATCH_BYTES / 4

/** A batch that fills less of its buffer is copied out of it: main holds batches, and would hold what is unused with them. */
const LEAST_FILL = 3 / 4

/** Buffers kept: with what is under way to main and back, each thread goes round with a dozen. */
const MAX_SPARE = 4

/** Memory of a thread's batches that main has given back. New memory is cleared page by page, and found again by the garbage collector. */
export class SpareBuffers {
  readonly #buffers: ArrayBuffer[] = []

  /** One of BUFFER_BYTES, with anything in it. */
  take(): ArrayBuffer {
    return this.#buffers.pop() ?? batchMemory(BUFFER_BYTES)
  }

  /** Keeps it if it is of that size, or lets go of it. */
  add(buffer: ArrayBuffer): void {
    if (buffer.byteLength === BUFFER_BYTES && this.#buffers.length < MAX_SPARE) this.#buffers.push(buffer)
    else releaseMemory(buffer)
  }
}

/** Lines of one kind that wait for their batch to be full. Each byte is copied once, into the buffer that is sent. */
export class Gathering {
  readonly kind: Batch['kind']
  readonly #spare: SpareBuffers
  #buffer = new Uint8Array(0)
  #bytes = 0
  #count = 0

  constructor(kind: Batch['kind'], spare: SpareBuffers) {
    this.kind = kind
    this.#spare = spare
  }

  get byteLength(): number {
    return this.#bytes
  }

  /** Copies the lines. */
  add(lines: Uint8Array, count: number): void {
    const bytes = this.#bytes + lines.byteLength
    if (bytes > this.#buffer.byteLength) this.#grow(bytes)
    this.#buffer.set(lines, this.#bytes)
    this.#bytes = bytes
    this.#count += count
  }

  take(): Batch {
    const isFull = this.#bytes >= this.#buffer.byteLength * LEAST_FILL
    const gathered = this.#buffer.subarray(0, this.#bytes)
    const bytes = isFull ? gathered : copyOf(gathered)
    if (!isFull) this.#spare.add(this.#buffer.buffer)
    const batch: Batch = { kind: this.kind, count: this.#count, bytes }
    this.#buffer = new Uint8Array(0)
    this.#bytes = 0
    this.#count = 0
    return batch
  }

  /** The first lines get what they need: with most documents there are no more. */
  #grow(bytes: number): void {
    const buffer = new Uint8Array(this.#memory(bytes))
    buffer.set(this.#buffer.subarray(0, this.#bytes))
    if (this.#bytes > 0) this.#spare.add(this.#buffer.buffer)
    this.#buffer = buffer
  }

  #memory(bytes: number): ArrayBuffer {
    if (bytes <= LARGE_BYTES) return batchMemory(this.#bytes === 0 ? bytes : bytes * 4)
    return bytes > BUFFER_BYTES ? batchMemory(bytes) : this.#spare.take()
  }
}

/** Where the record ends that reaches to a place or beyond it. */
function recordEnd(lines: Buffer, from: number, to: number): number {
  let end = from
  while (end < to) end = (xmlLineAt(lines, end)?.end ?? lines.byteLength) + 1
  return end
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(batchMemory(bytes.byteLength))
  copy.set(bytes)
  return copy
}

export class Outbox {
  readonly #port: MessagePort
  readonly #credit: CreditWindow
  readonly #task: number
  readonly #records: Gathering
  readonly #rejects: Gathering
  readonly #raw: Gathering
  #sent = 0
  #creditMs = 0

  constructor(port: MessagePort, credit: CreditWindow, spare: SpareBuffers, task: number) {
    this.#port = port
    this.#credit = credit
    this.#task = task
    this.#records = new Gathering('records', spare)
    this.#rejects = new Gathering('rejects', spare)
    this.#raw = new Gathering('raw', spare)
  }

  get batchesSent(): number {
    return this.#sent
  }

  /** Milliseconds spent waiting for main. */
  get creditMs(): number {
    return this.#creditMs
  }

  /** Takes whole lines; they are copied. */
  add(kind: 'records' | 'rejects', lines: Uint8Array, count: number): void {
    const gathering = kind === 'records' ? this.#records : this.#rejects
    gathering.add(lines, count)
    if (gathering.byteLength >= BATCH_BYTES) this.#send(gathering.take())
  }

  /** Takes records that another thread is to transform, each behind its XML, in batches small enough that every thread has one. */
  addRaw(lines: Uint8Array): void {
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength)
    for (let from = 0; from < lines.byteLength; ) {
      const end = recordEnd(bytes, from, Math.min(from + RAW_BATCH_BYTES, lines.byteLength))
      this.#raw.add(lines.subarray(from, end), 0)
      if (this.#raw.byteLength >= RAW_BATCH_BYTES) this.#send(this.#raw.take())
      from = end
    }
  }

  /** Sends what has gathered, so that what another thread makes comes after it. */
  flush(): void {
    for (const gathering of [this.#records, this.#rejects]) if (gathering.byteLength > 0) this.#send(gathering.take())
  }

  /** Whether `room()` would wait: ask before awaiting, a wait in the plain case costs a turn of the loop for each chunk. */
  get isFull(): boolean {
    return !this.#credit.isOpen
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    const from = performance.now()
    await this.#credit.opened()
    this.#creditMs += performance.now() - from
  }

  /** What remains at the end of a document: returned when small, else sent. */
  finish(): readonly Batch[] {
    const last: Batch[] = []
    for (const gathering of [this.#records, this.#rejects, this.#raw]) {
      if (gathering.byteLength === 0) continue
      const batch = gathering.take()
      if (batch.bytes.byteLength <= RIDE_ALONG_BYTES) last.push(batch)
      else this.#send(batch)
    }
    return last
  }

  #send(batch: Batch): void {
    this.#credit.spend(batch.bytes.byteLength)
    const message: ThreadMessage = { type: 'batch', task: this.#task, batch }
    this.#port.postMessage(message, [batch.bytes.buffer])
    this.#sent += 1
  }
}
