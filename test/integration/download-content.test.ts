import { execFile } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { BombResult } from '../support/bomb-run.ts'
import { testDownloader } from '../support/downloader.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFile } from '../support/temporary-file.ts'

const SMALL = '<a><b>text</b></a>'
/** Does not compress to the size that is decompressed in one go. */
const LARGE = `<a>${Array.from({ length: 40_000 }, (_, n) => `<b>${Math.sin(n)}</b>`).join('')}</a>`

const gzip = (text: string | Uint8Array): Buffer => gzipSync(text)
const twoParts = (text: string, compress: (part: string) => Uint8Array): Buffer => {
  const middle = Math.floor(text.length / 2)
  return Buffer.concat([compress(text.slice(0, middle)), compress(text.slice(middle))])
}

const CODED: readonly (readonly [name: string, encoding: string, encode: (text: string) => Uint8Array])[] = [
  ['gzip', 'gzip', gzip],
  ['x-gzip', 'X-GZIP', gzip],
  ['gzip of two members', 'gzip', (text) => twoParts(text, gzipSync)],
  ['gzip and zeros', 'gzip', (text) => Buffer.concat([gzip(text), Buffer.alloc(100)])],
  ['deflate', 'deflate', (text) => deflateSync(text)],
  ['deflate without its header', 'deflate', (text) => deflateRawSync(text)],
  ['br', 'br', (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ['zstd', 'zstd', (text) => zstdCompressSync(text)],
  ['zstd of two frames', 'zstd', (text) => twoParts(text, (part) => zstdCompressSync(part))],
  ['a list of codings', 'deflate, identity, gzip', (text) => gzip(deflateSync(text))],
  ['a .gz without a coding', '', gzip],
  ['a .zst without a coding', '', (text) => zstdCompressSync(text)],
  ['a .gz compressed again', 'gzip', (text) => gzip(gzip(text))],
  ['identity', 'identity', (text) => Buffer.from(text)],
  ['plain where gzip was claimed', 'gzip', (text) => Buffer.from(text)],
  ['plain where br was claimed', 'br', (text) => Buffer.from(`<?xml version="1.0"?>${text}`)],
]

function coded(body: Uint8Array, encoding: string, pieces = 1): Route {
  return (_, response) => {
    response.writeHead(200, encoding === '' ? {} : { 'content-encoding': encoding })
    void writeInPieces(response, body, pieces)
  }
}

async function writeInPieces(response: ServerResponse, body: Uint8Array, pieces: number): Promise<void> {
  const size = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length; at += size) {
    response.write(body.subarray(at, at + size))
    await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}

describe.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s document', (_, text) => {
  test.each(CODED)('arrives whole as %s', async (_, encoding, encode) => {
    await using site = await serve({
      '/a': coded(encode(text), encoding),
      '/pieces': coded(encode(text), encoding, 50),
    })
    await using client = testDownloader()
    for (const path of ['/a', '/pieces']) {
      const fetched = await client.fetch(site.url(path))
      expect(fetched.text.endsWith(text)).toBe(true)
      expect(fetched.downloadedCalls).toBe(1)
      expect(fetched.wireBytes).toBe(encode(text).length)
    }
  })

  test.each([
    ['gzip', gzip(text)],
    ['deflate', Buffer.from(deflateSync(text))],
    ['br', Buffer.from(brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }))],
    ['zstd', Buffer.from(zstdCompressSync(text))],
  ])('%s cut short is BODY_TRUNCATED, damaged or followed by something else BODY_CORRUPT', async (encoding, body) => {
    const damaged = Buffer.from(body).fill(0xff, 0, 8)
    await using site = await serve({
      '/cut': coded(body.subarray(0, -4), encoding),
      '/damaged': coded(damaged, encoding),
      '/junk': coded(Buffer.concat([body, Buffer.from('<html>')]), encoding),
      '/junk-later': coded(Buffer.concat([body, Buffer.from('<'.repeat(body.length))]), encoding, 2),
    })
    await using client = testDownloader()
    expect(await client.failure(site.url('/cut'))).toMatchObject({ code: 'BODY_TRUNCATED' })
    expect(await client.failure(site.url('/damaged'))).toMatchObject({ code: 'BODY_CORRUPT' })
    expect(await client.failure(site.url('/junk'))).toMatchObject({ code: 'BODY_CORRUPT' })
    expect(await client.failure(site.url('/junk-later'))).toMatchObject({ code: 'BODY_CORRUPT' })
  })

  test('a byte at a time is taken apart all the same', async () => {
    const body = gzip(text).subarray(0, 3000)
    await using site = await serve({ '/a': coded(body, '', body.length) })
    await using client = testDownloader()
    if (text === SMALL) expect((await client.fetch(site.url('/a'))).text).toBe(SMALL)
    else expect(await client.failure(site.url('/a'))).toMatchObject({ code: 'BODY_TRUNCATED' })
  })
})

