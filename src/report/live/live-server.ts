/**
 * `--live`: the page of the report, fed by server-sent events while the run lasts.
 *
 * An overview is made once a second, if anybody looks, and the same bytes go to everybody. Who has not taken the last one misses the
 * next: a slow watcher sees fewer pictures and holds nothing up. Rows are fetched by the page, in chunks that are bytes already.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Clock, systemClock } from '../display.ts'
import type { ReportFold } from '../html/report-fold.ts'
import { livePage } from '../html/report-page.ts'
import { isLoopbackName, type LocalServer, openServer } from '../local-server.ts'

const INTERVAL_MS = 1000
/** A watcher that has taken nothing for so long is gone. */
const STUCK_TICKS = 60
/** How long an ended run waits for its last overview to be taken. */
const FAREWELL_MS = 2000

export interface LiveSettings {
  readonly fold: ReportFold
  /** 0 is any free one. */
  readonly port: number
  /** Undefined is 127.0.0.1, without a token. */
  readonly host: string | undefined
  /** Default: the system's. */
  readonly clock?: Clock
}

interface Watcher {
  readonly response: ServerResponse
  missedTicks: number
}

export class LiveServer {
  readonly #fold: ReportFold
  readonly #server: Server
  readonly #token: string | undefined
  readonly #watchers = new Set<Watcher>()
  readonly #stopTicking: () => void
  readonly #clock: Clock
  /** The last overview as a message, and when it was made: a hundred who come at once get the same bytes. */
  #message: { readonly bytes: Buffer; readonly at: number } | undefined
  /** The last rows that were asked for and are not a whole chunk yet: every page asks for them after each overview. */
  #openRows: { readonly bytes: Buffer; readonly index: number } | undefined
  #page: string | undefined
  /** The URL to open. */
  readonly url: string

  private constructor(settings: LiveSettings, { server, port }: LocalServer, token: string | undefined) {
    this.#fold = settings.fold
    this.#server = server
    this.#token = token
    const host = settings.host ?? '127.0.0.1'
    const query = token === undefined ? '' : `?token=${token}`
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/${query}`
    server.on('request', (request, response) => this.#answer(request, response))
    this.#clock = settings.clock ?? systemClock
    this.#stopTicking = this.#clock.every(INTERVAL_MS, () => this.#tick())
  }

  /** @throws MillError PORT_UNAVAILABLE */
  static async open(settings: LiveSettings): Promise<LiveServer> {
    const server = await openServer(settings.port, settings.host ?? '127.0.0.1', '--live')
    const token = settings.host === undefined ? undefined : randomBytes(18).toString('base64url')
    return new LiveServer(settings, server, token)
  }

  /** Those who look at it now. */
  get watchers(): number {
    return this.#watchers.size
  }

  /** Sends the last overview, waits a moment for it to be taken with its rows, and closes every connection. */
  async close(): Promise<void> {
    this.#stopTicking()
    if (this.#watchers.size > 0) {
      this.#tick()
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, FAREWELL_MS)
      for (const watcher of this.#watchers) watcher.response.once('close', () => this.#watchers.size === 0 && resolve())
      await promise
      clearTimeout(timer)
    }
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #tick(): void {
    if (this.#watchers.size === 0) return
    const message = this.#makeMessage()
    for (const watcher of this.#watchers) {
      if (watcher.response.writableLength === 0) {
        watcher.missedTicks = 0
        watcher.response.write(message)
      } else {
        watcher.missedTicks += 1
        if (watcher.missedTicks > STUCK_TICKS) watcher.response.destroy()
      }
    }
  }

  #makeMessage(): Buffer {
    const bytes = Buffer.from(`event: overview\ndata: ${JSON.stringify(this.#fold.overview())}\n\n`)
    this.#message = { bytes, at: this.#clock.now() }
    this.#openRows = undefined
    return bytes
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
    } else if (url.pathname === '/events') this.#watch(response)
    else if (url.pathname.startsWith('/rows/')) this.#answerRows(url.pathname.slice('/rows/'.length), response)
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('not here\n')
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' })
    const watcher: Watcher = { response, missedTicks: 0 }
    this.#watchers.add(watcher)
    response.once('close', () => this.#watchers.delete(watcher))
    const last = this.#message
    const isFresh = last !== undefined && this.#clock.now() - last.at < INTERVAL_MS
    response.write(isFresh ? last.bytes : this.#makeMessage())
  }

  #answerRows(text: string, response: ServerResponse): void {
    const bytes = /^\d{1,6}$/.test(text) ? this.#rows(Number(text)) : undefined
    if (bytes === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('no such rows\n')
    else response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
  }

  /** At least those that the last overview counts. */
  #rows(index: number): Buffer | undefined {
    const { rows } = this.#fold
    if (index < rows.fullChunks) return rows.chunk(index)
    if (this.#openRows?.index === index) return this.#openRows.bytes
    const bytes = rows.chunk(index)
    this.#openRows = bytes && { bytes, index }
    return bytes
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
