/**
 * How far a chain has come, in memory that main and the thread share. The thread passes the gate with each document before it asks for anything;
 * main may shut it at any moment, and knows at once what has passed: no document is begun by one and started elsewhere by the other.
 */

const SHUT = -1

export class ChainGate {
  readonly #passed: Int32Array<SharedArrayBuffer>

  /** @param buffer of the other side's gate */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#passed = new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#passed.buffer
  }

  /** The thread's side. @returns whether the document at this place of the chain, from 0, may begin; those before it have */
  pass(position: number): boolean {
    return Atomics.compareExchange(this.#passed, 0, position, position + 1) === position
  }

  /** Main's side, once. @returns documents that have passed; no other will */
  shut(): number {
    return Atomics.exchange(this.#passed, 0, SHUT)
  }
}
