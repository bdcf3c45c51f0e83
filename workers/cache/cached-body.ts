/** A body out of the cache, checked against its hash as it passes. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { MillError } from '../../src/errors.ts'
import { bodyPath } from './body-recorder.ts'
import type { CacheEntry } from './cache-index.ts'

/** Decompressed at once. */
const SMALL_COMPRESSED_BYTES = 64 << 10
const SMALL_BYTES = 1 << 20

/** A body that is there. Whoever does not read it to its end must close it. */
export interface CachedBody extends AsyncDisposable {
  /**
   * The bytes, once.
   * @throws MillError CACHE_CORRUPT when they are not what was put in; what came before is then of no worth
   */
  read(): AsyncGenerator<Uint8Array, void>
}

/** Opens the body of an entry, or gives undefined where it is gone. */
export async function openBody(directory: string, entry: CacheEntry): Promise<CachedBody | undefined> {
  let handle: FileHandle
  try {
    handle = await open(bodyPath(directory, entry.bodySha256))
  } catch {
    return undefined
  }
  const close = async (): Promise<void> => {
    // Closed twice where a stream closed it before.
    await handle.close().catch(() => {})
  }
  return {
    async *read() {
      const hash = createHash('sha256')
      let bytes = 0
      try {
        for await (const chunk of decompressed(handle, entry)) {
          hash.update(chunk)
          bytes += chunk.byteLength
          if (bytes > entry.decodedBytes) break
          yield chunk
        }
      } catch (cause) {
        throw corrupt(entry, cause)
      } finally {
        await close()
      }
      if (bytes !== entry.decodedBytes || hash.digest('hex') !== entry.bodySha256) throw corrupt(entry)
    },
    [Symbol.asyncDispose]: close,
  }
}

async function* decompressed(handle: FileHandle, entry: CacheEntry): AsyncGenerator<Uint8Array, void> {
  const { size } = await handle.stat()
  if (size <= SMALL_COMPRESSED_BYTES && entry.decodedBytes <= SMALL_BYTES) {
    yield zstdDecompressSync(await handle.readFile(), { maxOutputLength: SMALL_BYTES })
    return
  }
  const zstd = createZstdDecompress()
  const file = handle.createReadStream()
  file.on('error', (error) => zstd.destroy(error))
  try {
    for await (const chunk of file.pipe(zstd)) yield chunk
  } finally {
    file.destroy()
    zstd.destroy()
  }
}

function corrupt(entry: CacheEntry, cause?: unknown): MillError {
  const what = `the body ${entry.bodySha256} in the cache is not what was put in`
  return new MillError('CACHE_CORRUPT', what, cause === undefined ? {} : { cause })
}
