/** Reads parts of a file of records, compressed or not, by their places before compression. */
import type { FileHandle } from 'node:fs/promises'
import { MillError } from '../errors.ts'
import type { Member } from '../ledger/commit.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { type Compression, compressionOf } from './compression.ts'

const READ_BYTES = 1 << 20

/** One reader for one file, one read at a time. */
export class RecordsReader {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #ledger: SqliteLedger
  readonly #name: string
  readonly #compression: Compression | undefined
  /** What was read last of a file without members. */
  #window: { readonly bytes: Uint8Array; readonly at: number } = { bytes: new Uint8Array(), at: 0 }
  /** The member read last: neighbours share it. */
  #last: { readonly member: Member; readonly plain: Uint8Array } | undefined

  constructor(handle: FileHandle, path: string, ledger: SqliteLedger, name: string) {
    this.#handle = handle
    this.#path = path
    this.#ledger = ledger
    this.#name = name
    this.#compression = compressionOf(path)
  }

  /**
   * @param offset before compression
   * @param length before compression
   * @throws MillError OUTPUT_FAILED when the file has not got them
   */
  async *read(offset: number, length: number): AsyncGenerator<Uint8Array> {
    if (this.#compression === undefined) {
      for (let from = offset; from < offset + length; ) {
        const part = await this.#neighbours(from, offset + length - from)
        yield part
        from += part.byteLength
      }
      return
    }
    for (let from = offset; from < offset + length; ) {
      const { member, plain } = await this.#memberAt(from, this.#compression)
      const start = from - member.plainOffset
      const part = plain.subarray(start, start + offset + length - from)
      if (part.byteLength === 0) throw this.#tooShort()
      yield part
      from += part.byteLength
    }
  }

  /**
   * A member as it is in the file.
   * @throws MillError OUTPUT_FAILED when the file has not got it
   */
  async member({ offset, length }: Member): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for await (const part of this.#bytes(offset, length)) parts.push(part)
    return Buffer.concat(parts)
  }

  async #memberAt(plainOffset: number, compression: Compression) {
    const last = this.#last
    if (last !== undefined && isIn(last.member, plainOffset)) return last
    const member = this.#ledger.memberAt(this.#name, plainOffset)
    if (member === undefined || !isIn(member, plainOffset)) throw this.#tooShort()
    const bytes = await this.member(member)
    try {
      this.#last = { member, plain: await compression.decompress(bytes) }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new MillError('OUTPUT_FAILED', `${this.#path} is damaged at byte ${member.offset}: ${reason}`, { cause })
    }
    return this.#last
  }

  /** At most so many bytes from there. What is asked for one behind the other is read together: small documents are read by the thousand. */
  async #neighbours(from: number, length: number): Promise<Uint8Array> {
    const { bytes, at } = this.#window
    if (from >= at && from < at + bytes.byteLength) return bytes.subarray(from - at, from - at + length)
    const isNext = from === at + bytes.byteLength
    const buffer = Buffer.allocUnsafe(isNext ? READ_BYTES : Math.min(READ_BYTES, length))
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, from)
    if (bytesRead === 0) throw this.#tooShort()
    this.#window = { bytes: buffer.subarray(0, bytesRead), at: from }
    return this.#window.bytes.subarray(0, length)
  }

  async *#bytes(offset: number, length: number): AsyncGenerator<Uint8Array> {
    for (let from = offset; from < offset + length; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, offset + length - from))
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, from)
      if (bytesRead === 0) throw this.#tooShort()
      from += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  #tooShort(): MillError {
    return new MillError('OUTPUT_FAILED', `${this.#path} is shorter than its ledger says`)
  }
}

function isIn({ plainOffset, plainLength }: Member, offset: number): boolean {
  return offset >= plainOffset && offset < plainOffset + plainLength
}
