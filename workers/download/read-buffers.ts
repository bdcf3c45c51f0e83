/** Memory that sockets read into. */
import { type OnReadOpts, Socket } from 'node:net'

/** What libuv reads at once from a TCP socket unless told otherwise. */
const BUFFER_BYTES = 64 << 10

/** As many as lie ready at most: more were in use at once only because a consumer was slow. */
const MOST_FREE = 32

interface Loan {
  readonly buffer: Uint8Array
  /** Pieces of it that are with consumers. */
  pieces: number
}

/**
 * Buffers that a thread's sockets read into, used again once their consumer is done with them. Left to itself Node makes one for each read,
 * and V8, which counts them, collected the whole heap for every 14 MB that came: a quarter of all processor time of a run on loopback.
 *
 * A buffer nobody gives back is lost to the garbage collector, and another is made. So whoever is in doubt keeps silent.
 */
export class ReadBuffers {
  readonly #free: Uint8Array[] = []
  readonly #loans = new WeakMap<ArrayBufferLike, Loan>()

  /** For the options of a socket: it then reads into these. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#take(),
    callback(this: unknown, length, buffer) {
      // As Node does with a buffer of its own; false stops the reading until the stream is read.
      return this instanceof Socket && this.push(buffer.subarray(0, length))
    },
  }

  /** A piece of what a socket read goes to a consumer. All of a buffer's pieces do before the first comes back. */
  lend(piece: Uint8Array): void {
    const loan = this.#loans.get(piece.buffer)
    if (loan !== undefined) loan.pieces += 1
  }

  /** A piece is not read any more. */
  giveBack(piece: Uint8Array): void {
    const loan = this.#loans.get(piece.buffer)
    if (loan === undefined) return
    loan.pieces -= 1
    if (loan.pieces > 0 || this.#free.length >= MOST_FREE) return
    this.#free.push(loan.buffer)
  }

  /** Something else holds on to the buffer that the piece is of: it is not used again. */
  forgo(piece: Uint8Array): void {
    this.#loans.delete(piece.buffer)
  }

  #take(): Uint8Array {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
    this.#loans.set(buffer.buffer, { buffer, pieces: 0 })
    return buffer
  }
}
