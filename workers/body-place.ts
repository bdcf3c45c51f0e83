import { MillError } from '../src/errors.ts'
import type { Decoder } from './charset/decoder.ts'

/** A parser counts bytes of UTF-8 after the byte order mark; a reader wants them counted in the document, or not at all. */
export function placedInBody(thrown: unknown, decoder: Decoder): unknown {
  if (!(thrown instanceof MillError) || !thrown.code.startsWith('XML_')) return thrown
  const { byteOffset, ...details } = thrown.details
  if (byteOffset === undefined) return thrown
  const place = decoder.encoding === 'utf-8' ? { byteOffset: byteOffset + decoder.bomBytes } : {}
  return new MillError(thrown.code, thrown.message, { ...details, ...place })
}
