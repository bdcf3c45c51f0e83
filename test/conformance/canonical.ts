/** The suite's canonical output, read by saxes and not by us, so that a mistake of ours cannot cancel itself out. */
import { SaxesParser } from 'saxes'
import { ContentBuilder, type Element, type TextComparison } from '../support/xml-content.ts'

/** The root element of a document in canonical form. */
export function canonicalContent(canonical: string, comparison: TextComparison): Element {
  const open: { readonly name: string; readonly builder: ContentBuilder }[] = []
  let root: Element | undefined
  const parser = new SaxesParser({ xmlns: false, position: false })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const builder = new ContentBuilder()
    for (const [attribute, value] of Object.entries(attributes)) builder.addAttribute(attribute, value)
    open.push({ name, builder })
  })
  parser.on('text', (text) => open.at(-1)?.builder.addText(text))
  parser.on('closetag', () => {
    const element = open.pop()
    if (element === undefined) return
    const content = element.builder.build(comparison)
    const parent = open.at(-1)
    if (parent === undefined) root = { name: element.name, content }
    else parent.builder.addChild(element.name, content)
  })
  parser.write(canonical).close()
  if (root === undefined) throw new Error('the canonical output has no root element')
  return root
}
