import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type LibraryOptions, mill } from '../../src/index.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Records of each document, or its code, by path. */
async function milled(urls: readonly string[], options: LibraryOptions): Promise<Record<string, unknown>> {
  const outcomes: Record<string, unknown> = {}
  for await (const document of mill(urls, { retries: 0, threads: 2, ...options })) {
    outcomes[new URL(document.url).pathname] =
      document.status === 'done' ? [...document.records()] : document.status === 'failed' ? document.error.code : ''
  }
  return outcomes
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Answers 304 to whoever has the document. */
function withEtag(body: string | Buffer, headers: Record<string, string> = {}): Route {
  return (request, response) => {
    const etag = `"${body.length}"`
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { etag, ...headers }).end(body)
  }
}

const LARGE = `<a>${Array.from({ length: 60_000 }, (_, n) => `<b>${Math.sin(n)}</b>`).join('')}</a>`

test('a document that is unchanged comes out of the cache, in another shape if another is asked for', async () => {
  using folder = temporaryFolder()
  const sent: number[] = []
  await using site = await serve({
    '/small': withEtag('<a><b>1</b><b>2</b></a>'),
    '/large': (request, response) => {
      sent.push(request.headers['if-modified-since'] === undefined ? LARGE.length : 0)
      if (request.headers['if-modified-since'] !== undefined) response.writeHead(304).end()
      else response.writeHead(200, { 'last-modified': 'Sun, 22 Nov 2026 00:00:00 GMT' }).end(LARGE)
    },
  })
  const urls = [site.url('/small'), site.url('/large')]
  const first = await milled(urls, { cache: folder.path, record: 'b' })
  const again = await milled(urls, { cache: folder.path, record: 'b' })
  expect(again).toEqual(first)
  expect(sent).toEqual([LARGE.length, 0])
  const whole = await milled([site.url('/small')], { cache: folder.path })
  expect(whole['/small']).toEqual([{ b: ['1', '2'] }])
})

test('--offline asks no server, and names what is not there', async () => {
  using folder = temporaryFolder()
  await using site = await serve({
    // Without validators it is kept as well: a server that promises nothing does not stop a run without it.
    '/plain': '<a>1</a>',
    '/gz': withEtag(gzipSync('<a>2</a>'), { 'content-encoding': 'gzip' }),
    '/latin': withEtag(Buffer.from('<a>\xe9</a>', 'latin1'), { 'content-type': 'text/xml; charset=iso-8859-1' }),
    '/moved': (_, response) => void response.writeHead(302, { location: '/plain' }).end(),
  })
  const urls = ['/plain', '/gz', '/latin', '/moved'].map((path) => site.url(path))
  const online = await milled(urls, { cache: folder.path })
  const hits = site.hits()
  const offline = await milled([...urls, site.url('/never')], { cache: folder.path, offline: true })
  expect(offline).toEqual({ ...online, '/never': 'OFFLINE_MISS' })
  expect(offline['/latin']).toEqual(['é'])
  expect(site.hits()).toBe(hits)
})

test('what changed is downloaded and replaces what was kept', async () => {
  using folder = temporaryFolder()
  let body = '<a>old</a>'
  await using site = await serve({
    '/a': (request, response) => {
      const etag = `"${body}"`.replaceAll(/[<>]/g, '')
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
      else response.writeHead(200, { etag }).end(body)
    },
  })
  const cache = folder.path
  expect(await milled([site.url('/a')], { cache })).toEqual({ '/a': ['old'] })
  body = '<a>new</a>'
  expect(await milled([site.url('/a')], { cache })).toEqual({ '/a': ['new'] })
  expect(await milled([site.url('/a')], { cache, offline: true })).toEqual({ '/a': ['new'] })
})