const BOMB_RUN = fileURLToPath(new URL('../support/bomb-run.ts', import.meta.url))

test.each([
  ['gzip', gzipSync],
  ['br', (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['zstd', zstdCompressSync],
  ['', gzipSync],
])('a bomb of %s ends at --max-bytes with little memory', async (encoding, compress) => {
  await using site = await serve({
    '/small': coded(compress(Buffer.alloc(40 << 20)), encoding),
    '/large': coded(compress(Buffer.alloc(200 << 20)), encoding),
  })
  const { stdout } = await promisify(execFile)(process.execPath, [BOMB_RUN, site.url('/small'), site.url('/large')])
  const { code, message, moreBytes }: BombResult = JSON.parse(stdout)
  expect(code).toBe('BODY_TOO_LARGE')
  expect(message).toContain('--max-bytes')
  expect(moreBytes).toBeLessThan(64 << 20)
})

test('a document larger than --max-bytes is refused at its length, or as soon as the bytes are too many', async () => {
  await using site = await serve({
    '/announced': 'x'.repeat(11),
    '/fits': 'x'.repeat(10),
    '/chunked': coded(Buffer.alloc(11, 'x'), ''),
  })
  await using client = testDownloader({ maxBytes: 10 })
  expect(await client.failure(site.url('/announced'))).toMatchObject({ code: 'BODY_TOO_LARGE' })
  expect(await client.failure(site.url('/chunked'))).toMatchObject({ code: 'BODY_TOO_LARGE' })
  expect((await client.fetch(site.url('/fits'))).text).toBe('x'.repeat(10))
})

test('compressed nothing is BODY_EMPTY, an unknown coding CODING_UNKNOWN', async () => {
  await using site = await serve({
    '/nothing': coded(gzip(''), 'gzip'),
    '/none': coded(Buffer.alloc(0), 'gzip'),
    '/unknown': coded(gzip(SMALL), 'gzip, aes128gcm'),
    '/tower': coded(gzip(SMALL), 'gzip, gzip, gzip, gzip, gzip'),
  })
  await using client = testDownloader()
  expect(await client.failure(site.url('/nothing'))).toMatchObject({ code: 'BODY_EMPTY' })
  expect(await client.failure(site.url('/none'))).toMatchObject({ code: 'BODY_EMPTY' })
  expect(await client.failure(site.url('/unknown'))).toMatchObject({ code: 'CODING_UNKNOWN' })
  expect(await client.failure(site.url('/tower'))).toMatchObject({ code: 'CODING_UNKNOWN' })
})

test('a local file is read like a download, compressed or not', async () => {
  await using client = testDownloader()
  for (const [name, content] of [
    ['a.xml', Buffer.from(LARGE)],
    ['a.xml.gz', gzip(LARGE)],
    ['a.xml.zst', zstdCompressSync(LARGE)],
  ] as const) {
    await using file = await temporaryFile(content, name)
    const fetched = await client.fetch(file.url)
    expect(fetched).toMatchObject({
      text: LARGE,
      status: 0,
      finalUrl: file.url,
      contentLength: content.length,
      wireBytes: content.length,
      downloadedCalls: 1,
    })
  }
})

test('a file that is missing, a folder, empty, too large or cut short says so', async () => {
  await using client = testDownloader({ maxBytes: 1000 })
  await using empty = await temporaryFile('')
  await using large = await temporaryFile('x'.repeat(1001))
  await using bomb = await temporaryFile(gzip('x'.repeat(1001)))
  await using cut = await temporaryFile(gzip(SMALL).subarray(0, -3))
  expect(await client.failure('file:///no/such/file.xml')).toMatchObject({
    code: 'FILE_UNREADABLE',
    message: '/no/such/file.xml does not exist',
  })
  expect(await client.failure(new URL('.', empty.url).href)).toMatchObject({ code: 'FILE_UNREADABLE' })
  expect(await client.failure(empty.url)).toMatchObject({ code: 'BODY_EMPTY' })
  expect(await client.failure(large.url)).toMatchObject({ code: 'BODY_TOO_LARGE' })
  expect(await client.failure(bomb.url)).toMatchObject({ code: 'BODY_TOO_LARGE' })
  expect(await client.failure(cut.url)).toMatchObject({ code: 'BODY_TRUNCATED' })
})
