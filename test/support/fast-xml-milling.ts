/** fast-xml-parser as the product uses it: a document in, its lines or its failure out. */
import { expect } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { createFastXmlParser } from '../../workers/xml/fast-xml-parser.ts'
import type { ParserOptions } from '../../workers/xml/parser.ts'

export const DEFAULTS: ParserOptions = {
  record: [],
  array: [],
  envelope: false,
  parserOptions: {},
  maxDepth: 256,
  maxRecordBytes: 1 << 20,
}

interface Milled {
  readonly lines: readonly string[]
  readonly batches: readonly { readonly count: number; readonly bytes: number }[]
  readonly notes: Readonly<Record<string, number>>
}

/** Mills a document in two pieces, the memory of which is another's as soon as they are written. */
export function mill(xml: string | Buffer, options: Partial<ParserOptions> = {}): Milled {
  const bytes = Buffer.from(xml)
  const batches: { count: number; bytes: number }[] = []
  let text = ''
  const document = createFastXmlParser({ ...DEFAULTS, ...options }).open({ url: 'http://x/"a"' }, (lines, count) => {
    batches.push({ count, bytes: lines.length })
    text += Buffer.from(lines).toString()
  })
  try {
    const middle = bytes.length >> 1
    const chunk = Uint8Array.from(bytes.subarray(0, middle))
    document.write(chunk)
    chunk.fill(0)
    document.write(bytes.subarray(middle))
    document.end()
  } finally {
    document.close()
  }
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return { lines: text.split('\n').slice(0, -1), batches, notes: document.notes }
}

/** The root's content, as JSON text. */
export const root = (xml: string, options?: Partial<ParserOptions>) => mill(xml, options).lines[0]

/** With what a document is refused. */
export function failure(xml: string | Buffer, options?: Partial<ParserOptions>): MillError {
  try {
    mill(xml, options)
  } catch (error) {
    if (error instanceof MillError) return error
    throw error
  }
  throw new Error(`accepted: ${xml}`)
}
