/** A body on its way into the cache: hashed and compressed as it passes, in memory while it is small, then in a temporary file. */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { constants, createZstdCompress, type ZstdCompress, zstdCompressSync } from 'node:zlib'
import { moveFile, openBeside, replaceFile } from './atomic-file.ts'

/** Compressed at once; beyond it by a stream, whose trips to the thread pool cost 170 us at least. */
const SMALL_BYTES = 256 << 10

/** The fastest level: XML becomes a tenth anyway. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

interface Stream {
  readonly zstd: ZstdCompress
  readonly path: string
  readonly written: Promise<void>
  /** The write under way: one that fails does not call back, the stream only closes. */
  pending: PromiseWithResolvers<void> | undefined
}

/** Where a body of this hash is kept. */
export function bodyPath(directory: string, sha256: string): string {
  return join(directory, 'bodies', sha256.slice(0, 2), `${sha256.slice(2)}.zst`)
}

export class BodyRecorder {
  readonly #directory: string
  readonly #hash = createHash('sha256')
  #chunks: Uint8Array[] = []
  #bytes = 0
  #stream: Stream | undefined
  #isFailed = false

  constructor(directory: string) {
    this.#directory = directory
  }

  get byteLength(): number {
    return this.#bytes
  }

  /** The chunk is only read during the call. Never throws: a body that cannot be kept is not kept. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isFailed) return
    this.#hash.update(chunk)
    this.#bytes += chunk.byteLength
    try {
      if (this.#stream !== undefined) await pass(this.#stream, chunk)
      else if (this.#bytes <= SMALL_BYTES) this.#chunks.push(new Uint8Array(chunk))
      else {
        this.#stream = await this.#open()
        for (const part of [...this.#chunks, chunk]) await pass(this.#stream, part)
        this.#chunks = []
      }
    } catch {
      await this.discard()
    }
  }

  /** Puts the body into its place. @returns its hash, or undefined when it could not be kept */
  async keep(): Promise<string | undefined> {
    if (this.#isFailed) return undefined
    const sha256 = this.#hash.digest('hex')
    const path = bodyPath(this.#directory, sha256)
    try {
      if (this.#stream === undefined) {
        await replaceFile(path, zstdCompressSync(Buffer.concat(this.#chunks, this.#bytes), LEVEL))
        return sha256
      }
      this.#stream.zstd.end()
      await this.#stream.written
      await moveFile(this.#stream.path, path)
      this.#stream = undefined
      return sha256
    } catch {
      await this.discard()
      return undefined
    }
  }

  /** Lets go of what was recorded. May be called more than once, and after `keep`. */
  async discard(): Promise<void> {
    this.#isFailed = true
    this.#chunks = []
    const stream = this.#stream
    this.#stream = undefined
    if (stream === undefined) return
    stream.zstd.destroy()
    await stream.written.catch(() => {})
    await rm(stream.path, { force: true })
  }

  async #open(): Promise<Stream> {
    const { path, handle } = await openBeside(join(this.#directory, 'bodies', 'incoming'))
    const zstd = createZstdCompress(LEVEL)
    const file = handle.createWriteStream()
    zstd.on('error', (error) => file.destroy(error))
    const written = finished(zstd.pipe(file))
    // Awaited when the body is whole; a disk that is full before that ends the next write.
    written.catch(() => zstd.destroy())
    const stream: Stream = { zstd, path, written, pending: undefined }
    zstd.on('close', () => {
      if (!zstd.readableEnded) file.destroy()
      stream.pending?.reject(new Error('the stream is closed'))
    })
    return stream
  }
}

async function pass(stream: Stream, chunk: Uint8Array): Promise<void> {
  if (stream.zstd.destroyed) throw new Error('the stream is closed')
  const pending = Promise.withResolvers<void>()
  stream.pending = pending
  stream.zstd.write(chunk, (error) => {
    if (error) pending.reject(error)
    else pending.resolve()
  })
  await pending.promise
  stream.pending = undefined
}
