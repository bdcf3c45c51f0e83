import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { testDownloader } from '../support/downloader.ts'
import { answer, EXPIRED, FAULTS, type Fault, faultServer, SELF_SIGNED } from '../support/fault-server.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { temporaryFile } from '../support/temporary-file.ts'

const EXPECTED: Readonly<Record<keyof typeof FAULTS, ErrorCode>> = {
  'reset before the answer': 'CONNECTION_LOST',
  'close before the answer': 'CONNECTION_LOST',
  'reset in the headers': 'CONNECTION_LOST',
  'close in the headers': 'CONNECTION_LOST',
  'reset in the body': 'CONNECTION_LOST',
  'short body': 'BODY_TRUNCATED',
  'short body, close announced': 'BODY_TRUNCATED',
  'cut between chunks': 'BODY_TRUNCATED',
  'cut in a chunk': 'BODY_TRUNCATED',
  'cut in a chunk, close announced': 'BODY_TRUNCATED',
  'broken chunk size': 'HTTP_MALFORMED',
  'another protocol': 'HTTP_MALFORMED',
  'page without headers': 'HTTP_MALFORMED',
  'headers without end': 'HTTP_MALFORMED',
  'two lengths': 'HTTP_MALFORMED',
  'length and chunks': 'HTTP_MALFORMED',
  'no answer': 'STALLED',
  'half a head': 'STALLED',
  'dripping head': 'STALLED',
  'stall in the body': 'STALLED',
  'dripping body': 'STALLED',
  'empty body': 'BODY_EMPTY',
  'no chunk': 'BODY_EMPTY',
  'no content': 'BODY_EMPTY',
  'not modified': 'BODY_EMPTY',
  'part of it': 'HTTP_REFUSED',
  'unknown coding': 'CODING_UNKNOWN',
  'endless error page': 'HTTP_REFUSED',
}

const rows = Object.entries(FAULTS) as [keyof typeof FAULTS, Fault][]

test.each(rows)('%s is named, asked for once, and leaves no connection behind', async (name, fault) => {
  await using server = await faultServer({ '/document': fault })
  {
    await using client = testDownloader({ stallTimeoutMs: 400 })
    const failure = await client.failure(server.url('/document'))
    expect(failure).toMatchObject({ code: EXPECTED[name] })
    expect(failure.message).toContain(server.host)
    expect(server.hits('/document')).toBe(1)
  }
  await server.allClosed()
  expect(server.connections).toBe(1)
})

test('a refused connection is CONNECT_FAILED with host and port', async () => {
  await using gone = await refusingPort()
  await using client = testDownloader()
  const failure = await client.failure(`http://${gone.host}/`)
  expect(failure.code).toBe('CONNECT_FAILED')
  expect(failure.message).toBe(`${gone.host} refused the connection`)
})

test('a name that does not exist is DNS_FAILED', async () => {
  await using client = testDownloader()
  expect(await client.failure('http://no-such-host.invalid/')).toMatchObject({ code: 'DNS_FAILED' })
})

test('a TLS server that never finishes its handshake is CONNECT_TIMEOUT', async () => {
  // A plain server that takes the client's hello and is silent.
  await using server = await faultServer({})
  await using client = testDownloader({ connectTimeoutMs: 300 })
  const failure = await client.failure(`https://${server.host}/`)
  expect(failure.code).toBe('CONNECT_TIMEOUT')
  await server.allClosed()
})

test.each([
  ['a self-signed certificate', SELF_SIGNED, '127.0.0.1', 'self-signed'],
  ['an expired certificate', EXPIRED, '127.0.0.1', 'has expired'],
  ['a certificate for another host', SELF_SIGNED, 'localhost', 'another host'],
])('%s is TLS_FAILED with the reason', async (_, identity, hostname, reason) => {
  await using server = await faultServer({ '/': ({ socket }) => socket.end(answer('<a/>')) }, identity)
  // The authority itself is trusted where only the name is wrong.
  await using authority = await temporaryFile(identity.cert)
  await using client = testDownloader(hostname === 'localhost' ? { cacert: authority.path } : {})
  const failure = await client.failure(`https://${hostname}:${server.port}/`)
  expect(failure.code).toBe('TLS_FAILED')
  expect(failure.message).toContain(reason)
  expect(server.hits('/')).toBe(0)
})

test('a port that answers TLS in the clear is TLS_FAILED', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await using client = testDownloader()
  const failure = await client.failure(`https://127.0.0.1:${port}/`)
  expect(failure.code).toBe('TLS_FAILED')
  expect(failure.message).toContain('does not speak TLS')
  server.close()
})
