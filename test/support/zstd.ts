import { zstdDecompressSync } from 'node:zlib'

/** The content of a file of zstd frames, one after the other (RFC 8878, section 3.1): Node 24's own reader stops after the first. */
export function readZstd(bytes: Uint8Array): Buffer {
  const contents: Buffer[] = []
  for (let rest = bytes; rest.byteLength > 0; ) {
    const { buffer, consumed } = readFrame(rest)
    contents.push(buffer)
    rest = rest.subarray(consumed)
  }
  return Buffer.concat(contents)
}

function readFrame(bytes: Uint8Array): { readonly buffer: Buffer; readonly consumed: number } {
  // The types do not know of `info`, which gives an object instead of the buffer alone.
  const result: unknown = zstdDecompressSync(bytes, { info: true })
  if (typeof result !== 'object' || result === null || !('buffer' in result) || !('engine' in result)) {
    throw new Error('no information about the frame')
  }
  const { buffer, engine } = result
  if (!Buffer.isBuffer(buffer) || typeof engine !== 'object' || engine === null || !('bytesWritten' in engine)) {
    throw new Error('no information about the frame')
  }
  return { buffer, consumed: Number(engine.bytesWritten) }
}
