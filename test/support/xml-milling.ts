/** One document through the product's own way from bytes to records: decoder, then parser. */
import { type Failure, MillError } from '../../src/errors.ts'
import { createDecoder } from '../../workers/charset/decoder.ts'
import type { Parser } from '../../workers/xml/parser.ts'

export interface MilledRecord {
  readonly name: string
  readonly record: unknown
}

export type Milled =
  /** `notes`: the decoder's and the parser's. */
  | { readonly ok: true; readonly records: readonly MilledRecord[]; readonly notes: Readonly<Record<string, number>> }
  | { readonly ok: false; readonly failure: Failure }

/**
 * Mills `bytes`, cut where `cuts` says (ascending offsets; one piece without).
 * Anything thrown but a MillError is a fault of the parser and thrown on.
 */
export function millBytes(parser: Parser, bytes: Uint8Array, cuts: Iterable<number> = []): Milled {
  let lines = ''
  const decoder = createDecoder(undefined)
  const text = new TextDecoder()
  const document = parser.open({ url: 'file:///document.xml' }, (batch) => {
    lines += text.decode(batch, { stream: true })
  })
  try {
    let from = 0
    for (const to of [...cuts, bytes.length]) {
      document.write(decoder.decode(bytes.subarray(from, to)))
      from = to
    }
    document.write(decoder.end())
    document.end()
    return {
      ok: true,
      records: lines.split('\n').filter(Boolean).map(readLine),
      notes: { ...decoder.notes, ...document.notes },
    }
  } catch (error) {
    if (!(error instanceof MillError) || error.code === 'INTERNAL') throw error
    return { ok: false, failure: error.toFailure() }
  } finally {
    document.close()
  }
}

function readLine(line: string): MilledRecord {
  const { name, record }: { name: string; record: unknown } = JSON.parse(line)
  return { name, record }
}

/** The text of a document as the product's decoder has it. */
export function decodeBytes(bytes: Uint8Array): string {
  const decoder = createDecoder(undefined)
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  return text.decode(decoder.decode(bytes), { stream: true }) + text.decode(decoder.end())
}
