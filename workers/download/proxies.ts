/** Through which proxy a URL is asked, if any. */
import type { ProxyAgent } from 'undici'
import { MillError } from '../../src/errors.ts'

/** Variables of the environment; HTTP_PROXY in capitals is not read, because a server's request could set it (httpoxy). */
export interface ProxyEnvironment {
  readonly [name: string]: string | undefined
}

/** The proxy for `url`: the given one for everything, else the environment's, unless no_proxy has the host. Undefined for none. */
export function proxyFor(url: URL, given: string | undefined, environment: ProxyEnvironment): string | undefined {
  if (given !== undefined) return given
  const read = (name: string): string => environment[name] || environment[name.toUpperCase()] || ''
  const own = url.protocol === 'https:' ? read('https_proxy') : environment.http_proxy
  const proxy = own || read('all_proxy')
  if (proxy === '' || isExempt(url, read('no_proxy'))) return undefined
  return proxy
}

/** Entries are host names, which stand for their subdomains too, or addresses, each with an optional port; `*` is every host. */
function isExempt(url: URL, noProxy: string): boolean {
  const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy.split(/[\s,]+/).some((entry) => {
    if (entry === '') return false
    const [, bracketed, plain, entryPort] =
      /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (entryPort !== undefined && entryPort !== port) return false
    const name = (bracketed ?? plain ?? '').replace(/^\*?\./, '').replace(/\.$/, '')
    return name === '*' || hostname === name || hostname.endsWith(`.${name}`)
  })
}

export interface ProxyOptions {
  readonly connectTimeoutMs: number
  /** PEM certificates to trust, or undefined for the built-in ones. */
  readonly certificates: readonly string[] | undefined
  /** Value of Proxy-Authorization; without it the proxy URL's own credentials are used. */
  readonly authorization: string | undefined
}

/** The proxies of one thread. undici as a whole is loaded with the first. */
export class Proxies {
  readonly #options: ProxyOptions
  readonly #agents = new Map<string, Promise<ProxyAgent>>()

  constructor(options: ProxyOptions) {
    this.#options = options
  }

  /** @throws MillError OPTIONS_INVALID when the proxy's URL is none */
  agent(proxy: string): Promise<ProxyAgent> {
    let agent = this.#agents.get(proxy)
    if (agent === undefined) {
      agent = this.#create(proxy)
      this.#agents.set(proxy, agent)
    }
    return agent
  }

  async close(): Promise<void> {
    const agents = await Promise.allSettled(this.#agents.values())
    await Promise.all(agents.map((agent) => (agent.status === 'fulfilled' ? agent.value.destroy() : undefined)))
  }

  async #create(proxy: string): Promise<ProxyAgent> {
    // As in curl, a proxy without a scheme is an HTTP proxy. The message leaves the URL out: it may hold a password.
    const uri = proxy.includes('://') ? proxy : `http://${proxy}`
    if (!URL.canParse(uri)) throw new MillError('OPTIONS_INVALID', 'the proxy (--proxy, or http_proxy) is not a URL')
    const { ProxyAgent } = await import('undici')
    const { connectTimeoutMs, certificates, authorization } = this.#options
    const tls = { allowH2: false, ...(certificates === undefined ? {} : { ca: [...certificates] }) }
    return new ProxyAgent({
      uri,
      connectTimeout: connectTimeoutMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      requestTls: tls,
      proxyTls: tls,
      ...(authorization === undefined ? {} : { token: authorization }),
    })
  }
}
