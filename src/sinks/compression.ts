/**
 * Compressed output as a row of independent members: gzip (RFC 1952 2.2) and zstd (RFC 8878 3.1) files may be concatenated, and every reader
 * reads on. So a file can be cut and continued at any member, and ends whole after each commit.
 */
import { promisify } from 'node:util'
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib'
import type { ByteTarget } from './byte-target.ts'
import { WriteBuffer } from './write-buffer.ts'

/** Works on the thread pool of libuv, not on the main loop. */
export interface Compression {
  compress(plain: Uint8Array): Promise<Uint8Array>
  /** One member. */
  decompress(member: Uint8Array): Promise<Uint8Array>
}

const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  '.gz': { compress: promisify<Uint8Array, Buffer>(gzip), decompress: promisify<Uint8Array, Buffer>(gunzip) },
  '.zst': {
    compress: promisify<Uint8Array, Buffer>(zstdCompress),
    decompress: promisify<Uint8Array, Buffer>(zstdDecompress),
  },
}

/** The compression that a file name asks for. */
export function compressionOf(path: string): Compression | undefined {
  return COMPRESSIONS[/\.(?:gz|zst)$/.exec(path)?.[0] ?? '']
}

/** A member is written when so much has gathered: smaller ones compress worse. */
const MEMBER_BYTES = 4 << 20

/** Compresses what goes into a target that cannot be cut. */
export function compressed(target: ByteTarget, { compress }: Compression): ByteTarget {
  const gathered = new WriteBuffer(MEMBER_BYTES, async (plain) => target.write(await compress(plain)))
  return {
    write: (bytes) => gathered.append(bytes),
    flush: () => gathered.flush(),
    async close() {
      try {
        await gathered.flush()
      } finally {
        await target.close()
      }
    },
  }
}
