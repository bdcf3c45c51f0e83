/**
 * A count in memory that all threads share, raised where a server asks to be left alone: before main has heard of it, no chain goes on to
 * its next document that was made before. Which of them may go on is main's to say, with new ones.
 */
export class Alarm {
  readonly #raised: Int32Array<SharedArrayBuffer>

  /** @param buffer of the others' alarm */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#raised = new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#raised.buffer
  }

  /** How often it was raised; wraps around. */
  get count(): number {
    return Atomics.load(this.#raised, 0)
  }

  raise(): void {
    Atomics.add(this.#raised, 0, 1)
  }
}
