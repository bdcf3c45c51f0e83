/** The engine's own lines for a document, as text, with the document cut as a test wants it. */
import { type XmlLine, XmlLines } from '../../src/channel/xml-lines.ts'
import { MillError } from '../../src/errors.ts'
import { createEngine, type EngineOptions } from '../../workers/xml/engine/engine.ts'
import type { Parser } from '../../workers/xml/parser.ts'
import { between, type Random } from './seeded-random.ts'

export const ENGINE_DEFAULTS: EngineOptions = {
  record: [],
  array: [],
  envelope: false,
  maxDepth: 256,
  maxRecordBytes: 64 << 20,
}

export interface EngineLines {
  readonly lines: readonly string[]
  readonly notes: Readonly<Record<string, number>>
  readonly batches: readonly { readonly count: number; readonly bytes: number }[]
}

/** Mills the pieces, one `write` each. */
export function millPieces(parser: Parser, pieces: Iterable<Uint8Array>): EngineLines {
  const batches: { count: number; bytes: number }[] = []
  const text: string[] = []
  const decoder = new TextDecoder()
  const document = parser.open({ url: 'http://x/' }, (lines, count) => {
    batches.push({ count, bytes: lines.length })
    text.push(decoder.decode(lines, { stream: true }))
  })
  try {
    for (const piece of pieces) document.write(piece)
    document.end()
  } finally {
    document.close()
  }
  return { lines: text.join('').split('\n').slice(0, -1), notes: document.notes, batches }
}

/** `bytes` in pieces of 1 to `most` bytes. */
export function* cut(bytes: Uint8Array, random: Random, most: number): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    const to = from + between(random, 1, most)
    yield bytes.subarray(from, to)
    from = to
  }
}

export function engineLines(xml: string | Uint8Array, options: Partial<EngineOptions> = {}): EngineLines {
  return millPieces(createEngine({ ...ENGINE_DEFAULTS, ...options }), [Buffer.from(xml)])
}

/** The root's content, or the only record, as JSON text. */
export function engineLine(xml: string | Uint8Array, options: Partial<EngineOptions> = {}): string | undefined {
  return engineLines(xml, options).lines[0]
}

/** The error that a document is refused with. */
export function engineFailure(xml: string | Uint8Array, options: Partial<EngineOptions> = {}): MillError {
  try {
    engineLines(xml, options)
  } catch (error) {
    if (error instanceof MillError) return error
    throw error
  }
  throw new Error(`accepted: ${String(xml).slice(0, 200)}`)
}

/** A line behind the own XML of its record. */
export interface LineWithXml {
  readonly xml: string | undefined
  readonly line: string
}

/** As `millPieces`, for a parser that gives each record's own XML. */
export function millWithXml(parser: Parser, pieces: Iterable<Uint8Array>): readonly LineWithXml[] {
  const cut = new XmlLines()
  const lines: XmlLine[] = []
  const document = parser.open({ url: 'http://x/' }, (bytes) => {
    lines.push(...cut.add(Buffer.from(bytes)))
  })
  try {
    for (const piece of pieces) document.write(piece)
    document.end()
  } finally {
    document.close()
  }
  lines.push(...cut.end())
  return lines.map(({ xml, bytes, from, to }) => ({ xml: xml?.toString(), line: bytes.toString('utf8', from, to) }))
}
