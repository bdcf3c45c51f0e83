/**
 * Work that takes a processor: a MinHash signature of each record's text, by which near duplicates are found later. A transform runs in the
 * worker threads, so that all cores do this; nothing else has to be done for it.
 *
 *   xmlmill -i urls.txt -r paper --bare --transform examples/heavy-transform.ts -o signatures.ndjson
 */
import { hash } from 'node:crypto'
import type { RecordContext } from '../src/index.ts' // from 'xmlmill' in your project

/** More hashes find duplicates more surely and take more time, in proportion. */
const HASHES = 64
/** Characters that are hashed together. */
const SHINGLE = 5

export default function toSignature(record: unknown, { url, n }: RecordContext) {
  const text = textsOf(record).join(' ').toLowerCase()
  const smallest = new Uint32Array(HASHES).fill(0xffffffff)
  for (let at = 0; at + SHINGLE <= text.length; at++) {
    const digest = hash('sha1', text.slice(at, at + SHINGLE), 'buffer')
    const first = digest.readUInt32LE(0)
    const second = digest.readUInt32LE(4) | 1
    for (let i = 0; i < HASHES; i++) {
      const value = (first + Math.imul(i, second)) >>> 0
      if (value < (smallest[i] ?? 0)) smallest[i] = value
    }
  }
  return { url, n, signature: Buffer.from(smallest.buffer).toString('base64') }
}

/** All texts of a record, whatever its shape. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
