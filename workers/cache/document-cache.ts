/**
 * Downloads that are kept (`--cache DIR`): bodies by their hash, and for each URL which body it had and how the server may be asked whether it
 * still has. A document that is unchanged comes out of the cache, one that is new goes into it once it was milled; with `--offline` the
 * network is never touched.
 *
 * Several threads and processes may share a directory: every file is replaced as a whole.
 */
import { MillError } from '../../src/errors.ts'
import type { Validators } from '../../src/model.ts'
import type { ThreadOptions } from '../../src/options.ts'
import { redactUrl } from '../../src/redact.ts'
import { tooLarge } from '../download/content.ts'
import { charsetOf, type Download, type Downloader, type DownloadHooks } from '../download/download.ts'
import { BodyRecorder } from './body-recorder.ts'
import { type CacheEntry, CacheIndex, cacheKey } from './cache-index.ts'
import { type CachedBody, openBody } from './cached-body.ts'

export type CacheOptions = Pick<ThreadOptions, 'headers' | 'offline' | 'maxBytes'>

interface Recording {
  readonly key: string
  readonly recorder: BodyRecorder
  isWhole: boolean
}

interface Held {
  readonly entry: CacheEntry
  readonly body: CachedBody
}

export class DocumentCache {
  readonly #directory: string
  readonly #options: CacheOptions
  readonly #downloader: Pick<Downloader, 'start'>
  readonly #index: CacheIndex
  readonly #recordings = new WeakMap<Download, Recording>()

  constructor(directory: string, options: CacheOptions, downloader: Pick<Downloader, 'start'>) {
    this.#directory = directory
    this.#options = options
    this.#downloader = downloader
    this.#index = new CacheIndex(directory)
  }

  /**
   * As the downloader's `start`.
   * @throws MillError as there, and OFFLINE_MISS; the body also CACHE_CORRUPT
   */
  async start(url: string, hooks: DownloadHooks, signal?: AbortSignal, validators: Validators = {}): Promise<Download> {
    const startedAtMs = performance.now()
    // Local files are where they are.
    if (url.startsWith('file:')) return this.#downloader.start(url, hooks, signal)
    const key = cacheKey(url, this.#options.headers)
    const held = await this.#find(key)
    if (this.#options.offline) {
      if (held !== undefined) return this.#fromCache(url, key, held, hooks, startedAtMs)
      throw new MillError('OFFLINE_MISS', `${redactUrl(url)} is not in the cache, and --offline is set`)
    }
    const asksForItself = validators.etag !== undefined || validators.lastModified !== undefined
    if (held === undefined || asksForItself) {
      await held?.body[Symbol.asyncDispose]()
      return this.#recorded(key, await this.#downloader.start(url, hooks, signal, validators))
    }
    try {
      const download = await this.#downloader.start(url, hooks, signal, held.entry)
      if (download.isUnchanged) return this.#fromCache(url, key, held, hooks, startedAtMs)
      await held.body[Symbol.asyncDispose]()
      return this.#recorded(key, download)
    } catch (error) {
      await held.body[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The document was milled: its body is worth keeping. Says whether it could be. */
  async keep(download: Download): Promise<boolean> {
    const recording = this.#recordings.get(download)
    if (recording === undefined) return true
    this.#recordings.delete(download)
    if (!recording.isWhole) return false
    const bodySha256 = await recording.recorder.keep()
    if (bodySha256 === undefined) return false
    const { contentType, etag, lastModified } = download
    try {
      await this.#index.put(recording.key, {
        bodySha256,
        decodedBytes: recording.recorder.byteLength,
        finalUrl: withoutCredentials(download.finalUrl),
        ...(contentType !== undefined && { contentType }),
        ...(etag !== undefined && { etag }),
        ...(lastModified !== undefined && { lastModified }),
      })
      return true
    } catch {
      return false
    }
  }

  async #find(key: string): Promise<Held | undefined> {
    const entry = await this.#index.find(key)
    const body = entry === undefined ? undefined : await openBody(this.#directory, entry)
    return entry === undefined || body === undefined ? undefined : { entry, body }
  }

  #recorded(key: string, download: Download): Download {
    if (download.isUnchanged) return download
    const recording: Recording = { key, recorder: new BodyRecorder(this.#directory), isWhole: false }
    const recorded: Download = {
      ...facts(download),
      get wireBytes() {
        return download.wireBytes
      },
      get elapsedMs() {
        return download.elapsedMs
      },
      body: passing(download.body, recording),
      cancel: () => {
        download.cancel()
        if (this.#recordings.has(recorded)) void recording.recorder.discard()
      },
    }
    this.#recordings.set(recorded, recording)
    return recorded
  }

  #fromCache(url: string, key: string, { entry, body }: Held, hooks: DownloadHooks, startedAtMs: number): Download {
    const { decodedBytes, contentType, finalUrl } = entry
    const index = this.#index
    const { maxBytes } = this.#options
    async function* read(): AsyncGenerator<Uint8Array, void> {
      if (decodedBytes > maxBytes) throw tooLarge(redactUrl(url), maxBytes, decodedBytes)
      try {
        yield* body.read()
      } catch (error) {
        // The next attempt downloads it.
        await index.remove(key)
        throw error
      }
    }
    hooks.onDownloaded()
    return {
      finalUrl,
      isUnchanged: false,
      isFromCache: true,
      status: 200,
      contentType,
      charset: charsetOf(contentType),
      etag: entry.etag,
      lastModified: entry.lastModified,
      contentLength: undefined,
      wireBytes: 0,
      body: read(),
      elapsedMs: performance.now() - startedAtMs,
      cancel: () => void body[Symbol.asyncDispose](),
    }
  }
}

async function* passing(body: AsyncIterable<Uint8Array>, recording: Recording): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) {
    await recording.recorder.write(chunk)
    yield chunk
  }
  recording.isWhole = true
}

/** What of a download does not change while it runs. */
function facts(download: Download): Omit<Download, 'wireBytes' | 'elapsedMs' | 'body' | 'cancel'> {
  const { finalUrl, isUnchanged, status, contentType, charset, etag, lastModified, contentLength } = download
  return { finalUrl, isUnchanged, status, contentType, charset, etag, lastModified, contentLength }
}

function withoutCredentials(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}
