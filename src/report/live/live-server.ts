/** `--live`: the page of the report, fed by server-sent events while the run lasts. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../display.ts'
import type { ReportFold } from '../html/report-fold.ts'
import { livePage } from '../html/report-page.ts'
import { isLoopbackName, type LocalServer, openServer } from '../local-server.ts'
import { readStreamRequest, type StreamRequest, streamFields, streamHead, watcherOf } from './stream-request.ts'
import { Watchers } from './watchers.ts'

/** A connection that has asked for nothing for so long is closed, as the HTTP server does with those that it knows. */
const SILENT_MS = 60_000

export interface LiveSettings {
  readonly fold: ReportFold
  /** 0 is any free one. */
  readonly port: number
  /** Undefined is 127.0.0.1, without a token. */
  readonly host: string | undefined
  /** Is called before the fold is read. */
  readonly beforeLook?: () => void
  /** Default: the system's. */
  readonly clock?: Clock
}

export class LiveServer {
  readonly #server: Server
  readonly #token: string | undefined
  readonly #watchers: Watchers
  /** All connections: the HTTP server knows only those that it was given. */
  readonly #sockets = new Set<Socket>()
  #page: string | undefined
  /** The URL to open. */
  readonly url: string

  private constructor(settings: LiveSettings, { server, port }: LocalServer, token: string | undefined) {
    const { fold, beforeLook = () => {}, clock = systemClock } = settings
    this.#server = server
    this.#token = token
    const host = settings.host ?? '127.0.0.1'
    const query = token === undefined ? '' : `?token=${token}`
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/${query}`
    this.#watchers = new Watchers({ fold, beforeLook, clock })
    server.on('request', (request, response) => this.#answer(request, response))
    const answering = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket) => {
      this.#connected(socket, () => {
        for (const answer of answering) answer.call(server, socket)
      })
    })
  }

  /** @throws MillError PORT_UNAVAILABLE */
  static async open(settings: LiveSettings): Promise<LiveServer> {
    const server = await openServer(settings.port, settings.host ?? '127.0.0.1', '--live')
    const token = settings.host === undefined ? undefined : randomBytes(18).toString('base64url')
    return new LiveServer(settings, server, token)
  }

  /** Those who look at it now. */
  get watchers(): number {
    return this.#watchers.count
  }

  /** Sends the last overview, waits a moment for it to be taken with its rows, and closes every connection. */
  async close(): Promise<void> {
    await this.#watchers.close()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** @param answer gives it to the HTTP server */
  #connected(socket: Socket, answer: () => void): void {
    socket.unref()
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const hangUp = () => socket.destroy()
    socket.setTimeout(SILENT_MS, hangUp)
    socket.once('data', (bytes) => {
      socket.setTimeout(0, hangUp)
      const request = readStreamRequest(bytes)
      if (request !== undefined && this.#isAllowed(request.host, request.target)) this.#stream(socket, request)
      else {
        socket.pause()
        socket.unshift(bytes)
        answer()
        socket.resume()
      }
    })
  }

  #stream(socket: Socket, { watcher }: StreamRequest): void {
    socket.resume()
    socket.once('end', () => socket.destroy())
    // Head and first messages are one write.
    socket.cork()
    socket.write(streamHead(watcher))
    this.#watchers.add(socket, watcher)
    socket.uncork()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store')
    response.setHeader('x-content-type-options', 'nosniff')
    const target = request.url ?? ''
    if (!this.#isAllowed(request.headers.host ?? '', target)) {
      const text = this.#token === undefined ? 'only for this machine\n' : 'the token is missing or wrong\n'
      response.writeHead(403, { 'content-type': 'text/plain' }).end(text)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' }).end('GET only\n')
    } else if (pathOf(target) === '/') {
      this.#page ??= livePage()
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(this.#page)
    } else if (pathOf(target) === '/events') {
      const watcher = watcherOf(request.headers)
      response.removeHeader('transfer-encoding')
      response.writeHead(200, streamFields(watcher))
      this.#watchers.add(response, watcher)
    } else response.writeHead(404, { 'content-type': 'text/plain' }).end('not here\n')
  }

  /** With a token by the token; without one only under a name of this machine, or a page elsewhere could read it (DNS rebinding). */
  #isAllowed(host: string, target: string): boolean {
    if (this.#token === undefined) return isLoopbackName(host)
    return isSame(urlOf(target)?.searchParams.get('token') ?? '', this.#token)
  }
}

function pathOf(target: string): string | undefined {
  return urlOf(target)?.pathname
}

function urlOf(target: string): URL | undefined {
  return URL.parse(target, 'http://live') ?? undefined
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
