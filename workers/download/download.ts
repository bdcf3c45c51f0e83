/** One attempt at one URL: from the request through redirects and checks to the document's bytes. */
import { MillError } from '../../src/errors.ts'
import type { Validators } from '../../src/model.ts'
import type { ThreadOptions } from '../../src/options.ts'
import { redactUrl } from '../../src/redact.ts'
import { isPublicAddress } from './address.ts'
import type { Connections, Lane } from './connections.ts'
import { content, contentCodings, tooLarge } from './content.ts'
import { type Answer, Exchange } from './exchange.ts'
import type { NetrcEntry } from './netrc.ts'
import { Proxies, proxyFor } from './proxies.ts'
import { ReadBuffers } from './read-buffers.ts'
import { isRedirect, redirectTarget } from './redirect.ts'
import { proxyAuthorization, requestHeaders, urlAuthorization } from './request-headers.ts'
import { statusRefusal } from './status.ts'
import { Watchdog } from './watchdog.ts'

export type DownloadOptions = Pick<
  ThreadOptions,
  | 'connectTimeoutMs'
  | 'stallTimeoutMs'
  | 'timeoutMs'
  | 'maxBytes'
  | 'headers'
  | 'userAgent'
  | 'proxy'
  | 'cacert'
  | 'netrc'
  | 'publicOnly'
>

/** A document on its way. */
export interface Download {
  /** Where redirects ended; the URL itself when there were none. */
  readonly finalUrl: string
  /** The server says that the document is what it was when the given validators were: there is no body. */
  readonly isUnchanged: boolean
  /** The body does not come from the network. */
  readonly isFromCache?: boolean
  /** HTTP status; 0 for files. */
  readonly status: number
  /** The header as it stands. */
  readonly contentType: string | undefined
  /** The header's charset parameter in lower case. */
  readonly charset: string | undefined
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Length on the wire, where it was announced. */
  readonly contentLength: number | undefined
  /** Bytes of body received so far, on the wire. */
  readonly wireBytes: number
  /**
   * The document's bytes, decompressed. A chunk belongs to the consumer only until it asks for the next. Breaking out cancels the
   * transfer; who never begins to read must call `cancel`, or the connection stays.
   * @throws MillError whatever ends a transfer early
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Milliseconds from the request to the last byte; until now while it runs. */
  readonly elapsedMs: number
  /** Breaks the transfer off; nothing happens when it has ended. */
  cancel(): void
}

export interface DownloadHooks {
  /** The last byte has arrived: called once, also while the consumer is still behind. */
  onDownloaded(): void
}

/** How one hop is asked. */
interface Hop {
  readonly url: URL
  /** Still the origin that the list names: credentials and given headers may go there. */
  readonly isOwnOrigin: boolean
  /** Connect to public addresses only. */
  readonly isGuarded: boolean
  readonly authorization: string | undefined
  readonly deadlineMs: number
  readonly validators: Validators
  readonly signal: AbortSignal | undefined
}

interface Reached {
  readonly exchange: Exchange
  readonly answer: Answer
  /** Whether the server that answered is on the public internet. */
  readonly isPublic: boolean
}

/** A thread's downloader: owns connections, kept alive between documents, until it is closed. */
export class Downloader {
  readonly #options: DownloadOptions
  readonly #watchdog: Watchdog
  readonly #asksForRange: boolean
  readonly #buffers = new ReadBuffers()
  #certificates: Promise<readonly string[]> | undefined
  #netrc: Promise<readonly NetrcEntry[]> | undefined
  #connections: Promise<Connections> | undefined
  #proxies: Promise<Proxies> | undefined
  #isClosed = false

  constructor(options: DownloadOptions) {
    this.#options = options
    this.#watchdog = new Watchdog(options.stallTimeoutMs, options.timeoutMs)
    this.#asksForRange = options.headers.some(([name]) => name.toLowerCase() === 'range')
  }

