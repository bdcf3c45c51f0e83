import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ByteTarget } from '../../src/sinks/byte-target.ts'
import { compressed, compressionOf } from '../../src/sinks/compression.ts'
import { readZstd } from '../support/zstd.ts'

/** A target that keeps what it is given. */
function memoryTarget() {
  const written: Uint8Array[] = []
  let closed = 0
  const target: ByteTarget = {
    async write(bytes) {
      written.push(bytes)
    },
    async flush() {},
    async close() {
      closed += 1
    },
  }
  return { target, written, closed: () => closed }
}

function compressedAs(name: string, target: ByteTarget): ByteTarget {
  const compression = compressionOf(name)
  if (compression === undefined) throw new Error(`${name} asks for no compression`)
  return compressed(target, compression)
}

test("knows a compression by the file's name", () => {
  const names = ['x.ndjson', 'x.ndjson.gz', 'x.jsonl.zst', '-', 'gz']
  expect(names.map((name) => compressionOf(name) !== undefined)).toEqual([false, true, true, false, false])
})

for (const [name, decompress] of [
  ['x.gz', gunzipSync],
  ['x.zst', readZstd],
] as const) {
  test(`writes members of ${name} that together read as one file, and each by itself`, async () => {
    const memory = memoryTarget()
    const target = compressedAs(name, memory.target)
    const chunks = Array.from({ length: 10 }, (_, index) => Buffer.alloc(1 << 20, `line ${index}\n`))
    for (const chunk of chunks) await target.write(chunk)
    await target.close()
    expect(decompress(Buffer.concat(memory.written)).equals(Buffer.concat(chunks))).toBe(true)
    const sizes = memory.written.map((member) => decompress(member).byteLength >> 20)
    expect(sizes).toEqual([4, 4, 2])
  })
}

test('writes nothing at all when there are no bytes', async () => {
  const memory = memoryTarget()
  await compressedAs('x.gz', memory.target).close()
  expect(memory.written).toEqual([])
  expect(memory.closed()).toBe(1)
})

test('closes its target also when the last member cannot be written', async () => {
  const memory = memoryTarget()
  const target = compressedAs('x.gz', {
    ...memory.target,
    async write() {
      throw new Error('no space')
    },
  })
  await target.write(Buffer.from('a\n'))
  await expect(target.close()).rejects.toThrow('no space')
  expect(memory.closed()).toBe(1)
})
