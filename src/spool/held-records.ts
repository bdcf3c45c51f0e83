/**
 * A document's records between their arrival and their commit: in memory as long as the run's budget lasts, then in a
 * spool file. Nobody sees them before the document is whole; a document that fails lets go of them.
 */

import { closeSync, openSync, readSync } from 'node:fs'
import type { Batch, Receipt } from '../channel/protocol.ts'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { Tail } from '../sinks/sink.ts'
import type { SpoolDirectory, SpoolFile } from './spool-directory.ts'

/** Bytes that all held records of a run may take in memory together. */
export class MemoryBudget {
  readonly #limit: number
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

const READ_BYTES = 1 << 20

/** Records of which there is so much that they should go to their place directly, if it is free. */
const TAIL_BYTES = 4 << 20

interface Chunk {
  readonly bytes: Uint8Array
  readonly receipt: Receipt
}

const DONE = Promise.resolve()

export class HeldRecords {
  readonly #budget: MemoryBudget
  readonly #spool: SpoolDirectory
  /** The first part, in memory; what follows is in the file. */
  #chunks: Chunk[] = []
  #memoryBytes = 0
  #file: SpoolFile | undefined
  #fileBytes = 0
  #count = 0
  readonly #claimTail: (() => Tail | undefined) | undefined
  /** The end of the output's file, which everything goes to once it is lent. */
  #tail: Tail | undefined
  /** Absent as long as nothing was to be written: with most documents nothing ever is. */
  #writing: Promise<void> | undefined
  #isReleased = false

  /** @param claimTail asks for the end of the output's file when there is much to hold */
  constructor(budget: MemoryBudget, spool: SpoolDirectory, claimTail?: () => Tail | undefined) {
    this.#budget = budget
    this.#spool = spool
    this.#claimTail = claimTail
  }

  /** Set when the records are at the end of the output's file already, and not to be read here. */
  get tail(): Tail | undefined {
    return this.#tail
  }

  get byteLength(): number {
    return this.#memoryBytes + this.#fileBytes
  }

  /** Lines held. */
  get count(): number {
    return this.#count
  }

  /**
   * Takes whole lines. They count as taken at once in memory, after the write in a file; and as spent after that write, or when what is in
   * memory is released. A write that fails is thrown by `settled`.
   */
  append({ bytes, count }: Pick<Batch, 'bytes' | 'count'>, receipt: Receipt): void {
    this.#count += count
    if (this.#isReleased) {
      receipt.spent()
      receipt.taken()
      return
    }
    const isInMemory = this.#tail === undefined && this.#fileBytes === 0
    if (isInMemory && this.#memoryBytes + bytes.byteLength > TAIL_BYTES) this.#divert()
    if (isInMemory && this.#tail === undefined && this.#budget.take(bytes.byteLength)) {
      this.#chunks.push({ bytes, receipt })
      this.#memoryBytes += bytes.byteLength
      receipt.taken()
      return
    }
    if (isInMemory && this.#tail === undefined) this.#divert()
    const tail = this.#tail
    if (tail === undefined) this.#fileBytes += bytes.byteLength
    const write = () => (tail === undefined ? this.#write(bytes) : this.#writeToTail(tail, bytes))
    this.#writing = (this.#writing ?? DONE).then(write).finally(() => {
      receipt.spent()
      receipt.taken()
    })
    // Reported by `settled`; without this it would be an unhandled rejection until then.
    this.#writing.catch(() => {})
  }

  /**
   * Everything appended is where it belongs.
   * @throws MillError OUTPUT_FAILED when the spool file could not be written
   */
  async settled(): Promise<void> {
    await this.#writing
  }

  /** The bytes in order, valid until they are released. Only after `settled`. */
  async *read(): AsyncGenerator<Uint8Array> {
    for (const { bytes } of this.#chunks) {
      this.#refuseReleased()
      yield bytes
    }
    // Whoever was slow to ask on must not take the part in memory for all.
    this.#refuseReleased()
    const file = this.#file
    if (file === undefined) return
    for (let position = 0; position < this.#fileBytes; ) {
      this.#refuseReleased()
      // A new buffer each time: whoever reads may keep a chunk while asking for the next.
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#fileBytes - position))
      const { bytesRead } = await file.handle.read(buffer, 0, buffer.byteLength, position)
      if (bytesRead === 0) throw new Error(`spool file ${file.path} is shorter than what was written to it`)
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** The same, for callers that cannot wait: a program that iterates over a document's records. */
  *readSync(): Generator<Uint8Array> {
    for (const { bytes } of this.#chunks) {
      this.#refuseReleased()
      yield bytes
    }
    this.#refuseReleased()
    if (this.#file === undefined) return
    const descriptor = openSync(this.#file.path, 'r')
    try {
      for (let rest = this.#fileBytes; rest > 0; ) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, rest))
        const bytes = readSync(descriptor, buffer, 0, buffer.byteLength, null)
        if (bytes === 0) throw new Error(`spool file ${this.#file.path} is shorter than what was written to it`)
        rest -= bytes
        yield buffer.subarray(0, bytes)
      }
    } finally {
      closeSync(descriptor)
    }
  }

  /** Lets go of memory and file. May be called more than once. */
  release(): Promise<void> {
    this.#isReleased = true
    for (const { receipt } of this.#chunks) receipt.spent()
    this.#chunks = []
    this.#budget.give(this.#memoryBytes)
    this.#memoryBytes = 0
    return this.#writing === undefined ? DONE : this.#releaseFiles(this.#writing)
  }

  async #releaseFiles(writing: Promise<void>): Promise<void> {
    await writing.catch(() => {})
    await this.#tail?.abandon()
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) await this.#spool.remove(file)
  }

  /** Moves what is held to the end of the output's file, if that is free. */
  #divert(): void {
    const tail = this.#claimTail?.()
    if (tail === undefined) return
    this.#tail = tail
    const chunks = this.#chunks
    const bytes = this.#memoryBytes
    this.#chunks = []
    this.#memoryBytes = 0
    this.#writing = (this.#writing ?? DONE)
      .then(async () => {
        for (const { bytes } of chunks) await this.#writeToTail(tail, bytes)
      })
      .finally(() => {
        for (const { receipt } of chunks) receipt.spent()
        this.#budget.give(bytes)
      })
    this.#writing.catch(() => {})
  }

  async #writeToTail(tail: Tail, bytes: Uint8Array): Promise<void> {
    if (!this.#isReleased) await tail.append(bytes)
  }

  #refuseReleased(): void {
    if (this.#isReleased) throw new Error("a document's records are gone once the next document is asked for")
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#isReleased) return
    try {
      this.#file ??= await this.#spool.create()
      failpoint('spool.writing')
      await this.#file.handle.appendFile(bytes)
      failpoint('spool.written')
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new MillError(
        'OUTPUT_FAILED',
        `records could not be held in a temporary file: ${reason}; another place for it is set by TMPDIR`,
        { cause },
      )
    }
  }
}
