import { open as openDescriptor } from 'node:fs'
import { access, constants, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { resolve } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { MillError } from '../errors.ts'
import type { Batch } from './item.ts'
import { lineBatches } from './lines.ts'

/** The list that is standard input. */
export const STDIN = '-'

const CHUNK_BYTES = 64 * 1024

export interface ListOptions {
  readonly cwd: string
  /** Asked for only when a list is `-`: to touch process.stdin changes how a process ends. */
  readonly stdin: () => Readable
  /** Closes the file or standard input at once, also while a read waits; the list then ends as if it had no more lines. */
  readonly signal: AbortSignal
}

/**
 * Makes sure that lists can be read, before anything is fetched.
 * @throws MillError SOURCE_UNREADABLE
 */
export async function checkLists(files: readonly string[], cwd: string): Promise<void> {
  for (const file of files) {
    if (file === STDIN) continue
    const path = resolve(cwd, file)
    try {
      await access(path, constants.R_OK)
      if ((await stat(path)).isDirectory()) throw new Error('it is a directory')
    } catch (error) {
      throw unreadable(file, error)
    }
  }
}

/**
 * The lines of one list, read as they are used; gzip is known by its first bytes, whatever the name.
 * @throws MillError SOURCE_UNREADABLE, also in the middle: when a disk fails or compressed data is damaged
 */
export async function* listFileBatches(file: string, options: ListOptions): AsyncGenerator<Batch> {
  const { signal } = options
  let list: List | undefined
  const close = () => list?.stream?.destroy()
  signal.addEventListener('abort', close, { once: true })
  try {
    list = file === STDIN ? ofStream(options.stdin()) : await openList(resolve(options.cwd, file))
    if (!signal.aborted) yield* lineBatches(await plainBytes(list.chunks))
  } catch (error) {
    // Closing a stream ends a read that waits with an error: ours, and no news.
    if (!signal.aborted) throw unreadable(file, error)
  } finally {
    signal.removeEventListener('abort', close)
    // A file closes soon and surely; what standard input does is up to whoever made it.
    if (list?.stream === undefined) await list?.chunks.return(undefined)
    else close()
  }
}

/** `urls.txt`, `stdin`: how messages name a list. */
export function listName(file: string): string {
  return file === STDIN ? 'stdin' : file
}

/** What a list is read from. A chunk holds until the next one is asked for. */
interface List {
  readonly chunks: AsyncGenerator<Uint8Array>
  /** Of a list that may have to be waited for. */
  readonly stream?: Readable
}

/**
 * A pipe with a name, such as bash makes of `-i <(command)`, is opened as a socket: as a file, a read that waits for data
 * could not be called back and would hold one of the process's few threads for files until it comes.
 */
async function openList(path: string): Promise<List> {
  if (!(await stat(path)).isFIFO()) return { chunks: fileChunks(path) }
  const fd = await promisify(openDescriptor)(path, 'r')
  return ofStream(new Socket({ fd, readable: true, writable: false }))
}

function ofStream(stream: Readable): List {
  // The last error may come after nobody iterates any more, and must not end the process.
  stream.on('error', () => {})
  return { stream, chunks: byteChunks(stream) }
}

/** Into one buffer all along: a new one for each read is garbage that is let lie until there are 30 MB of it. */
async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** The list's bytes, decompressed where need be. */
async function plainBytes(chunks: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { head, all } = await peek(chunks, 2)
  const magic = head.length < 2 ? 0 : head.readUInt16BE()
  if (magic === 0x1f8b) return gunzipped(all)
  if (magic === 0xfffe || magic === 0xfeff) throw new Error('it is UTF-16; save it as UTF-8')
  return all
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // Every error, of either end, comes out of the iteration. Copied, as the stream reads ahead.
  pipeline(
    chunks,
    async function* (each) {
      for await (const chunk of each) yield Buffer.from(chunk)
    },
    gunzip,
    () => {},
  )
  yield* gunzip
}

async function* byteChunks(stream: Readable): AsyncGenerator<Uint8Array> {
  // A stream given for stdin may have been set to deliver text.
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/** Looks at the first bytes (fewer only if there are no more) and gives them back in front of the rest. */
async function peek(chunks: AsyncGenerator<Uint8Array>, count: number) {
  let head = Buffer.alloc(0)
  while (head.length < count) {
    const next = await chunks.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head
    yield* chunks
  }
  return { head, all: all() }
}

function unreadable(file: string, cause: unknown): MillError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillError('SOURCE_UNREADABLE', `the list ${listName(file)} cannot be read: ${reason}`, { cause })
}
