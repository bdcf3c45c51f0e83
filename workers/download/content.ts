/** A body's bytes as the document's: content codings undone, compressed files opened, counted against --max-bytes. */
import { MillError } from '../../src/errors.ts'
import type { Coding } from './decompression.ts'

/** More than any honest server stacks. */
const MAX_CODINGS = 4

/** A `.gz` may have been compressed again on its way; a file that contains itself for ever may not. */
const MAX_NESTING = 2

/**
 * So much of a compressed stream without a byte of content is a header of gzip without an end, or empty members without an end. They come as
 * fast as the wire allows and are counted nowhere else; without this the memory of what was read grew by gigabytes.
 */
const MOST_BYTES_FOR_NOTHING = 1 << 20

const CODING_NAMES: Readonly<Record<string, Coding>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
}

/**
 * The codings of a Content-Encoding header in the order in which they were applied (RFC 9110, section 8.4).
 * @param name whose header it is, for messages
 * @throws MillError CODING_UNKNOWN
 */
export function contentCodings(header: string | undefined, name: string): readonly Coding[] {
  const names = (header ?? '').split(',').map((item) => item.trim().toLowerCase())
  const codings: Coding[] = []
  for (const item of names) {
    if (item === '' || item === 'identity' || item === 'none') continue
    const coding = Object.hasOwn(CODING_NAMES, item) ? CODING_NAMES[item] : undefined
    if (coding === undefined) throw new MillError('CODING_UNKNOWN', `${name}: Content-Encoding is ${header}`)
    codings.push(coding)
  }
  if (codings.length > MAX_CODINGS)
    throw new MillError('CODING_UNKNOWN', `${name}: Content-Encoding names ${codings.length} codings: ${header}`)
  return codings
}

export interface ContentOptions {
  readonly codings: readonly Coding[]
  readonly maxBytes: number
  /** Where the bytes come from, for messages. */
  readonly name: string
}

export interface Source extends AsyncIterableIterator<Uint8Array, undefined> {
  /** Says that from now on a chunk is not read any more once the next one is asked for. */
  giveBackChunks?(): void
}

/**
 * The document's bytes; a chunk is the consumer's until it asks for the next one. A body that is compressed whatever its headers say (`.gz`, `.zst`) is opened; one that is plain XML though its
 * headers claim a coding is taken as it is.
 * @throws MillError BODY_EMPTY, BODY_TOO_LARGE, BODY_TRUNCATED, BODY_CORRUPT, and what `source` throws
 */
export async function* content(
  source: Source,
  { codings, maxBytes, name }: ContentOptions,
): AsyncGenerator<Uint8Array, undefined> {
  let decodedBytes = 0
  try {
    const wire = new Fruitful(source, maxBytes, name)
    let bytes: AsyncIterator<Uint8Array, undefined> = wire
    let head = await readHead(bytes)
    for (const coding of codings.toReversed()) {
      if (head.start.length === 0 || isPlainDespite(coding, head.start)) continue
      bytes = await opened(head, bytes, coding, name)
      head = await readHead(bytes)
    }
    for (let nesting = 0; nesting < MAX_NESTING; nesting++) {
      const coding = compressionOf(head.start)
      if (coding === undefined) break
      bytes = await opened(head, bytes, coding, name)
      head = await readHead(bytes)
    }

    // Decompression reads ahead.
    if (bytes === wire) source.giveBackChunks?.()
    let next = 0
    for (;;) {
      const chunk = head.chunks[next++] ?? (await bytes.next()).value
      if (chunk === undefined) break
      decodedBytes += chunk.length
      wire.bore()
      if (decodedBytes > maxBytes) throw tooLarge(name, maxBytes)
      yield chunk
    }
    if (decodedBytes === 0) throw new MillError('BODY_EMPTY', `${name}: the body is empty`)
  } finally {
    // The wire and not the layers above it: a layer in the middle of a read would only let go when its next bytes come.
    await source.return?.()
  }
}

/** The refusal of a document that is, or says to be, larger than --max-bytes. */
export function tooLarge(name: string, maxBytes: number, announcedBytes?: number): MillError {
  const size = announcedBytes === undefined ? 'more' : `${announcedBytes} bytes`
  return new MillError('BODY_TOO_LARGE', `${name}: the document has ${size}, --max-bytes allows ${maxBytes}`)
}

/** The same chunks, as long as something comes of them. */
class Fruitful implements AsyncIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterator<Uint8Array, undefined>
  readonly #name: string
  readonly #most: number
  readonly #maxBytes: number
  #bytes = 0
  #bytesForNothing = 0

  constructor(source: AsyncIterator<Uint8Array, undefined>, maxBytes: number, name: string) {
    this.#source = source
    this.#name = name
    // What is compressed is hardly ever larger than what comes of it.
    this.#most = 2 * maxBytes + MOST_BYTES_FOR_NOTHING
    this.#maxBytes = maxBytes
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const result = await this.#source.next()
    const bytes = result.value?.length ?? 0
    this.#bytes += bytes
    this.#bytesForNothing += bytes
    if (this.#bytes > this.#most) throw tooLarge(this.#name, this.#maxBytes)
    if (this.#bytesForNothing <= MOST_BYTES_FOR_NOTHING) return result
    throw new MillError('BODY_CORRUPT', `${this.#name}: ${this.#bytesForNothing} compressed bytes came to nothing`)
  }

  /** Some of the document has come of what was read. */
  bore(): void {
    this.#bytesForNothing = 0
  }
}

interface Head {
  /** The first bytes, at least four if there are as many. */
  readonly start: Uint8Array
  readonly chunks: readonly Uint8Array[]
}

async function readHead(bytes: AsyncIterator<Uint8Array, undefined>): Promise<Head> {
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < 5) {
    const { value } = await bytes.next()
    if (value === undefined) break
    if (value.length === 0) continue
    chunks.push(value)
    length += value.length
  }
  const [first = new Uint8Array()] = chunks
  return { start: chunks.length < 2 ? first : Buffer.concat(chunks), chunks }
}

async function opened(
  head: Head,
  bytes: AsyncIterator<Uint8Array, undefined>,
  coding: Coding,
  name: string,
): Promise<AsyncIterator<Uint8Array, undefined>> {
  const { decompress } = await import('./decompression.ts')
  return decompress(rejoined(head.chunks, bytes), coding, name)
}

function rejoined(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array, undefined>,
): AsyncIterator<Uint8Array, undefined> {
  let next = 0
  return {
    next: () => {
      const chunk = chunks[next++]
      return chunk === undefined ? rest.next() : Promise.resolve({ done: false, value: chunk })
    },
  }
}

function compressionOf(start: Uint8Array): Coding | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip'
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return 'zstd'
  return undefined
}

/** Servers that compress nothing sometimes say that they did: `<` or a byte order mark begins no stream of gzip or zstd. */
function isPlainDespite(coding: Coding, start: Uint8Array): boolean {
  if (coding === 'gzip' || coding === 'zstd') return compressionOf(start) !== coding && startsLikeXml(start)
  // A stream of deflate or br may begin with any byte, but hardly with these five.
  return Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, 5)).toString('latin1') === '<?xml'
}

function startsLikeXml([first, second, third]: Uint8Array): boolean {
  if (first === 0x3c) return true
  if (first === 0xef) return second === 0xbb && third === 0xbf
  return (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe)
}
