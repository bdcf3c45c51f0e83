/** From the text of a line or argument to a document's address. Pure. */
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { redactUrl } from '../redact.ts'

/** Where a document is. */
export interface Address {
  /** An http or https URL as the list has it; a local path as an absolute file URL. */
  readonly url: string
  /** `host:port` in lower case with the port always there; empty for local files. */
  readonly host: string
  /** Equal for two texts that mean the same document: the WHATWG serialisation without the fragment. */
  readonly key: string
}

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** Two letters at least, since one letter is a drive of Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+:)/i

/** Whether a text is meant as a URL, rather than a local path; a local path with such a beginning takes `./` in front. */
export function hasScheme(text: string): boolean {
  return SCHEME.test(text)
}

/**
 * The address that a text means, or the fault of the text. Accepts http, https and file URLs (WHATWG URL Standard) and local paths,
 * which are relative to `cwd`, as is a file URL without slashes.
 *
 * Stricter than the standard on two points, where it would quietly fetch something else than was meant: control characters,
 * which it drops, and spaces in a URL, which it escapes (`http://h/a http://h/b` would be one document).
 */
export function addressOf(text: string, cwd: string): Address | { readonly fault: string } {
  if (text === '') return { fault: 'an empty text is no URL' }
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return { fault: `${quote(text)} has a control character in it; give one URL and nothing else` }
  }
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return fileAddress(pathToFileURL(resolve(cwd, text)))
  if (scheme !== 'file:' && PORTS[scheme] === undefined) {
    const hint = text.slice(scheme.length).startsWith('//')
      ? `its scheme is ${scheme}`
      : 'a host takes http:// in front of it, a local path with a colon in its name ./'
    return { fault: `${quote(text)} is not an http, https or file URL (${hint})` }
  }
  if (/\s/.test(text)) {
    return { fault: `${quote(text)} has a space in it; write it as %20, and one URL at a time` }
  }
  return scheme === 'file:' ? fileUrlAddress(text, cwd) : webAddress(text)
}

function webAddress(text: string): Address | { fault: string } {
  const url = URL.parse(text)
  if (url === null) return { fault: `${quote(text)} is not a valid URL (check its host and port)` }
  // With the root's dot or without it, a name is the same host.
  const name = url.hostname.replace(/\.$/, '')
  return { url: text, host: `${name}:${url.port || PORTS[url.protocol]}`, key: withoutFragment(url.href) }
}

function fileUrlAddress(text: string, cwd: string): Address | { fault: string } {
  const url = URL.parse(text, pathToFileURL(resolve(cwd, '_')).href)
  try {
    if (url === null) throw new TypeError('it cannot be parsed')
    fileURLToPath(url)
    return fileAddress(url)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { fault: `${quote(text)} is not a valid file URL (${reason})` }
  }
}

function fileAddress(url: URL): Address {
  const key = withoutFragment(url.href)
  return { url: key, host: '', key }
}

/** The first `#` of a serialised URL begins its fragment: any other is escaped. */
function withoutFragment(href: string): string {
  const hash = href.indexOf('#')
  return hash === -1 ? href : href.slice(0, hash)
}

const MAX_QUOTED = 200

/** A text of unknown origin for a message: no passwords, no control characters that a terminal obeys, no endless lines. */
export function quote(text: string): string {
  const shown = redactUrl(text)
  const cut = shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED)}…` : shown
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
