import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { testDownloader } from '../support/downloader.ts'
import { answer, faultServer } from '../support/fault-server.ts'
import { serve } from '../support/serve.ts'

const XML = '<a><b>text</b></a>'
const NO_HOOKS = { onDownloaded: () => {} }

test('gives the bytes, the facts of the answer, and one call when the last byte is here', async () => {
  await using site = await serve({
    '/a': (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/xml; Charset="ISO-8859-1"', etag: '"1"', 'content-length': XML.length })
        .end(XML),
  })
  await using client = testDownloader()
  expect(await client.fetch(site.url('/a'))).toEqual({
    text: XML,
    chunks: 1,
    downloadedCalls: 1,
    finalUrl: site.url('/a'),
    status: 200,
    wireBytes: XML.length,
    charset: 'iso-8859-1',
    etag: '"1"',
    contentLength: XML.length,
  })
})

test('asks for compression, says who it is, and sends the given headers', async () => {
  await using server = await faultServer({ '/a?b=c%20d': ({ socket }) => socket.write(answer(XML)) })
  await using client = testDownloader({
    headers: [
      ['X-Key', '1'],
      ['Accept', 'application/xml'],
    ],
  })
  await client.fetch(server.url('/a?b=c d#fragment'))
  const [head = ''] = server.heads
  expect(head).toContain('GET /a?b=c%20d HTTP/1.1')
  expect(head).toContain(`host: ${server.host}`)
  expect(head).toContain('accept-encoding: gzip, deflate, br, zstd')
  expect(head).toContain('user-agent: xmlmill-test/1')
  expect(head).toContain('x-key: 1')
  expect(head.match(/accept: .*/g)).toEqual(['accept: application/xml'])
})

test('a header that cannot be sent is OPTIONS_INVALID', async () => {
  await using site = await serve({ '/a': XML })
  await using client = testDownloader({ headers: [['Transfer-Encoding', 'chunked']] })
  expect(await client.failure(site.url('/a'))).toMatchObject({ code: 'OPTIONS_INVALID' })
})

test.each([
  [400, 'HTTP_REFUSED'],
  [401, 'HTTP_REFUSED'],
  [404, 'HTTP_REFUSED'],
  [410, 'HTTP_REFUSED'],
  [300, 'HTTP_REFUSED'],
  [408, 'HTTP_UNAVAILABLE'],
  [425, 'HTTP_UNAVAILABLE'],
  [429, 'HTTP_UNAVAILABLE'],
  [500, 'HTTP_UNAVAILABLE'],
  [503, 'HTTP_UNAVAILABLE'],
])('status %d is %s, and its connection serves the next document', async (status, code) => {
  const late = (_: unknown, response: ServerResponse): void => {
    response.writeHead(status).flushHeaders()
    setTimeout(() => response.end('sorry'), 20)
  }
  await using site = await serve({ '/a': late, '/b': XML })
  await using client = testDownloader()
  const failure = await client.failure(site.url('/a'))
  expect(failure).toMatchObject({ code, details: { status } })
  expect(failure.message).toContain(`${site.host} answered ${status}`)
  expect((await client.fetch(site.url('/b'))).text).toBe(XML)
  expect(site.connections).toBe(1)
})

test('an unavailable answer says how long to wait, a refused one does not', async () => {
  await using site = await serve({
    '/503': (_, response) => response.writeHead(503, { 'retry-after': '7' }).end(),
    '/404': (_, response) => response.writeHead(404, { 'retry-after': '7' }).end(),
  })
  await using client = testDownloader()
  expect(await client.failure(site.url('/503'))).toMatchObject({ details: { status: 503, retryAfterMs: 7000 } })
  expect((await client.failure(site.url('/404'))).details).toEqual({ status: 404 })
})

test('a long error page costs its connection and no more', async () => {
  let sentBytes = 0
  await using server = await faultServer({
    '/a': ({ socket }) => {
      socket.write('HTTP/1.1 500 Internal Server Error\r\n\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write('sorry '.repeat(10_000)));
      }
      socket.on('drain', more)
      socket.once('close', () => {
        sentBytes = socket.bytesWritten
      })
      more()
    },
  })
  await using client = testDownloader()
  expect(await client.failure(server.url('/a'))).toMatchObject({ code: 'HTTP_UNAVAILABLE' })
  await server.allClosed()
  // What the buffers of the system hold. In the two seconds that a slow page is given it would be hundreds of megabytes.
  expect(sentBytes).toBeLessThan(16 << 20)
})

test('documents share a connection, and four at once need four', async () => {
  await using site = await serve({ '/a': XML })
  await using client = testDownloader()
  for (let n = 0; n < 20; n++) await client.fetch(site.url('/a'))
  expect(site.connections).toBe(1)
  for (let n = 0; n < 20; n++) await Promise.all([1, 2, 3, 4].map(() => client.fetch(site.url('/a'))))
  expect(site.connections).toBe(4)
})

test('a kept connection that closes as the next request goes out is asked again at once', async () => {
  await using server = await faultServer({
    '/a': ({ socket, turn }) => (turn === 1 ? socket.write(answer(XML)) : socket.destroy()),
    '/b': ({ socket, turn }) => (turn === 1 ? socket.write(answer(XML)) : socket.resetAndDestroy()),
  })
  await using client = testDownloader()
  await client.fetch(server.url('/a'))
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
  expect(server.hits('/a')).toBe(3)
  expect((await client.fetch(server.url('/b'))).text).toBe(XML)
  expect(server.connections).toBe(3)
})

test('a connection that closes after a part of the answer is not asked again', async () => {
  await using server = await faultServer({
    '/a': ({ socket, turn }) => (turn === 1 ? socket.write(answer(XML)) : socket.end('HTTP/1.1 200 OK\r\ncont')),
  })
  await using client = testDownloader()
  await client.fetch(server.url('/a'))
  expect(await client.failure(server.url('/a'))).toMatchObject({ code: 'CONNECTION_LOST' })
  expect(server.hits('/a')).toBe(2)
})

test('bytes after the announced length never become the next answer', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => socket.write(Buffer.concat([answer(XML), answer('<evil/>')])),
    '/b': ({ socket }) => socket.write(answer(XML)),
  })
  await using client = testDownloader()
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
  expect((await client.fetch(server.url('/b'))).text).toBe(XML)
})

