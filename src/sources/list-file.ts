import { createReadStream, open, ReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
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
  let stream: Readable | undefined
  const close = () => stream?.destroy()
  signal.addEventListener('abort', close, { once: true })
  try {
    stream = file === STDIN ? options.stdin() : await openList(resolve(options.cwd, file))
    // The last error may come after nobody iterates any more, and must not end the process.
    stream.on('error', () => {})
    if (!signal.aborted) yield* lineBatches(await plainBytes(stream))
  } catch (error) {
    // Closing a stream ends a read that waits with an error: ours, and no news.
    if (!signal.aborted) throw unreadable(file, error)
  } finally {
    signal.removeEventListener('abort', close)
    if (stream !== undefined) await destroyed(stream)
  }
}

/** `urls.txt`, `stdin`: how messages name a list. */
export function listName(file: string): string {
  return file === STDIN ? 'stdin' : file
}

/**
 * A pipe with a name, such as bash makes of `-i <(command)`, is opened as a socket: as a file, a read that waits for data
 * could not be called back and would hold one of the process's few threads for files until it comes.
 */
async function openList(path: string): Promise<Readable> {
  if (!(await stat(path)).isFIFO()) return createReadStream(path)
  return new Socket({ fd: await promisify(open)(path, 'r'), readable: true, writable: false })
}

async function destroyed(stream: Readable): Promise<void> {
  stream.destroy()
  // A file closes soon and surely; what standard input does is up to whoever made it.
  if (!(stream instanceof ReadStream) || stream.closed) return
  await new Promise<void>((done) => {
    stream.once('close', done)
  })
}

/** The list's bytes, decompressed where need be. */
async function plainBytes(stream: Readable): Promise<AsyncIterable<Uint8Array>> {
  const { head, all } = await peek(byteChunks(stream), 2)
  const magic = head.length < 2 ? 0 : head.readUInt16BE()
  if (magic === 0x1f8b) return gunzipped(all)
  if (magic === 0xfffe || magic === 0xfeff) throw new Error('it is UTF-16; save it as UTF-8')
  return all
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 })
  // Every error, of either end, comes out of the iteration.
  pipeline(chunks, gunzip, () => {})
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
