/** What the cache knows of a URL: a small file for each, replaced as a whole, so that threads and processes need no lock. */
import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from './atomic-file.ts'

export interface CacheEntry {
  /** SHA-256 of the body, decompressed, in hexadecimal. */
  readonly bodySha256: string
  readonly decodedBytes: number
  /** Where redirects ended, without credentials. */
  readonly finalUrl: string
  readonly contentType?: string
  readonly etag?: string
  readonly lastModified?: string
}

/** Raised with the layout: entries of another one are not there. */
const VERSION = 1

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/**
 * The name of a request in the cache. The given headers belong to it: with other credentials or another Accept the same URL may be
 * another document.
 */
export function cacheKey(url: string, headers: HeaderPairs): string {
  const lines = headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted()
  return createHash('sha256')
    .update([url, ...lines].join('\n'))
    .digest('hex')
}

export class CacheIndex {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** What is known, or undefined where there is nothing, or nothing that can be read. */
  async find(key: string): Promise<CacheEntry | undefined> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#path(key), 'utf8'))
      return isEntry(parsed) ? parsed : undefined
    } catch {
      return undefined
    }
  }

  async put(key: string, entry: CacheEntry): Promise<void> {
    await replaceFile(this.#path(key), `${JSON.stringify({ version: VERSION, ...entry })}\n`)
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true })
  }

  #path(key: string): string {
    return join(this.#directory, 'index', key.slice(0, 2), `${key.slice(2)}.json`)
  }
}

function isEntry(value: unknown): value is CacheEntry {
  if (typeof value !== 'object' || value === null) return false
  const entry: Partial<Record<keyof CacheEntry | 'version', unknown>> = value
  const texts = [entry.contentType, entry.etag, entry.lastModified]
  return (
    entry.version === VERSION &&
    typeof entry.bodySha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(entry.bodySha256) &&
    typeof entry.decodedBytes === 'number' &&
    typeof entry.finalUrl === 'string' &&
    texts.every((text) => text === undefined || typeof text === 'string')
  )
}
