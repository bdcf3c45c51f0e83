/** What we say about ourselves in a request. Pure. */

/** Asked of every server; a `-H` of the same name replaces it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
}

/**
 * The only given headers that another origin may see after a redirect: of any other we cannot know that it is no secret
 * (`X-Api-Key`, `Cookie`, …).
 */
const HARMLESS: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent'])

/** undici refuses it in a request that goes through a proxy, and no one else may have it: see `proxyAuthorization`. */
const PROXY_AUTHORIZATION = 'proxy-authorization'

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/**
 * Headers by lower-case name; one given several times is sent several times.
 * @param isOwnOrigin whether the request goes where the list's URL points
 * @param authorization from the URL or from .netrc; a given `Authorization` has precedence
 */
export function requestHeaders(
  given: HeaderPairs,
  userAgent: string,
  isOwnOrigin: boolean,
  authorization: string | undefined,
): Record<string, string | string[]> {
  const own: Record<string, string | string[]> = {}
  for (const [name, value] of given) {
    const key = name.toLowerCase()
    if (key === PROXY_AUTHORIZATION || !(isOwnOrigin || HARMLESS.has(key))) continue
    const before = own[key]
    own[key] = before === undefined ? value : [before, value].flat()
  }
  const defaults = { ...DEFAULTS, ...(userAgent === '' ? {} : { 'user-agent': userAgent }) }
  return { ...defaults, ...(authorization === undefined ? {} : { authorization }), ...own }
}

/** The value of a given Proxy-Authorization, which goes to the proxy alone. */
export function proxyAuthorization(given: HeaderPairs): string | undefined {
  return given.find(([name]) => name.toLowerCase() === PROXY_AUTHORIZATION)?.[1]
}

/** Basic credentials (RFC 7617) in UTF-8. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** The credentials in a URL, or undefined when it has none. */
export function urlAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  return basicAuthorization(percentDecoded(url.username), percentDecoded(url.password))
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray per cent sign stands for itself.
    return text
  }
}
