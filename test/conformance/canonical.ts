/**
 * What a record in JSON must hold, judged by the suite's canonical output of the same document. That output is read by
 * another parser (saxes), so that a mistake of ours cannot cancel itself out.
 *
 * The JSON shape trims every piece of text, pieces ending where markup of any kind stands, and loses where it stands
 * between elements. So text that is one piece is compared without the white space at its ends, other text without any.
 * Attributes' values are compared exactly. Processing instructions, which the shape has under `?target`, are left out.
 */
import { SaxesParser } from 'saxes'

/** An element as both sides can tell it: children's lists by name, in order. */
export interface Content {
  readonly attributes: ReadonlyMap<string, string>
  readonly children: ReadonlyMap<string, readonly Content[]>
  readonly text: string
}

interface Building {
  attributes: Map<string, string>
  children: Map<string, Content[]>
  text: string
}

const building = (): Building => ({ attributes: new Map(), children: new Map(), text: '' })

/** How text is compared. `inPieces`: something other than elements may stand within it, unseen by one of the sides. */
export interface TextComparison {
  readonly inPieces: boolean
}

/** The root element of a document in canonical form. */
export function canonicalContent(
  canonical: string,
  comparison: TextComparison,
): { readonly name: string; readonly content: Content } {
  const root = building()
  const open: Building[] = [root]
  let rootName = ''
  const parser = new SaxesParser({ xmlns: false, position: false, fragment: false })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ name, attributes }) => {
    const element = building()
    for (const [attribute, value] of Object.entries(attributes)) element.attributes.set(attribute, value)
    if (open.length === 1) rootName = name
    append(open.at(-1)?.children, name, element)
    open.push(element)
  })
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  })
  parser.on('closetag', () => {
    const element = open.pop()
    if (element !== undefined)
      element.text = comparableText(element.text, comparison.inPieces || element.children.size > 0)
  })
  parser.write(canonical).close()
  const [content] = root.children.get(rootName) ?? []
  if (content === undefined) throw new Error('the canonical output has no root element')
  return { name: rootName, content }
}

function append(children: Map<string, Content[]> | undefined, name: string, element: Content): void {
  const list = children?.get(name)
  if (list === undefined) children?.set(name, [element])
  else list.push(element)
}

/** An element of the JSON shape: a string, or an object with `@_` attributes, `#text` and children. */
export function recordContent(record: unknown, comparison: TextComparison): Content {
  if (typeof record === 'string')
    return { attributes: new Map(), children: new Map(), text: comparableText(record, comparison.inPieces) }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new Error(`no element has the shape ${JSON.stringify(record)}`)
  }
  const attributes = new Map<string, string>()
  const children = new Map<string, Content[]>()
  let text = ''
  for (const [key, value] of Object.entries({ ...record }) satisfies [string, unknown][]) {
    if (key.startsWith('@_')) attributes.set(key.slice(2), String(value))
    else if (key === '#text') text = String(value)
    else if (!key.startsWith('?')) {
      const elements: readonly unknown[] = Array.isArray(value) ? value : [value]
      children.set(
        key,
        elements.map((element) => recordContent(element, comparison)),
      )
    }
  }
  return { attributes, children, text: comparableText(text, comparison.inPieces || children.size > 0) }
}

function comparableText(text: string, isInPieces: boolean): string {
  return isInPieces ? text.replace(/[ \t\r\n]+/g, '') : text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
}

/** The first difference, as a path and both values; undefined when there is none. */
export function contentDifference(expected: Content, actual: Content, path: string): string | undefined {
  const names = new Set([...expected.attributes.keys(), ...actual.attributes.keys()])
  for (const name of names) {
    const difference = textDifference(expected.attributes.get(name), actual.attributes.get(name), `${path}/@${name}`)
    if (difference !== undefined) return difference
  }
  const text = textDifference(expected.text, actual.text, `${path}/text()`)
  if (text !== undefined) return text
  for (const name of new Set([...expected.children.keys(), ...actual.children.keys()])) {
    const [ours, theirs] = [actual.children.get(name) ?? [], expected.children.get(name) ?? []]
    if (ours.length !== theirs.length) return `${path}/${name}: ${theirs.length} expected, ${ours.length} found`
    for (const [index, element] of ours.entries()) {
      const other = theirs[index]
      const difference = other && contentDifference(other, element, `${path}/${name}[${index + 1}]`)
      if (difference !== undefined) return difference
    }
  }
  return undefined
}

function textDifference(expected: string | undefined, actual: string | undefined, path: string): string | undefined {
  if (expected === actual) return undefined
  return `${path}: ${JSON.stringify(expected)} expected, ${JSON.stringify(actual)} found`
}