test('a body without length ends with its connection', async () => {
  await using server = await faultServer({ '/a': ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${XML}`) })
  await using client = testDownloader()
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
})

test('early hints before the answer are let pass', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n')
      socket.write(answer(XML))
    },
  })
  await using client = testDownloader()
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
})

test('a 100 Continue before the answer is HTTP_MALFORMED, and said to be allowed', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      socket.write(answer(XML))
    },
  })
  await using client = testDownloader()
  expect(await client.failure(server.url('/a'))).toMatchObject({
    code: 'HTTP_MALFORMED',
    message: `${server.host} sent 100 Continue unasked, which HTTP allows and the client in here (undici) does not`,
  })
  expect(server.hits('/a')).toBe(1)
})

test('a consumer that waits holds the server back within a few megabytes', async () => {
  const total = 64 << 20
  await using site = await serve({
    '/a': (_, response) => {
      response.writeHead(200, { 'content-length': total })
      let left = total
      const write = (): void => {
        while (left > 0) {
          left -= 65_536
          if (!response.write(Buffer.alloc(65_536, 'x'))) {
            response.once('drain', write)
            return
          }
        }
        response.end()
      }
      write()
    },
  })
  await using client = testDownloader({ stallTimeoutMs: 300 })
  let isDownloaded = false
  const download = await client.downloader.start(site.url('/a'), { onDownloaded: () => (isDownloaded = true) })
  let received = 0
  for await (const chunk of download.body) {
    if (received === 0) {
      // Longer than the stall timeout: it is we who are slow.
      await new Promise((resolve) => setTimeout(resolve, 900))
      expect(download.wireBytes).toBeLessThan(3 << 20)
      expect(isDownloaded).toBe(false)
    }
    received += chunk.length
  }
  expect(received).toBe(total)
  expect(isDownloaded).toBe(true)
})

test('the last byte is announced while the consumer is still behind', async () => {
  await using site = await serve({ '/a': 'x'.repeat(100_000) })
  await using client = testDownloader()
  const { promise, resolve } = Promise.withResolvers<void>()
  const download = await client.downloader.start(site.url('/a'), { onDownloaded: resolve })
  await promise
  const { elapsedMs } = download
  let received = 0
  for await (const chunk of download.body) received += chunk.length
  expect(received).toBe(100_000)
  expect(download.elapsedMs).toBe(elapsedMs)
})

test('breaking out of the body, or cancel, closes the connection', async () => {
  const endless = (socket: { write(text: string): void; once(event: 'close', done: () => void): void }): void => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const timer = setInterval(() => socket.write('x'.repeat(1000)), 1)
    socket.once('close', () => clearInterval(timer))
  }
  await using server = await faultServer({ '/a': ({ socket }) => endless(socket) })
  await using client = testDownloader()
  const read = await client.downloader.start(server.url('/a'), NO_HOOKS)
  for await (const chunk of read.body) if (chunk.length > 0) break
  await server.allClosed()
  const unread = await client.downloader.start(server.url('/a'), NO_HOOKS)
  unread.cancel()
  await server.allClosed()
  expect(server.connections).toBe(2)
})

test('an abort ends the download with ABORTED, before the answer and in the body', async () => {
  await using server = await faultServer({
    '/silent': () => {},
    '/a': ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${XML}`),
  })
  await using client = testDownloader()
  const first = new AbortController()
  const waiting = client.downloader.start(server.url('/silent'), NO_HOOKS, first.signal)
  setTimeout(() => first.abort(), 50)
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
  await server.allClosed()

  const second = new AbortController()
  const download = await client.downloader.start(server.url('/a'), NO_HOOKS, second.signal)
  const reading = (async () => {
    for await (const chunk of download.body) if (chunk.length > 0) second.abort()
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
  await server.allClosed()
  await expect(client.downloader.start(server.url('/a'), NO_HOOKS, second.signal)).rejects.toMatchObject({
    code: 'ABORTED',
  })
})

test('closing the downloader ends what is under way and leaves no connection', async () => {
  await using server = await faultServer({
    '/silent': () => {},
    '/a': ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${XML}`),
    '/idle': ({ socket }) => socket.write(answer(XML)),
  })
  const client = testDownloader()
  await client.fetch(server.url('/idle'))
  const waiting = client.failure(server.url('/silent'))
  const reading = client.failure(server.url('/a'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const late = client.failure(server.url('/idle'))
  await client.downloader.close()
  expect(await late).toMatchObject({ code: 'ABORTED' })
  expect(await waiting).toMatchObject({ code: 'ABORTED' })
  expect(await reading).toMatchObject({ code: 'ABORTED' })
  await server.allClosed()
  expect(await client.failure(server.url('/idle'))).toMatchObject({ code: 'ABORTED' })
})

test('--timeout ends a document that still moves', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const timer = setInterval(() => socket.write('x'.repeat(1000)), 5)
      socket.once('close', () => clearInterval(timer))
    },
  })
  await using client = testDownloader({ timeoutMs: 400 })
  const before = performance.now()
  const failure = await client.failure(server.url('/a'))
  expect(failure.code).toBe('TIMEOUT')
  expect(failure.message).toContain('--timeout')
  expect(performance.now() - before).toBeGreaterThanOrEqual(400)
  await server.allClosed()
})

test('a slow server is given the whole stall timeout', async () => {
  await using server = await faultServer({
    '/a': ({ socket }) => void setTimeout(() => socket.write(answer(XML)), 600),
  })
  await using client = testDownloader({ stallTimeoutMs: 1200 })
  expect((await client.fetch(server.url('/a'))).text).toBe(XML)
})

test.each(['ftp://127.0.0.1/', 'http://', 'document.xml'])('%s is URL_INVALID', async (url) => {
  await using client = testDownloader()
  expect(await client.failure(url)).toMatchObject({ code: 'URL_INVALID' })
})
