/** A document as JSON lines with fast-xml-parser, as the Node contestants use it. */
import { XMLParser } from 'fast-xml-parser'
import transform from './heavy-function.ts'

const RECORD = process.env.BENCH_RECORD ?? ''
const TRANSFORMS = process.env.BENCH_TRANSFORM !== undefined

const parser = new XMLParser({
  ignoreAttributes: false,
  parseTagValue: false,
  parseAttributeValue: false,
  htmlEntities: true,
  // Its default is 1,000 references in a document, which real ones exceed.
  processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
})

/** The records of a document as JSON lines. */
export function toLines(url: string, xml: string): string {
  const lines: string[] = []
  for (const record of recordsOf(parser.parse(xml))) {
    lines.push(`${JSON.stringify({ url, record: TRANSFORMS ? transform(record) : record })}\n`)
  }
  return lines.join('')
}

function recordsOf(tree: Readonly<Record<string, unknown>>): readonly unknown[] {
  for (const [name, root] of Object.entries(tree)) {
    if (name === '?xml' || typeof root !== 'object' || root === null) continue
    const records: unknown = Reflect.get(root, RECORD)
    if (records === undefined) return []
    return Array.isArray(records) ? records : [records]
  }
  return []
}