  /**
   * Asks for an `http:`, `https:` or `file:` URL and resolves when the document's first bytes may come.
   * @param validators given when the document is only wanted if it has changed (RFC 9110, section 13)
   * @throws MillError with the reason why there will be no document
   */
  async start(url: string, hooks: DownloadHooks, signal?: AbortSignal, validators: Validators = {}): Promise<Download> {
    if (this.#isClosed || signal?.aborted === true) throw new MillError('ABORTED', 'downloads were stopped')
    if (url.startsWith('file:')) {
      const { openFile } = await import('./file.ts')
      return openFile(url, this.#options.maxBytes, hooks, signal)
    }
    const startedAtMs = performance.now()
    const first = httpUrl(url)
    const visited = [withoutSecrets(first)]
    const ownAuthorization = urlAuthorization(first)
    let hop: Hop = {
      url: first,
      isOwnOrigin: true,
      isGuarded: this.#options.publicOnly,
      authorization: ownAuthorization ?? (await this.#netrcAuthorization(first, true)),
      deadlineMs: startedAtMs + (this.#options.timeoutMs ?? Number.POSITIVE_INFINITY),
      validators,
      signal,
    }
    for (;;) {
      const { exchange, answer, isPublic } = await this.#ask(hop)
      const location = isRedirect(answer.status) ? answer.header('location') : undefined
      if (location === undefined) {
        const finalUrl = visited.length === 1 ? url : hop.url.href
        if (answer.status === 304 && hasValidators(validators)) {
          await exchange.discard()
          return this.#download(finalUrl, exchange, answer, startedAtMs)
        }
        await this.#refuse(hop, exchange, answer)
        exchange.accept(hooks.onDownloaded)
        return this.#download(finalUrl, exchange, answer, startedAtMs)
      }
      await exchange.discard()
      const next = redirectTarget(hop.url, location, visited)
      visited.push(next.href)
      const isOwnOrigin = hop.isOwnOrigin && next.origin === first.origin
      // An explicit entry in .netrc is for its host however one comes there, but not in the clear after TLS.
      const isDowngraded = first.protocol === 'https:' && next.protocol === 'http:'
      const netrc = isDowngraded ? undefined : await this.#netrcAuthorization(next, isOwnOrigin)
      hop = {
        ...hop,
        url: next,
        isOwnOrigin,
        // A public server must not lead us into a private network.
        isGuarded: hop.isGuarded || isPublic,
        authorization: isOwnOrigin ? (ownAuthorization ?? netrc) : netrc,
      }
    }
  }

  /** Cuts every connection; documents under way end with ABORTED. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#watchdog.close()
    const [connections, proxies] = await Promise.allSettled([this.#connections, this.#proxies])
    if (connections.status === 'fulfilled') await connections.value?.close()
    if (proxies.status === 'fulfilled') await proxies.value?.close()
  }

  /** Sends one request; once more where a kept-alive connection turns out to be closed. */
  async #ask(hop: Hop): Promise<Reached> {
    const proxy = proxyFor(hop.url, this.#options.proxy, process.env)
    try {
      if (proxy !== undefined) return await this.#askProxy(hop, proxy)
      const connections = await this.#openConnections()
      for (let fresh = false; ; fresh = true) {
        const lane = connections.take(hop.url.origin, hop.isGuarded, fresh)
        const exchange = this.#exchange(hop, false, (reusable) => connections.release(lane, reusable))
        this.#send(lane.client, hop, exchange)
        try {
          const answer = await exchange.answer
          return { exchange, answer, isPublic: lane.isPublic }
        } catch (error) {
          if (fresh || !exchange.foundClosed || lane.served === 0) throw error
        }
      }
    } catch (error) {
      const isRedirected = !this.#options.publicOnly && error instanceof MillError && error.code === 'ADDRESS_REFUSED'
      if (!isRedirected) throw error
      throw new MillError('REDIRECT_REFUSED', `a public server redirects to ${hop.url.host}: ${error.message}`)
    }
  }

  async #askProxy(hop: Hop, proxy: string): Promise<Reached> {
    // Names are the proxy's to resolve; what can be seen from here is checked.
    const { hostname, host } = hop.url
    const isPrivate = /(?:^|\.)localhost\.?$/.test(hostname) || (isAddress(hostname) && !isPublicAddress(hostname))
    if (hop.isGuarded && isPrivate) throw new MillError('ADDRESS_REFUSED', `${host} is not a public address`)
    const agent = await (await this.#openProxies()).agent(proxy)
    const exchange = this.#exchange(hop, true, () => {})
    this.#send(agent, hop, exchange)
    return { exchange, answer: await exchange.answer, isPublic: !isPrivate }
  }

  #exchange(hop: Hop, watchesConnecting: boolean, onClosed: (reusable: boolean) => void): Exchange {
    const abort = (): void => exchange.cancel()
    const exchange: Exchange = new Exchange({
      host: hop.url.host,
      deadlineMs: hop.deadlineMs,
      watchesConnecting,
      buffers: this.#buffers,
      onClosed: (reusable) => {
        this.#watchdog.unwatch(exchange)
        hop.signal?.removeEventListener('abort', abort)
        onClosed(reusable)
      },
    })
    hop.signal?.addEventListener('abort', abort)
    this.#watchdog.watch(exchange)
    if (hop.signal?.aborted === true) exchange.cancel()
    return exchange
  }

  #send(dispatcher: Pick<Lane['client'], 'dispatch'>, hop: Hop, exchange: Exchange): void {
    const { headers, userAgent } = this.#options
    dispatcher.dispatch(
      {
        origin: hop.url.origin,
        path: hop.url.pathname + hop.url.search,
        method: 'GET',
        headers: {
          ...conditions(hop.validators),
          ...requestHeaders(headers, userAgent, hop.isOwnOrigin, hop.authorization),
        },
      },
      exchange,
    )
  }

  /** Throws when the answer is no document, after its connection is free again. */
  async #refuse(hop: Hop, exchange: Exchange, answer: Answer): Promise<void> {
    const { host } = hop.url
    const { maxBytes } = this.#options
    const retryAfter = answer.header('retry-after')
    const facts = { status: answer.status, host, retryAfter, askedForRange: this.#asksForRange }
    let refusal = statusRefusal(facts, Date.now())
    if (refusal === undefined && exchange.contentLength === 0)
      refusal = new MillError('BODY_EMPTY', `${host} answered ${answer.status} with an empty body`, {
        status: answer.status,
      })
    if (refusal === undefined) {
      try {
        const isPlain = contentCodings(answer.header('content-encoding'), host).length === 0
        const announced = exchange.contentLength ?? 0
        if (isPlain && announced > maxBytes) refusal = tooLarge(host, maxBytes, announced)
      } catch (error) {
        await exchange.discard()
        throw error
      }
    }
    if (refusal === undefined) return
    await exchange.discard()
    throw refusal
  }

  #download(finalUrl: string, exchange: Exchange, answer: Answer, startedAtMs: number): Download {
    const contentType = answer.header('content-type')
    return {
      finalUrl,
      isUnchanged: answer.status === 304,
      status: answer.status,
      contentType,
      charset: charsetOf(contentType),
      etag: answer.header('etag'),
      lastModified: answer.header('last-modified'),
      contentLength: exchange.contentLength,
      get wireBytes() {
        return exchange.receivedBytes
      },
      get elapsedMs() {
        return (exchange.endedAtMs ?? performance.now()) - startedAtMs
      },
      body: content(exchange, {
        codings: contentCodings(answer.header('content-encoding'), exchange.host),
        maxBytes: this.#options.maxBytes,
        name: exchange.host,
      }),
      cancel: () => exchange.cancel(),
    }
  }

  async #netrcAuthorization(url: URL, allowsDefault: boolean): Promise<string | undefined> {
    if (!this.#options.netrc) return undefined
    const { netrcAuthorization, readNetrc } = await import('./netrc.ts')
    this.#netrc ??= readNetrc()
    return netrcAuthorization(await this.#netrc, url.hostname, allowsDefault)
  }

  #openConnections(): Promise<Connections> {
    this.#connections ??= this.#trusted().then(async (certificates) => {
      // Whoever reads files starts without undici.
      const { Connections } = await import('./connections.ts')
      const shared = { connectTimeoutMs: this.#options.connectTimeoutMs, buffers: this.#buffers }
      if (certificates === undefined) return new Connections({ ...shared, secureContext: undefined })
      const { createSecureContext } = await import('node:tls')
      // Made once: to parse the built-in roots for every connection would cost milliseconds each time.
      return new Connections({ ...shared, secureContext: createSecureContext({ ca: [...certificates] }) })
    })
    return this.#connections
  }

  #openProxies(): Promise<Proxies> {
    this.#proxies ??= this.#trusted().then((certificates) => {
      const { connectTimeoutMs, headers } = this.#options
      return new Proxies({ connectTimeoutMs, certificates, authorization: proxyAuthorization(headers) })
    })
    return this.#proxies
  }

  async #trusted(): Promise<readonly string[] | undefined> {
    const { cacert } = this.#options
    if (cacert === undefined) return undefined
    const { readCertificates } = await import('./certificates.ts')
    this.#certificates ??= readCertificates(cacert)
    return this.#certificates
  }
}

/** The charset parameter of a Content-Type in lower case. */
export function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";,]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
}

function httpUrl(text: string): URL {
  if (/^https?:/i.test(text) && URL.canParse(text)) return new URL(text)
  throw new MillError('URL_INVALID', `${redactUrl(text)} is not an http, https or file URL`)
}

function hasValidators({ etag, lastModified }: Validators): boolean {
  return etag !== undefined || lastModified !== undefined
}

/** A given header of the same name comes after these and wins. */
function conditions({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  }
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
}

function withoutSecrets(url: URL): string {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  copy.hash = ''
  return copy.href
}
