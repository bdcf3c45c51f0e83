/** What a thread is granted for the batches that it has sent: room for as many bytes, and the memory of those that are done with. */
import type { MessagePort } from 'node:worker_threads'
import { releaseMemory } from '../channel/batch-memory.ts'
import { BATCH_BYTES, type Batch, BUFFER_BYTES, type MainMessage, type Receipt } from '../channel/protocol.ts'

/**
 * Buffers kept for a thread until it is written to again. Without them each batch would be new memory, which the system
 * clears page by page and the garbage collector has to find: a third of the processor time between a thread and a file.
 */
const MAX_BUFFERS = 4

export class ThreadCredit {
  readonly #port: MessagePort
  #bytes = 0
  #buffers: ArrayBuffer[] = []

  constructor(port: MessagePort) {
    this.#port = port
  }

  receipt({ bytes }: Batch): Receipt {
    const { byteLength, buffer } = bytes
    return { taken: () => this.#grant(byteLength), spent: () => this.#giveBack(buffer) }
  }

  #grant(bytes: number): void {
    this.#bytes += bytes
    // In lumps: a message for each batch would be one too many, and the window is several lumps wide.
    if (this.#bytes < BATCH_BYTES) return
    const buffers = this.#buffers
    const message: MainMessage = { type: 'credit', bytes: this.#bytes, buffers }
    this.#bytes = 0
    this.#buffers = []
    this.#port.postMessage(message, buffers)
  }

  #giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength === BUFFER_BYTES && this.#buffers.length < MAX_BUFFERS) this.#buffers.push(buffer)
    else releaseMemory(buffer)
  }
}
