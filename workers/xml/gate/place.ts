/** Where an offset of the text is, as people and editors count. */
import type { Place } from '../../../src/errors.ts'

/** @param text with line ends normalised; @param source as it came */
export function placeOf(text: string, offset: number, source: string): Required<Place> {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++
  const column = Array.from(before.slice(lineStart)).length + 1
  return { line, column, byteOffset: Buffer.byteLength(source.slice(0, sourceOffset(source, offset))) }
}

/** Each CR LF of the source is one character of the normalised text. */
function sourceOffset(source: string, offset: number): number {
  let result = offset
  for (let at = source.indexOf('\r\n'); at !== -1 && at < result; at = source.indexOf('\r\n', at + 2)) result++
  return result
}
