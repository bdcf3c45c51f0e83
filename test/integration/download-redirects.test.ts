import { expect, test } from 'vitest'
import { testDownloader } from '../support/downloader.ts'
import { answer, faultServer } from '../support/fault-server.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFile } from '../support/temporary-file.ts'

const XML = '<a/>'
const SECRET = `Basic ${Buffer.from('user:pass wörd').toString('base64')}`

function redirect(location: string, status = 302): Route {
  return (_, response) => response.writeHead(status, { location }).end('moved')
}

test.each([301, 302, 303, 307, 308])('status %d is followed, relative and absolute', async (status) => {
  await using site = await serve({
    '/from/here': redirect('../to/there?x=1', status),
    '/to/there': (_, response) => response.writeHead(status, { location: site.url('/end#part') }).end(),
    '/end': XML,
  })
  await using client = testDownloader()
  const fetched = await client.fetch(site.url('/from/here'))
  expect(fetched).toMatchObject({ text: XML, finalUrl: site.url('/end'), status: 200 })
  expect(site.connections).toBe(1)
})

test('ten hops are followed and an eleventh is not', async () => {
  const hops = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`/${n}`, redirect(`/${n + 1}`)]))
  await using site = await serve({ ...hops, '/12': XML })
  await using client = testDownloader()
  expect((await client.fetch(site.url('/2'))).text).toBe(XML)
  expect(await client.failure(site.url('/1'))).toMatchObject({ code: 'REDIRECT_REFUSED' })
})

test.each([
  ['a circle', '/a'],
  ['a file', 'file:///etc/passwd'],
  ['another scheme', 'ftp://127.0.0.1/'],
  ['a script', 'javascript:alert(1)'],
  ['what is no URL', 'http://['],
])('a redirect to %s is refused', async (_, location) => {
  await using site = await serve({ '/a': redirect('/b'), '/b': redirect(location) })
  await using client = testDownloader()
  expect(await client.failure(site.url('/a'))).toMatchObject({ code: 'REDIRECT_REFUSED' })
  expect(site.hits('/b')).toBe(1)
})

test('a redirect without a Location is HTTP_REFUSED', async () => {
  await using site = await serve({ '/a': (_, response) => response.writeHead(302).end() })
  await using client = testDownloader()
  expect(await client.failure(site.url('/a'))).toMatchObject({ code: 'HTTP_REFUSED', details: { status: 302 } })
})

test('raw UTF-8 in a Location means UTF-8', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => socket.write('HTTP/1.1 302 Found\r\nlocation: /größe\r\ncontent-length: 0\r\n\r\n', 'utf8'),
    '/gr%C3%B6%C3%9Fe': ({ socket }) => socket.write(answer(XML)),
  })
  await using client = testDownloader()
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
})

test('credentials of the URL go to their own origin alone, and never into a message', async () => {
  await using elsewhere = await faultServer({ '/a': ({ socket }) => socket.write(answer(XML)) })
  await using server = await faultServer({
    '/same': ({ socket }) => socket.write(answer('', ['location: /next'], '302 Found')),
    '/next': ({ socket }) => socket.write(answer('', [`location: ${elsewhere.url('/a')}`], '302 Found')),
    '/refused': ({ socket }) => socket.write(answer('', [], '403 Forbidden')),
  })
  await using client = testDownloader({
    headers: [
      ['Cookie', 'session=1'],
      ['X-Api-Key', 'key'],
      ['Accept-Language', 'de'],
    ],
  })
  const withCredentials = (path: string): string => server.url(path).replace('//', '//user:pass%20w%C3%B6rd@')
  const fetched = await client.fetch(withCredentials('/same'))
  expect(fetched.finalUrl).toBe(elsewhere.url('/a'))
  expect(server.heads).toHaveLength(2)
  for (const head of server.heads) {
    expect(head).toContain(`authorization: ${SECRET}`)
    expect(head).toContain('cookie: session=1')
  }
  const [head = ''] = elsewhere.heads
  expect(head).toContain('accept-language: de')
  expect(head).not.toMatch(/authorization|cookie|x-api-key/i)
  const failure = await client.failure(withCredentials('/refused'))
  expect(failure.message).not.toContain('pass')
})

test('--netrc gives a host its own entry, and the default to the listed host alone', async () => {
  await using elsewhere = await faultServer({ '/a': ({ socket }) => socket.write(answer(XML)) })
  const location = elsewhere.url('/a').replace('127.0.0.1', 'localhost')
  await using server = await faultServer({
    '/a': ({ socket }) => socket.write(answer('', [`location: ${location}`], '302 Found')),
  })
  await using both = await temporaryFile('machine localhost login l password 2\ndefault login d password 1\n')
  await using alone = await temporaryFile('default login d password 1\n')
  const basic = (text: string): string => `authorization: Basic ${Buffer.from(text).toString('base64')}`
  const before = process.env.NETRC
  try {
    process.env.NETRC = both.path
    await using client = testDownloader({ netrc: true })
    await client.fetch(server.url('/a'))
    expect(server.heads[0]).toContain(basic('d:1'))
    expect(elsewhere.heads[0]).toContain(basic('l:2'))
    process.env.NETRC = alone.path
    await using other = testDownloader({ netrc: true })
    await other.fetch(server.url('/a'))
    expect(elsewhere.heads[1]).not.toMatch(/authorization/i)
    process.env.NETRC = '/no/such/netrc'
    await using missing = testDownloader({ netrc: true })
    expect(await missing.failure(server.url('/a'))).toMatchObject({ code: 'OPTIONS_INVALID' })
  } finally {
    if (before === undefined) delete process.env.NETRC
    else process.env.NETRC = before
  }
})

test.each([
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '127.1',
  '0.0.0.0',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::]',
  'localhost',
])('--public-only never connects to %s', async (hostname) => {
  await using server = await faultServer({ '/': ({ socket }) => socket.write(answer(XML)) })
  await using client = testDownloader({ publicOnly: true })
  const failure = await client.failure(`http://${hostname}:${server.port}/`)
  expect(failure.code).toBe('ADDRESS_REFUSED')
  expect(server.connections).toBe(0)
})

test.each(['169.254.169.254', '10.0.0.1', '[fe80::1]', '[fd00:ec2::254]', '100.64.0.1', '[64:ff9b::7f00:1]'])(
  '--public-only refuses %s at once',
  async (hostname) => {
    await using client = testDownloader({ publicOnly: true, connectTimeoutMs: 1000 })
    expect(await client.failure(`http://${hostname}/`)).toMatchObject({ code: 'ADDRESS_REFUSED' })
  },
)

test('without --public-only one private host may redirect to another', async () => {
  await using elsewhere = await serve({ '/a': XML })
  await using site = await serve({ '/a': redirect(elsewhere.url('/a')) })
  await using client = testDownloader()
  expect((await client.fetch(site.url('/a'))).text).toBe(XML)
})
