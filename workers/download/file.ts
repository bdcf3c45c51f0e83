/** Local documents, with the interface of a download. */
import { type FileHandle, open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MillError } from '../../src/errors.ts'
import { content, tooLarge } from './content.ts'
import type { Download, DownloadHooks } from './download.ts'

/** Larger reads are no faster, smaller ones cost more trips to the thread pool. */
const CHUNK_BYTES = 256 << 10

/**
 * Opens the document behind a `file:` URL.
 * @throws MillError FILE_UNREADABLE, BODY_TOO_LARGE; the body throws these too, and BODY_EMPTY, BODY_TRUNCATED, BODY_CORRUPT
 */
export async function openFile(
  url: string,
  maxBytes: number,
  hooks: DownloadHooks,
  signal: AbortSignal | undefined,
): Promise<Download> {
  const startedAtMs = performance.now()
  const { path, handle } = await openUrl(url)
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new MillError('FILE_UNREADABLE', `${path} is a directory`)
    const size = stat.isFile() ? stat.size : undefined
    if (size !== undefined && size > maxBytes) throw tooLarge(path, maxBytes, size)
    const reader = new FileReader(path, handle, size ?? 0, hooks, signal)
    return {
      finalUrl: url,
      isUnchanged: false,
      status: 0,
      contentType: undefined,
      charset: undefined,
      etag: undefined,
      lastModified: stat.mtime.toUTCString(),
      contentLength: size,
      get wireBytes() {
        return reader.receivedBytes
      },
      get elapsedMs() {
        return (reader.endedAtMs ?? performance.now()) - startedAtMs
      },
      body: content(reader, { codings: [], maxBytes, name: path }),
      cancel: () => void reader.return(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openUrl(url: string): Promise<{ readonly path: string; readonly handle: FileHandle }> {
  let path = url
  try {
    path = fileURLToPath(url)
    return { path, handle: await open(path) }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): MillError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason =
    code === 'ENOENT' ? 'does not exist' : `cannot be read (${error instanceof Error ? error.message : String(error)})`
  return new MillError('FILE_UNREADABLE', `${path} ${reason}`, { cause: error })
}

type ReadResult = IteratorResult<Uint8Array, undefined>

/** Reads one chunk ahead, so that the disk works while the consumer does. Closes the file at its end. */
class FileReader implements AsyncIterableIterator<Uint8Array, undefined> {
  receivedBytes = 0
  endedAtMs: number | undefined

  readonly #path: string
  readonly #handle: FileHandle
  /** 0 where it is not known, as in /proc. */
  readonly #size: number
  readonly #hooks: DownloadHooks
  readonly #signal: AbortSignal | undefined
  #ahead: Promise<Uint8Array | undefined> | undefined

  constructor(path: string, handle: FileHandle, size: number, hooks: DownloadHooks, signal: AbortSignal | undefined) {
    this.#path = path
    this.#handle = handle
    this.#size = size
    this.#hooks = hooks
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<ReadResult> {
    if (this.#signal?.aborted === true) {
      await this.return()
      throw new MillError('ABORTED', `reading ${this.#path} was broken off`)
    }
    const value = await (this.#ahead ?? this.#read())
    if (value === undefined) return { done: true, value }
    this.#ahead = this.#read()
    // A failure ahead is thrown when its turn comes; until then nobody waits for it.
    this.#ahead.catch(() => {})
    return { done: false, value }
  }

  async return(): Promise<ReadResult> {
    await this.#ahead?.catch(() => {})
    this.#ahead = Promise.resolve(undefined)
    await this.#close()
    return { done: true, value: undefined }
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.endedAtMs !== undefined) return undefined
    try {
      // A fresh buffer each time: decompression keeps hold of it while the next one is read. No larger than it need be: V8 counts
      // buffers as they are made, and collects the whole heap for every few of the largest.
      const rest = this.#size - this.receivedBytes
      const buffer = Buffer.allocUnsafe(rest > 0 ? Math.min(CHUNK_BYTES, rest + 1) : CHUNK_BYTES)
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, null)
      this.receivedBytes += bytesRead
      // The byte past what was the end when the file was opened was asked for as well: nothing has come since.
      if (bytesRead === 0 || (bytesRead === rest && bytesRead < buffer.byteLength)) {
        await this.#close()
        this.#hooks.onDownloaded()
      }
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
    } catch (error) {
      await this.#close()
      throw unreadable(this.#path, error)
    }
  }

  async #close(): Promise<void> {
    if (this.endedAtMs !== undefined) return
    this.endedAtMs = performance.now()
    await this.#handle.close()
  }
}
