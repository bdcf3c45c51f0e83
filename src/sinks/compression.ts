/**
 * Compressed output as a row of independent members: gzip (RFC 1952 2.2) and zstd (RFC 8878 3.1) files may be concatenated, and every reader
 * reads on. So a file can be added to without being read, and ends whole after each write.
 */
import { promisify } from 'node:util'
import { gzip, zstdCompress } from 'node:zlib'
import type { ByteTarget } from './byte-target.ts'

const compressors = { gz: promisify(gzip), zst: promisify(zstdCompress) }

/** A member is written when so much has gathered: smaller ones compress worse. */
const MEMBER_BYTES = 4 << 20

/** The compression that a file name asks for. */
export function compressionOf(path: string): keyof typeof compressors | undefined {
  return path.endsWith('.gz') ? 'gz' : path.endsWith('.zst') ? 'zst' : undefined
}

/** Compresses on the thread pool of libuv, not on the main loop. */
export function compressed(target: ByteTarget, compression: keyof typeof compressors): ByteTarget {
  const compress = compressors[compression]
  let parts: Uint8Array[] = []
  let bytes = 0
  const flush = async () => {
    if (bytes === 0) return
    const member = await compress(Buffer.concat(parts, bytes))
    parts = []
    bytes = 0
    await target.write(member)
  }
  return {
    async write(chunk) {
      parts.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= MEMBER_BYTES) await flush()
    },
    async close() {
      try {
        await flush()
      } finally {
        await target.close()
      }
    },
  }
}
