/** Compressed bytes to plain ones, streaming, for every coding that Node's zlib has. Loaded with the first compressed body. */
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type Gunzip,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { MillError } from '../../src/errors.ts'

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Larger costs memory for each document under way, smaller costs trips to the thread pool. */
const CHUNK_BYTES = 64 << 10

/**
 * A body of at most this, compressed and plain, is decompressed in one call: 30 us for a document of 8 KB, where a stream takes 170 us
 * for its trips to the thread pool.
 */
const SMALL_COMPRESSED_BYTES = 64 << 10
const SMALL_PLAIN_BYTES = 1 << 20

/**
 * Decompresses `source`, which it only reads while it is asked for more: a bomb unpacks no further than its consumer follows.
 * Zeros after the end are padding, as tapes leave it; anything else there is an error.
 * @param name where the bytes come from, for messages
 * @throws MillError BODY_TRUNCATED, BODY_CORRUPT
 */
export async function* decompress(
  source: AsyncIterator<Uint8Array, undefined>,
  coding: Coding,
  name: string,
): AsyncGenerator<Uint8Array, undefined> {
  const input = new Input(source)
  const small = await input.readSmall()
  const plain = small === undefined ? undefined : decompressSmall(small, coding)
  if (plain !== undefined) {
    if (plain.length > 0) yield plain
    return
  }
  if (small !== undefined) input.unread(small)

  // Gunzip and the zstd of Node go on to a next member or frame on their own, but zstd only where a chunk ends with a frame:
  // the rest of the chunk would be lost without a word.
  for (let frame = 0; frame === 0 || (coding === 'zstd' && input.startsLikeZstd()); frame++) {
    const engine = await createEngine(coding, input)
    const feeding = feed(engine, input)
    try {
      for await (const chunk of engine) yield chunk
      // Only then is known what the engine left over. When it failed, its last write never calls back.
      await feeding
    } catch (error) {
      throw decompressionError(error, coding, name)
    } finally {
      engine.destroy()
    }
  }
  await input.skipPadding(coding, name)
}

type Engine = Pick<Gunzip, 'write' | 'end' | 'destroy' | 'bytesWritten' | 'destroyed' | 'readableEnded'> &
  AsyncIterable<Uint8Array>

/** A source of which the last chunk can be given back in part. */
class Input {
  readonly #source: AsyncIterator<Uint8Array, undefined>
  #rest: Uint8Array | undefined

  constructor(source: AsyncIterator<Uint8Array, undefined>) {
    this.#source = source
  }

  async read(): Promise<Uint8Array | undefined> {
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined && rest.length > 0) return rest
    for (;;) {
      const { value } = await this.#source.next()
      if (value === undefined || value.length > 0) return value
    }
  }

  unread(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#rest = chunk
  }

  /** The whole input if it is small; else nothing has been read. */
  async readSmall(): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = []
    let length = 0
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) {
      chunks.push(chunk)
      length += chunk.length
      if (length > SMALL_COMPRESSED_BYTES) {
        this.unread(Buffer.concat(chunks))
        return undefined
      }
    }
    const [first] = chunks
    return chunks.length === 1 ? first : Buffer.concat(chunks)
  }

  startsLikeZstd(): boolean {
    return this.#rest?.[0] === 0x28 || (this.#rest !== undefined && ((this.#rest[0] ?? 0) & 0xf0) === 0x50)
  }

  async skipPadding(coding: Coding, name: string): Promise<void> {
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) {
      if (chunk.some((byte) => byte !== 0 || coding === 'zstd'))
        throw new MillError('BODY_CORRUPT', `${name}: something else follows the end of the ${coding} stream`)
    }
  }
}

/** All of it at once, or undefined where anything is out of the ordinary: the stream finds out what. */
function decompressSmall(bytes: Uint8Array, coding: Coding): Uint8Array | undefined {
  const options = { info: true, maxOutputLength: SMALL_PLAIN_BYTES }
  try {
    const result: unknown = wholeDecompressor(bytes, coding)(bytes, options)
    return isWhole(result) && result.engine.bytesWritten === bytes.length ? result.buffer : undefined
  } catch {
    return undefined
  }
}

/** What zlib's functions return with `info`, which their types leave out. */
function isWhole(
  result: unknown,
): result is { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } } {
  return typeof result === 'object' && result !== null && 'engine' in result && 'buffer' in result
}

function wholeDecompressor(
  bytes: Uint8Array,
  coding: Coding,
): (bytes: Uint8Array, options: { info: boolean; maxOutputLength: number }) => unknown {
  if (coding === 'gzip') return gunzipSync
  if (coding === 'br') return brotliDecompressSync
  if (coding === 'zstd') return zstdDecompressSync
  return isZlib(bytes) ? inflateSync : inflateRawSync
}

/** "deflate" is zlib's format (RFC 9110, section 8.4.1.2), but some servers send it without zlib's two bytes of header. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
}

async function createEngine(coding: Coding, input: Input): Promise<Engine> {
  const options = { chunkSize: CHUNK_BYTES }
  if (coding === 'gzip') return createGunzip(options)
  if (coding === 'br') return createBrotliDecompress(options)
  if (coding === 'zstd') return createZstdDecompress(options)
  let head = (await input.read()) ?? new Uint8Array()
  if (head.length === 1) head = Buffer.concat([head, (await input.read()) ?? new Uint8Array()])
  input.unread(head)
  return isZlib(head) ? createInflate(options) : createInflateRaw(options)
}

/** Writes until the source or the compressed stream ends; what the engine left of a chunk goes back. Never rejects. */
async function feed(engine: Engine, input: Input): Promise<void> {
  try {
    for (;;) {
      const chunk = await input.read()
      if (chunk === undefined || engine.destroyed) {
        engine.end()
        return
      }
      const before = engine.bytesWritten
      await new Promise<void>((resolve) => engine.write(chunk, () => resolve()))
      const taken = engine.bytesWritten - before
      if (taken < chunk.length) {
        input.unread(chunk.subarray(taken))
        engine.end()
        return
      }
    }
  } catch (error) {
    engine.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

function decompressionError(error: unknown, coding: Coding, name: string): MillError {
  if (error instanceof MillError) return error
  const { message } = error instanceof Error ? error : { message: String(error) }
  // zlib calls this Z_BUF_ERROR for every coding: there was no more input and no end.
  if (error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR')
    return new MillError('BODY_TRUNCATED', `${name}: the ${coding} stream ends in the middle`, { cause: error })
  return new MillError('BODY_CORRUPT', `${name}: the ${coding} stream is damaged (${message})`, { cause: error })
}
