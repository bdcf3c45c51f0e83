/** Small pieces on their way into something that takes large ones better. */
export class WriteBuffer {
  readonly #most: number
  readonly #write: (bytes: Uint8Array) => Promise<void>
  /** Made when it is first needed, and kept. */
  #buffer: Uint8Array | undefined
  #byteLength = 0

  /**
   * @param most bytes that are gathered at most; a piece as large goes by itself
   * @param write gets pieces in their order, one call at a time; what it is given is not its own once it has resolved
   */
  constructor(most: number, write: (bytes: Uint8Array) => Promise<void>) {
    this.#most = most
    this.#write = write
  }

  /** Takes a piece: when this resolves, its memory is the caller's again. One call at a time. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#byteLength + bytes.byteLength > this.#most) await this.flush()
    if (bytes.byteLength >= this.#most) {
      await this.#write(bytes)
      return
    }
    this.#buffer ??= new Uint8Array(this.#most)
    this.#buffer.set(bytes, this.#byteLength)
    this.#byteLength += bytes.byteLength
  }

  /** Writes what has gathered. */
  async flush(): Promise<void> {
    if (this.#buffer === undefined || this.#byteLength === 0) return
    const gathered = this.#buffer.subarray(0, this.#byteLength)
    this.#byteLength = 0
    await this.#write(gathered)
  }

  /** Forgets what has gathered. */
  clear(): void {
    this.#byteLength = 0
  }
}