test('only documents that could be milled are kept, one body for all that are alike, for their owner alone', async () => {
  using folder = temporaryFolder()
  await using site = await serve({
    '/one': withEtag('<a>same</a>'),
    '/two': withEtag('<a>same</a>'),
    '/cut': withEtag('<a>cut'),
    '/page': withEtag('<html><body>not here</body></html>'),
    '/404': (_, response) => void response.writeHead(404).end('no'),
  })
  await milled(
    ['/one', '/two', '/cut', '/page', '/404'].map((path) => site.url(path)),
    { cache: folder.path },
  )
  const kept = files(folder.path)
  expect(kept.filter((path) => path.includes('/index/'))).toHaveLength(2)
  expect(kept.filter((path) => path.includes('/bodies/'))).toHaveLength(1)
  expect(kept).toHaveLength(3)
  for (const path of kept) expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a body that is damaged is downloaded again, and offline it is CACHE_CORRUPT', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/small': withEtag('<a>1</a>'), '/large': withEtag(LARGE) })
  const urls = [site.url('/small'), site.url('/large')]
  const options = { cache: folder.path, record: 'a' }
  const first = await milled(urls, options)
  const damage = () => {
    for (const path of files(folder.path).filter((file) => file.includes('/bodies/'))) {
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.subarray(0, bytes.length - 7))
    }
  }
  damage()
  // The first attempt finds out, the second downloads.
  expect(await milled(urls, { ...options, retries: 1 })).toEqual(first)
  damage()
  expect(await milled(urls, { ...options, offline: true })).toEqual({
    '/small': 'CACHE_CORRUPT',
    '/large': 'CACHE_CORRUPT',
  })
})

test('a body that was taken away, and an index that makes no sense, are as if they had never been', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': withEtag('<a>1</a>') })
  const cache = folder.path
  await milled([site.url('/a')], { cache })
  for (const path of files(cache))
    writeFileSync(path, path.endsWith('.json') ? '{"version":1,"bodySha256":"../../x"}' : '')
  expect(await milled([site.url('/a')], { cache, offline: true })).toEqual({ '/a': 'OFFLINE_MISS' })
  expect(await milled([site.url('/a')], { cache })).toEqual({ '/a': ['1'] })
})

test('another header is another document, and credentials stand nowhere in the cache', async () => {
  using folder = temporaryFolder()
  await using site = await serve({
    '/a': (request, response) => void response.end(`<a>${request.headers.authorization ?? 'nobody'}</a>`),
  })
  const cache = folder.path
  const url = site.url('/a').replace('//', '//planted-user:planted-word@')
  await milled([url], { cache })
  await milled([site.url('/a')], { cache, header: 'Authorization: planted-token' })
  expect(await milled([site.url('/a')], { cache, offline: true })).toEqual({ '/a': 'OFFLINE_MISS' })
  const index = files(cache).filter((path) => path.endsWith('.json'))
  expect(index).toHaveLength(2)
  for (const path of index) expect(readFileSync(path, 'utf8')).not.toContain('planted')
})

test('a larger --max-bytes of before does not help a document over the limit of now', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': withEtag(LARGE) })
  const options = { cache: folder.path, record: 'b' }
  await milled([site.url('/a')], options)
  expect(await milled([site.url('/a')], { ...options, maxBytes: 1000 })).toEqual({ '/a': 'BODY_TOO_LARGE' })
})

test('threads that keep the same documents at once do not disturb each other', async () => {
  using folder = temporaryFolder()
  const routes = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`/${n}`, withEtag(`<a>${n % 7}</a>`)]))
  await using site = await serve(routes)
  const urls = Object.keys(routes).map((path) => site.url(path))
  const options = { cache: folder.path, threads: 4, concurrency: 16, perHost: 16 }
  const [one, two] = await Promise.all([milled(urls, options), milled(urls, options)])
  expect(one).toEqual(two)
  expect(await milled(urls, { ...options, offline: true })).toEqual(one)
  expect(files(folder.path).filter((path) => path.endsWith('.tmp'))).toEqual([])
})

test('a cache that cannot be written costs no document, and it is said', async () => {
  using folder = temporaryFolder()
  const cache = folder.write('not-a-directory', '')
  await using site = await serve({ '/a': '<a>1</a>', '/large': LARGE })
  const notes: unknown[] = []
  for await (const document of mill([site.url('/a'), site.url('/large')], { cache, record: 'a' }))
    if (document.status === 'done') notes.push(document.facts.notes.notCached)
  expect(notes).toEqual([1, 1])
})

test('--offline without --cache is refused', () => {
  expect(() => mill([], { offline: true })).toThrow(/--offline needs --cache/)
})
