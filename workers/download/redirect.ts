/** Where a redirect leads and what may go there. Pure. */
import { MillError } from '../../src/errors.ts'

/** As many as browsers and curl users are used to. */
const MAX_REDIRECTS = 10

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status)
}

/**
 * The next URL. Credentials in a Location are not used: a server does not choose who we are.
 * @param visited every URL so far, in order, without fragments
 * @throws MillError REDIRECT_REFUSED for a loop, the 11th hop, another scheme, or what is no URL
 */
export function redirectTarget(from: URL, location: string, visited: readonly string[]): URL {
  const refuse = (why: string): MillError => new MillError('REDIRECT_REFUSED', `${from.host} redirects ${why}`)
  // Header values arrive as Latin-1; a Location with raw UTF-8 in it means UTF-8.
  const text = Buffer.from(location, 'latin1').toString()
  if (!URL.canParse(text, from.href)) throw refuse('to what is not a URL')
  const target = new URL(text, from)
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw refuse(`to a ${target.protocol} URL; only http and https are followed`)
  target.username = ''
  target.password = ''
  target.hash = ''
  if (visited.includes(target.href)) throw refuse('in a circle')
  if (visited.length > MAX_REDIRECTS) throw refuse(`for the ${visited.length}th time; ${MAX_REDIRECTS} are followed`)
  return target
}
