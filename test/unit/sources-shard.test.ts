import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { resolveOptions } from '../../src/options.ts'
import { isOfShard } from '../../src/sources/shard.ts'
import { listDocuments } from '../../src/sources/source.ts'

const LISTS = { inputFiles: [], keepDuplicates: false }

/** What a list gives to a shard, and how much of it is left to others. */
async function listedTo(shard: string, urls: readonly string[], keepDuplicates = false) {
  const list = listDocuments(
    { urls },
    { ...LISTS, keepDuplicates, shard: resolveOptions({ shard }).shard, cwd: '/data' },
  )
  const ids: number[] = []
  const listed: string[] = []
  for await (const one of list) {
    ids.push(one.kind === 'document' ? one.document.id : one.line.id)
    listed.push(one.kind === 'document' ? one.document.url : one.line.url)
  }
  return { ids, listed, ofOtherShards: list.ofOtherShards, duplicates: list.duplicates }
}

function shards(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `${place + 1}/${count}`)
}

test('a name is of the shard that its SHA-256 says, as docs/shards.md has it, whatever the version', () => {
  for (const [name, shard] of [
    ['example.org:443', 5],
    ['data.example.com:8080', 1],
    ['file:///data/a.xml', 6],
  ] as const) {
    // By other means than the program's: the first 48 bits as a big number.
    const bits = createHash('sha256').update(name).digest().subarray(0, 6)
    expect(Number(BigInt(`0x${bits.toString('hex')}`) % 8n) + 1).toBe(shard)
    const places = Array.from({ length: 8 }, (_, place) => place + 1)
    expect(places.filter((index) => isOfShard(name, { index, count: 8 }))).toEqual([shard])
  }
})

test('every document is of exactly one shard, and all of a host are of the same', async () => {
  const hosts = Array.from({ length: 40 }, (_, n) => `http://h${n}.example.org`)
  const urls = hosts.flatMap((host) => [`${host}/a`, `${host}/b`])
  const given = await Promise.all(shards(7).map((shard) => listedTo(shard, urls)))
  expect(given.flatMap(({ listed }) => listed).toSorted()).toEqual(urls.toSorted())
  for (const { ids, listed, ofOtherShards } of given) {
    expect(listed.length % 2).toBe(0)
    expect(new Set(listed.map((url) => new URL(url).host)).size).toBe(listed.length / 2)
    expect(ofOtherShards).toBe(urls.length - listed.length)
    expect(ids).toEqual(listed.map((_, place) => place))
  }
  // None has all of them: the shards are no formality.
  expect(given.every(({ listed }) => listed.length > 0 && listed.length < urls.length / 2)).toBe(true)
})

test('one spelling of a host or another is the same host, and another port is another', async () => {
  const spellings = ['http://Example.org/a', 'http://example.org:80/b', 'http://example.org./c']
  const given = await Promise.all(shards(5).map((shard) => listedTo(shard, spellings)))
  expect(given.map(({ listed }) => listed.length).toSorted()).toEqual([0, 0, 0, 0, 3])
  expect(shards(64).findIndex((_, place) => isOfShard('example.org:80', { index: place + 1, count: 64 }))).not.toBe(
    shards(64).findIndex((_, place) => isOfShard('example.org:81', { index: place + 1, count: 64 })),
  )
})

test('local files are spread by their paths, each spelling of a path in the same shard', async () => {
  const files = Array.from({ length: 60 }, (_, n) => `dir/${n}.xml`)
  const other = files.map((file) => `/data/./${file}`)
  const given = await Promise.all(
    shards(4).map(async (shard) => [await listedTo(shard, files), await listedTo(shard, other)] as const),
  )
  for (const [relative, absolute] of given) {
    expect(relative.listed.length).toBeGreaterThan(5)
    expect(relative.listed).toEqual(absolute.listed)
  }
  expect(given.flatMap(([{ listed }]) => listed)).toHaveLength(60)
})

test('a line that is no URL is told of by one shard', async () => {
  const lines = ['ftp://example.org/a', 'http://[', 'gopher://b/']
  const given = await Promise.all(shards(3).map((shard) => listedTo(shard, lines)))
  expect(given.flatMap(({ listed }) => listed).toSorted()).toEqual(lines.toSorted())
})

test('duplicates are dropped, or kept, within the shard; those of others are not looked at', async () => {
  const urls = ['http://a.example/1', 'http://b.example/1', 'http://c.example/1']
  const doubled = [...urls, ...urls]
  for (const keepDuplicates of [false, true]) {
    const given = await Promise.all(shards(2).map((shard) => listedTo(shard, doubled, keepDuplicates)))
    expect(given.flatMap(({ listed }) => listed)).toHaveLength(keepDuplicates ? 6 : 3)
    for (const { listed, duplicates, ofOtherShards } of given) {
      expect(duplicates).toBe(keepDuplicates ? 0 : listed.length)
      expect(listed.length + duplicates + ofOtherShards).toBe(6)
    }
  }
})
