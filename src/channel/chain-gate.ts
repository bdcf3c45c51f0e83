/**
 * How far a chain has come, in memory that main and the thread share. The first document passes by being handed out; with each other one the thread
 * passes the gate before it asks for anything. Main may shut it at any moment, and knows at once what has passed: no document is begun by one and
 * started elsewhere by the other.
 */

const SHUT = -1

export class ChainGate {
  readonly #passed: Int32Array<SharedArrayBuffer>

  /** @param buffer of the other side's gate */
  constructor(buffer?: SharedArrayBuffer) {
    this.#passed = buffer === undefined ? createPassed() : new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#passed.buffer
  }

  /** The thread's side. @returns whether the document at this place of the chain, from 1, may begin; those before it have */
  pass(position: number): boolean {
    return Atomics.compareExchange(this.#passed, 0, position, position + 1) === position
  }

  /**
   * Main's side, once. @returns documents that have passed, at least one; no other will. Were the first one to come back as well, main would
   * start it again at once wherever its own start is what holds the run up, and never do anything else.
   */
  shut(): number {
    return Atomics.exchange(this.#passed, 0, SHUT)
  }
}

function createPassed(): Int32Array<SharedArrayBuffer> {
  const passed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  passed[0] = 1
  return passed
}
