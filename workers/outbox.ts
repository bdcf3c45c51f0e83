/** A document's records on their way to main: gathered into batches, sent as credit allows. */
import type { MessagePort } from 'node:worker_threads'
import type { CreditWindow } from '../src/channel/credit.ts'
import { BATCH_BYTES, type Batch, RIDE_ALONG_BYTES, type ThreadMessage } from '../src/channel/protocol.ts'

/** Lines of one kind that wait for their batch to be full. */
class Gathering {
  readonly kind: Batch['kind']
  #parts: Uint8Array[] = []
  #bytes = 0
  #count = 0

  constructor(kind: Batch['kind']) {
    this.kind = kind
  }

  get byteLength(): number {
    return this.#bytes
  }

  /** Copies the lines. */
  add(lines: Uint8Array, count: number): void {
    // Not `slice`: a Buffer's is a view.
    this.#parts.push(new Uint8Array(lines))
    this.#bytes += lines.byteLength
    this.#count += count
  }

  take(): Batch {
    const [only] = this.#parts
    const bytes = this.#parts.length === 1 && only !== undefined ? ownBuffer(only) : concat(this.#parts, this.#bytes)
    const batch: Batch = { kind: this.kind, count: this.#count, bytes }
    this.#parts = []
    this.#bytes = 0
    this.#count = 0
    return batch
  }
}

function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  return bytes
}

export class Outbox {
  readonly #port: MessagePort
  readonly #credit: CreditWindow
  readonly #task: number
  readonly #records = new Gathering('records')
  readonly #rejects = new Gathering('rejects')
  #sent = 0
  #creditMs = 0

  constructor(port: MessagePort, credit: CreditWindow, task: number) {
    this.#port = port
    this.#credit = credit
    this.#task = task
  }

  get batchesSent(): number {
    return this.#sent
  }

  /** Milliseconds spent waiting for main. */
  get creditMs(): number {
    return this.#creditMs
  }

  /** Takes whole lines; they are copied. */
  add(kind: Batch['kind'], lines: Uint8Array, count: number): void {
    const gathering = kind === 'records' ? this.#records : this.#rejects
    gathering.add(lines, count)
    if (gathering.byteLength >= BATCH_BYTES) this.#send(gathering.take())
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
    for (const gathering of [this.#records, this.#rejects]) {
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
