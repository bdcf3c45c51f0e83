/** What a document is remembered by. */
import { hash } from 'node:crypto'
import type { Document } from '../model.ts'

/** Bytes of a key: two of a thousand million documents share one with a probability of 1.5e-21. */
export const KEY_BYTES = 16

/**
 * The first 128 bits of the SHA-256 of the document's URL, normalised (WHATWG serialisation without the fragment); where a list
 * repeats a URL and duplicates are kept, each has a key of its own.
 */
export function documentKey(document: Document): Buffer {
  const known = KNOWN.get(document)
  if (known !== undefined) return known
  const key = documentKeys([document])
  KNOWN.set(document, key)
  return key
}

/** Asked for when a document starts, and again when it is committed. */
const KNOWN = new WeakMap<Document, Buffer>()

/** The keys of several documents, one behind the other. */
export function documentKeys(documents: readonly Document[]): Buffer {
  const keys = Buffer.allocUnsafe(documents.length * KEY_BYTES)
  let offset = 0
  for (const { url, occurrence } of documents) {
    const name = occurrence === undefined ? normalised(url) : `${normalised(url)}\n${occurrence}`
    // As a string: a Buffer for each takes three times as long (see SeenTexts).
    keys.write(hash('sha256', name, 'binary'), offset, KEY_BYTES, 'latin1')
    offset += KEY_BYTES
  }
  return keys
}

/**
 * What the parser would give back as it is: a million parsed URLs take a second. No percent signs, no segment that begins with a dot,
 * a host that is a name, and no port that may be the default one; or a path on this machine.
 */
const PLAIN_URL =
  /^(?:https?:\/\/(?:localhost|(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,})(?::[1-9]\d{3,4})?|file:\/\/)(?:\/[A-Za-z0-9_~-][A-Za-z0-9_~.-]*)+(?:\?[A-Za-z0-9=&_.~-]*)?$/

/** A line that is no URL is its own name. */
function normalised(url: string): string {
  if (PLAIN_URL.test(url)) return url
  const href = URL.parse(url)?.href ?? url
  const fragment = href.indexOf('#')
  return fragment === -1 ? href : href.slice(0, fragment)
}
