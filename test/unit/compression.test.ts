import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ByteTarget } from '../../src/sinks/byte-target.ts'
import { compressed, compressionOf } from '../../src/sinks/compression.ts'

/** A target that keeps what it is given. */
function memoryTarget() {
  const written: Uint8Array[] = []
  let closed = 0
  const target: ByteTarget = {
    async write(bytes) {
      written.push(bytes)
    },
    async close() {
      closed += 1
    },
  }
  return { target, written, closed: () => closed }
}

test("knows a compression by the file's name", () => {
  const names = ['x.ndjson', 'x.ndjson.gz', 'x.jsonl.zst', '-', 'gz']
  expect(names.map(compressionOf)).toEqual([undefined, 'gz', 'zst', undefined, undefined])
})

for (const [compression, decompress] of [
  ['gz', gunzipSync],
  ['zst', zstdDecompressSync],
] as const) {
  test(`writes members of .${compression} that together read as one file`, async () => {
    const memory = memoryTarget()
    const sink = compressed(memory.target, compression)
    const chunks = Array.from({ length: 10 }, (_, index) => Buffer.alloc(1 << 20, `line ${index}\n`))
    for (const chunk of chunks) await sink.write(chunk)
    await sink.close()
    expect(memory.written.length).toBeGreaterThan(1)
    expect(decompress(Buffer.concat(memory.written)).equals(Buffer.concat(chunks))).toBe(true)
    // Each member by itself, so that a file can be added to.
    const [first = new Uint8Array()] = memory.written
    expect(decompress(first).byteLength).toBe(4 << 20)
  })
}

test('writes nothing at all when there are no bytes', async () => {
  const memory = memoryTarget()
  await compressed(memory.target, 'gz').close()
  expect(memory.written).toEqual([])
  expect(memory.closed()).toBe(1)
})

test('closes its target also when the last member cannot be written', async () => {
  const memory = memoryTarget()
  const sink = compressed(
    {
      ...memory.target,
      async write() {
        throw new Error('no space')
      },
    },
    'gz',
  )
  await sink.write(Buffer.from('a\n'))
  await expect(sink.close()).rejects.toThrow('no space')
  expect(memory.closed()).toBe(1)
})
