import { createServer, request as forward } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { testDownloader } from '../support/downloader.ts'
import { answer, faultServer, SELF_SIGNED } from '../support/fault-server.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { serve } from '../support/serve.ts'
import { temporaryFile } from '../support/temporary-file.ts'

const XML = '<a/>'

interface Proxy extends AsyncDisposable {
  readonly url: string
  /** Request lines that it saw, with their Proxy-Authorization. */
  readonly seen: readonly string[]
}

/** An HTTP proxy that answers for `http://public.example` itself and passes everything else on. */
async function startProxy(own: Readonly<Record<string, string>> = {}, connectStatus?: string): Promise<Proxy> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`)
    const location = own[request.url ?? '']
    if (location !== undefined) response.writeHead(302, { location }).end()
    else if (request.url?.includes('/407')) response.writeHead(407).end('who are you?')
    else forward(request.url ?? '', { headers: request.headers }, (from) => from.pipe(response)).end()
  })
  server.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`)
    if (connectStatus !== undefined) {
      socket.end(`HTTP/1.1 ${connectStatus}\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const [host, port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const ENVIRONMENT = ['http_proxy', 'no_proxy'] as const
const before = ENVIRONMENT.map((name) => process.env[name])
afterEach(() => {
  for (const [at, name] of ENVIRONMENT.entries()) {
    const value = before[at]
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

test('--proxy is asked in place of the host, with its own credentials', async () => {
  await using site = await serve({ '/a': XML })
  await using proxy = await startProxy()
  await using client = testDownloader({ proxy: proxy.url.replace('//', '//me:secret@') })
  expect((await client.fetch(site.url('/a'))).text).toBe(XML)
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
  expect(proxy.seen).toEqual([`GET ${site.url('/a')} ${basic}`])
})

test('https goes through CONNECT, and the certificate is checked at the other end', async () => {
  await using server = await faultServer({ '/a': ({ socket }) => socket.write(answer(XML)) }, SELF_SIGNED)
  await using proxy = await startProxy()
  await using authority = await temporaryFile(SELF_SIGNED.cert)
  await using trusting = testDownloader({ proxy: proxy.url, cacert: authority.path })
  expect((await trusting.fetch(server.url('/a'))).text).toBe(XML)
  expect(proxy.seen).toEqual([`CONNECT ${server.host} -`])
  await using strict = testDownloader({ proxy: proxy.url })
  expect(await strict.failure(server.url('/a'))).toMatchObject({ code: 'TLS_FAILED' })
})

test.each([
  ['407 Proxy Authentication Required', 'HTTP_REFUSED'],
  ['403 Forbidden', 'HTTP_REFUSED'],
  ['502 Bad Gateway', 'CONNECT_FAILED'],
])('a proxy that answers %s to CONNECT is %s', async (status, code) => {
  await using proxy = await startProxy({}, status)
  await using client = testDownloader({ proxy: proxy.url })
  const failure = await client.failure('https://127.0.0.1:9/')
  expect(failure).toMatchObject({ code })
  expect(failure.message).toContain(`the proxy answered ${status.slice(0, 3)}`)
})

test('a proxy that wants credentials is HTTP_REFUSED', async () => {
  await using proxy = await startProxy()
  await using client = testDownloader({ proxy: proxy.url })
  expect(await client.failure('http://public.example/407')).toMatchObject({
    code: 'HTTP_REFUSED',
    details: { status: 407 },
  })
})

test('a proxy that is not there is CONNECT_FAILED, one that is silent STALLED', async () => {
  await using gone = await refusingPort()
  await using client = testDownloader({ proxy: `http://${gone.host}` })
  expect(await client.failure('http://public.example/')).toMatchObject({ code: 'CONNECT_FAILED' })
  await using silent = await faultServer({ '127.0.0.1:9': () => {} })
  await using patient = testDownloader({ proxy: silent.url(''), stallTimeoutMs: 300 })
  expect(await patient.failure('https://127.0.0.1:9/')).toMatchObject({ code: 'STALLED' })
})

test('http_proxy of the environment is used, except for hosts of no_proxy', async () => {
  await using site = await serve({ '/a': XML })
  await using proxy = await startProxy()
  process.env.http_proxy = proxy.url
  await using client = testDownloader()
  expect((await client.fetch(site.url('/a'))).text).toBe(XML)
  expect(proxy.seen).toHaveLength(1)
  process.env.no_proxy = 'example.org,127.0.0.1'
  expect((await client.fetch(site.url('/a'))).text).toBe(XML)
  expect(proxy.seen).toHaveLength(1)
})

test('a public host may not redirect to a private one', async () => {
  await using site = await serve({ '/a': XML })
  await using proxy = await startProxy({ 'http://public.example/': site.url('/a') })
  await using client = testDownloader({ proxy: proxy.url })
  const failure = await client.failure('http://public.example/')
  expect(failure.code).toBe('REDIRECT_REFUSED')
  expect(site.hits()).toBe(0)
  // The same redirect, its target asked without the proxy.
  process.env.http_proxy = proxy.url
  process.env.no_proxy = '127.0.0.1'
  await using direct = testDownloader()
  expect(await direct.failure('http://public.example/')).toMatchObject({ code: 'REDIRECT_REFUSED' })
  expect(site.connections).toBe(0)
})

test('a proxy or an authority that is none is OPTIONS_INVALID, and passwords stay hidden', async () => {
  await using proxied = testDownloader({ proxy: 'http://me:secret@' })
  const failure = await proxied.failure('http://public.example/')
  expect(failure.code).toBe('OPTIONS_INVALID')
  expect(failure.message).not.toContain('secret')
  await using missing = testDownloader({ cacert: '/no/such/ca.pem' })
  expect(await missing.failure('http://127.0.0.1:9/')).toMatchObject({ code: 'OPTIONS_INVALID' })
  await using file = await temporaryFile('no certificate')
  await using wrong = testDownloader({ cacert: file.path })
  expect(await wrong.failure('http://127.0.0.1:9/')).toMatchObject({ code: 'OPTIONS_INVALID' })
})

test('--cacert adds an authority', async () => {
  await using server = await faultServer({ '/a': ({ socket }) => socket.write(answer(XML)) }, SELF_SIGNED)
  await using authority = await temporaryFile(SELF_SIGNED.cert)
  await using client = testDownloader({ cacert: authority.path })
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
  expect(server.connections).toBe(1)
})
