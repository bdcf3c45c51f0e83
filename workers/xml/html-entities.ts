/** The named entities of HTML, for fast-xml-parser's `htmlEntities`: asked of fast-xml-parser itself, which has the list. */
import { XMLParser } from 'fast-xml-parser'

const parser = new XMLParser({ htmlEntities: true, parseTagValue: false, trimValues: false })
const known = new Map<string, string | undefined>()

/** The text of `&name;` in HTML, or undefined when it has none. */
export function htmlEntity(name: string): string | undefined {
  if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(name)) return undefined
  if (!known.has(name)) {
    const { a }: { a?: unknown } = parser.parse(`<a>&${name};</a>`)
    known.set(name, typeof a === 'string' && a !== `&${name};` ? a : undefined)
  }
  return known.get(name)
}
