/** `--live`: the page of the report, fed by server-sent events while the run lasts. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Clock, systemClock } from '../display.ts'
import type { ReportFold } from '../html/report-fold.ts'
import { livePage } from '../html/report-page.ts'
import { isLoopbackName, type LocalServer, openServer } from '../local-server.ts'
import { Watchers } from './watchers.ts'

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
    this.#server.closeAllConnections()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('cache-control', 'no-store')
    response.setHeader('x-content-type-options', 'nosniff')
    const url = URL.canParse(request.url ?? '', 'http://live') ? new URL(request.url ?? '', 'http://live') : undefined
    if (url === undefined || !this.#isAllowed(request, url)) {
      const text = this.#token === undefined ? 'only for this machine\n' : 'the token is missing or wrong\n'
      response.writeHead(403, { 'content-type': 'text/plain' }).end(text)
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' }).end('GET only\n')
    } else if (url.pathname === '/') {
      this.#page ??= livePage()
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(this.#page)
    } else if (url.pathname === '/events') {
      const known = request.headers['last-event-id']
      const isPacked = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
      const rows = typeof known === 'string' && /^\d{1,9}$/.test(known) ? Number(known) : 0
      // It lasts as long as its connection: chunks of HTTP would only be more pieces to write.
      response.removeHeader('transfer-encoding')
      const type = { 'content-type': 'text/event-stream', connection: 'close', vary: 'accept-encoding' }
      response.writeHead(200, { ...type, ...(isPacked && { 'content-encoding': 'gzip' }) })
      this.#watchers.add(response, { isPacked, rows })
    } else response.writeHead(404, { 'content-type': 'text/plain' }).end('not here\n')
  }

  /** With a token by the token; without one only under a name of this machine, or a page elsewhere could read it (DNS rebinding). */
  #isAllowed(request: IncomingMessage, url: URL): boolean {
    if (this.#token !== undefined) return isSame(url.searchParams.get('token') ?? '', this.#token)
    return isLoopbackName(request.headers.host ?? '')
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
