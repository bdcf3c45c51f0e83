/** A server on loopback that does everything wrong: one route a fault, told in raw bytes. */
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** One request as a fault sees it. */
export interface FaultyRequest {
  readonly socket: Socket
  /** Method, path and headers as they came. */
  readonly head: string
  /** 1 for the first request of this path. */
  readonly hit: number
  /** 1 for the first request of this connection. */
  readonly turn: number
}

export type Fault = (request: FaultyRequest) => void

export interface FaultServer extends AsyncDisposable {
  /** `http(s)://127.0.0.1:port` and the path. */
  url(path: string): string
  readonly host: string
  readonly port: number
  hits(path: string): number
  /** Heads of all requests, in order. */
  readonly heads: readonly string[]
  readonly openSockets: number
  readonly maxSockets: number
  /** Connections ever accepted. */
  readonly connections: number
  /** Resolves when the other side has closed every connection. */
  allClosed(): Promise<void>
  close(): Promise<void>
}

/** Key and certificate of a TLS server. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** Starts a server on a free port of 127.0.0.1; with an identity it speaks TLS. */
export async function faultServer(faults: Readonly<Record<string, Fault>>, identity?: Identity): Promise<FaultServer> {
  const hits = new Map<string, number>()
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let maxSockets = 0
  let connections = 0

  const accept = (socket: Socket): void => {
    connections++
    sockets.add(socket)
    maxSockets = Math.max(maxSockets, sockets.size)
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve()
    })
    // The client breaks off as it likes.
    socket.on('error', () => {})
    let received = ''
    let turn = 0
    socket.on('data', (data) => {
      received += data.toString('latin1')
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end)
        received = received.slice(end + 4)
        const path = head.split(' ')[1] ?? ''
        const hit = (hits.get(path) ?? 0) + 1
        hits.set(path, hit)
        heads.push(head)
        const fault = faults[path]
        if (fault === undefined) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
        else fault({ socket, head, hit, turn: ++turn })
      }
    })
  }

  const server = identity === undefined ? createServer(accept) : createTlsServer(identity, accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const host = `127.0.0.1:${port}`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })

  return {
    url: (path) => `${identity === undefined ? 'http' : 'https'}://${host}${path}`,
    host,
    port,
    hits: (path) => hits.get(path) ?? 0,
    heads,
    get openSockets() {
      return sockets.size
    },
    get maxSockets() {
      return maxSockets
    },
    get connections() {
      return connections
    },
    allClosed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A whole, honest answer. */
export function answer(body: string | Uint8Array, headers: readonly string[] = [], status = '200 OK'): Buffer {
  const bytes = Buffer.from(body)
  const head = [`HTTP/1.1 ${status}`, `content-length: ${bytes.length}`, ...headers, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

const XML = '<a><b>text</b></a>'
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

/** Writes `text` byte by byte until the connection is gone. */
function drip(socket: Socket, text: string, everyMs: number): void {
  let next = 0
  const timer = setInterval(() => socket.write(text[next++ % text.length] ?? ''), everyMs)
  socket.once('close', () => clearInterval(timer))
}

/** Faults of a server and of what stands between. */
export const FAULTS = {
  'reset before the answer': ({ socket }) => socket.resetAndDestroy(),
  'close before the answer': ({ socket }) => socket.end(),
  'reset in the headers': ({ socket }) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-', () => setTimeout(() => socket.resetAndDestroy(), 20)),
  'close in the headers': ({ socket }) => socket.end('HTTP/1.1 200 OK\r\ncontent-'),
  'reset in the body': ({ socket }) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${XML}`, () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    ),
  'short body': ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${XML}`),
  'short body, close announced': ({ socket }) =>
    socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n${XML}`),
  'cut between chunks': ({ socket }) => socket.end(`${CHUNKED}12\r\n${XML}\r\n`),
  'cut in a chunk': ({ socket }) => socket.end(`${CHUNKED}ff\r\n${XML}`),
  'cut in a chunk, close announced': ({ socket }) =>
    socket.end(`${CHUNKED.replace('\r\n', '\r\nconnection: close\r\n')}ff\r\n${XML}`),
  'broken chunk size': ({ socket }) => socket.end(`${CHUNKED}zz\r\n${XML}\r\n0\r\n\r\n`),
  'another protocol': ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'page without headers': ({ socket }) => socket.end('<html>no HTTP here</html>'),
  'headers without end': ({ socket }) =>
    socket.write(`HTTP/1.1 200 OK\r\n${'x-filler: 0123456789012345678901234567890123456789\r\n'.repeat(4000)}`),
  'two lengths': ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 18\r\n\r\n${XML}`),
  'length and chunks': ({ socket }) =>
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n12\r\n${XML}\r\n0\r\n\r\n`),
  'no answer': () => {},
  'half a head': ({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-'),
  'dripping head': ({ socket }) => drip(socket, 'HTTP/1.1 200 OK\r\nx-a: '.padEnd(10_000, 'a'), 5),
  'stall in the body': ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n${XML}`),
  'dripping body': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
    drip(socket, 'x', 5)
  },
  'empty body': ({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  'no chunk': ({ socket }) => socket.write(`${CHUNKED}0\r\n\r\n`),
  'no content': ({ socket }) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
  'not modified': ({ socket }) => socket.write('HTTP/1.1 304 Not Modified\r\n\r\n'),
  'part of it': ({ socket }) => socket.write(answer(XML, ['content-range: bytes 0-17/99'], '206 Partial Content')),
  'unknown coding': ({ socket }) => socket.write(answer(XML, ['content-encoding: sdch'])),
  'endless error page': ({ socket }) => {
    socket.write('HTTP/1.1 404 Not Found\r\n\r\n')
    drip(socket, 'no such document '.repeat(1000), 1)
  },
} as const satisfies Record<string, Fault>

/** Of a key that is no secret. Valid for 127.0.0.1 until 2120; its own authority. */
export const SELF_SIGNED: Identity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQj/3eSANGOIfQQhv
xK73oa/RoHkkhEKp6wV+fv0m4fehRANCAATsjsK2w/HzGbwyxKSuAmK7oTziiUYN
a13P3pfgC1nDYtp8VxlPIphkKzs2YtUpUnelVn+0VCrTpLBV5Bkpmw2H
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBYzCCAQigAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAx4bWxtaWxs
IHRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV
BAMMDHhtbG1pbGwgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOyOwrbD
8fMZvDLEpK4CYruhPOKJRg1rXc/el+ALWcNi2nxXGU8imGQrOzZi1SlSd6VWf7RU
KtOksFXkGSmbDYejQzBBMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB
/zAdBgNVHQ4EFgQUZDDDjGraf/TgWGxtrXMMW0zsv90wCgYIKoZIzj0EAwIDSQAw
RgIhALMJa3vIUhBm0hOv1F0pxsxfwtbZRdJsPH2guYhFtez3AiEA689f9uGTVT3v
D2YgEalkTA5kLAGz2sk9nCR2Tak6Tb4=
-----END CERTIFICATE-----
`,
}

/** The same key with a certificate that ended in 2020. */
export const EXPIRED: Identity = {
  key: SELF_SIGNED.key,
  cert: `-----BEGIN CERTIFICATE-----
MIIBcjCCARigAwIBAgIBATAKBggqhkjOPQQDAjAgMR4wHAYDVQQDDBV4bWxtaWxs
IHRlc3QsIGV4cGlyZWQwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMTAyMDAwMDAwWjAg
MR4wHAYDVQQDDBV4bWxtaWxsIHRlc3QsIGV4cGlyZWQwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAATsjsK2w/HzGbwyxKSuAmK7oTziiUYNa13P3pfgC1nDYtp8VxlP
IphkKzs2YtUpUnelVn+0VCrTpLBV5Bkpmw2Ho0MwQTAPBgNVHREECDAGhwR/AAAB
MA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFGQww4xq2n/04Fhsba1zDFtM7L/d
MAoGCCqGSM49BAMCA0gAMEUCIQD7jU5Iayf8Yy9GZVvcym9kf+85E1/PYzfIT1ZV
KJrfHwIgNFmVcXTZzgI9v9KU0xrsVCz4G4IC9SRsVL3m5/GqPNw=
-----END CERTIFICATE-----
`,
}
