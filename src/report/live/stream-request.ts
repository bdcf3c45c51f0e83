/**
 * The request for the stream, read without the HTTP server: a hundred pages that come, look on and go are 40 ms of the main thread so, and 60
 * with a parser, a request and a response for each. Only what browsers send is read here, whole and in the plainest form; anything else, the
 * wrong and the unusual, is left to the HTTP server, which answers in the same way.
 */
import type { NewWatcher } from './watchers.ts'

export interface StreamRequest {
  /** Path and query. */
  readonly target: string
  readonly host: string
  readonly watcher: NewWatcher
}

/** Fields of a request, by lower-case names. */
export interface RequestFields {
  readonly 'accept-encoding'?: string | undefined
  readonly 'last-event-id'?: string | string[] | undefined
}

const REQUEST_LINE = /^GET (\/events(?:\?[\w=&-]*)?) HTTP\/1\.1$/
const FIELD_LINE = /^([\w-]+): ?([\x20-\x7e]*)$/

/** Undefined where it is not the plain request for the stream. */
export function readStreamRequest(bytes: Buffer): StreamRequest | undefined {
  const text = bytes.toString('latin1')
  if (!text.startsWith('GET /events') || !text.endsWith('\r\n\r\n')) return undefined
  const [requestLine = '', ...lines] = text.slice(0, -4).split('\r\n')
  const target = REQUEST_LINE.exec(requestLine)?.[1]
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = FIELD_LINE.exec(line) ?? []
    const key = name.toLowerCase()
    if (key === '' || fields.has(key)) return undefined
    fields.set(key, value)
  }
  const host = fields.get('host')
  const hasBody = fields.has('content-length') || fields.has('transfer-encoding')
  if (target === undefined || host === undefined || hasBody) return undefined
  const watcher = watcherOf({
    'accept-encoding': fields.get('accept-encoding'),
    'last-event-id': fields.get('last-event-id'),
  })
  return { target, host, watcher }
}

export function watcherOf(fields: RequestFields): NewWatcher {
  const known = fields['last-event-id']
  return {
    isPacked: /\bgzip\b/.test(fields['accept-encoding'] ?? ''),
    rows: typeof known === 'string' && /^\d{1,9}$/.test(known) ? Number(known) : 0,
  }
}

/** What the stream is answered with. */
export function streamFields({ isPacked }: NewWatcher): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'text/event-stream',
    vary: 'accept-encoding',
    // Its end is that of the connection.
    connection: 'close',
    ...(isPacked && { 'content-encoding': 'gzip' }),
  }
}

/** The head of that answer. */
export function streamHead(watcher: NewWatcher): string {
  const fields = Object.entries({ date: new Date().toUTCString(), ...streamFields(watcher) })
  return `HTTP/1.1 200 OK\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
