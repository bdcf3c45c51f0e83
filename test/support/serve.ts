/** A real HTTP server on loopback for tests: routes in, counts out. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A body served as XML with its length, or a function that answers itself. */
export type Route = string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void)

export interface Site extends AsyncDisposable {
  /** `http://127.0.0.1:port` and the path. */
  url(path: string): string
  /** `127.0.0.1:port`. */
  readonly host: string
  /** Requests so far, for one path (as asked, or without its query) or for all. */
  hits(path?: string): number
  /** Most requests that were being answered at once. */
  readonly maxConcurrent: number
  /** Connections open now. */
  readonly openSockets: number
  /** Connections ever accepted. */
  readonly connections: number
  /** Resolves when the other side has closed every connection. */
  allClosed(): Promise<void>
  /** Cuts every connection and frees the port. */
  close(): Promise<void>
}

/** Serves `routes` by path (with its query, else without) on a free port of 127.0.0.1; anything else is a 404. */
export async function serve(routes: Readonly<Record<string, Route>>): Promise<Site> {
  const hits = new Map<string, number>()
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let total = 0
  let running = 0
  let maxConcurrent = 0
  let connections = 0

  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const bare = path.replace(/\?.*$/s, '')
    total++
    for (const name of new Set([path, bare])) hits.set(name, (hits.get(name) ?? 0) + 1)
    maxConcurrent = Math.max(maxConcurrent, ++running)
    response.once('close', () => running--)
    const route = routes[path] ?? routes[bare]
    if (typeof route === 'function') route(request, response)
    else if (route === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('no such document\n')
    else {
      const body = Buffer.from(route)
      response.writeHead(200, { 'content-type': 'application/xml', 'content-length': body.length }).end(body)
    }
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const host = `127.0.0.1:${port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  return {
    url: (path) => `http://${host}${path}`,
    host,
    hits: (path) => (path === undefined ? total : (hits.get(path) ?? 0)),
    get maxConcurrent() {
      return maxConcurrent
    },
    get openSockets() {
      return sockets.size
    },
    get connections() {
      return connections
    },
    allClosed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close,
    [Symbol.asyncDispose]: close,
  }
}
