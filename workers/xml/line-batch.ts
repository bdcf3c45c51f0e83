/** Lines of records on their way to a batch: encoded as they come, handed on when about `BATCH_BYTES` are there. */
import { BATCH_BYTES } from '../../src/channel/protocol.ts'
import type { Emit } from './parser.ts'

const MAX_UTF8_BYTES_PER_UNIT = 3

export class LineBatch {
  readonly #emit: Emit
  #buffer = Buffer.alloc(0)
  #length = 0
  #count = 0

  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** @param line a record's JSON text, without the line feed; its XML may stand before it */
  add(line: string): void {
    const needed = line.length * MAX_UTF8_BYTES_PER_UNIT + 1
    if (this.#length > 0 && this.#length + needed > this.#buffer.length) this.flush()
    if (needed > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(needed, BATCH_BYTES))
    this.#length += this.#buffer.write(line, this.#length, 'utf8')
    this.#buffer[this.#length++] = 0x0a
    this.#count++
    if (this.#length >= BATCH_BYTES) this.flush()
  }

  flush(): void {
    if (this.#count === 0) return
    const lines = this.#buffer.subarray(0, this.#length)
    const count = this.#count
    this.#length = 0
    this.#count = 0
    this.#emit(lines, count)
  }
}
