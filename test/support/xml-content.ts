/**
 * What a document holds, in a form that several parsers' results can be brought into and compared in.
 *
 * The JSON shapes trim attributes' values and every piece of text, pieces ending where markup of any kind stands. So values,
 * and text that is one piece, are compared without the white space at their ends, other text without any. Comments and
 * processing instructions are left out.
 */

export interface Element {
  readonly name: string
  readonly content: Content
}

export interface Content {
  readonly attributes: ReadonlyMap<string, string>
  /** Text and elements in order; no two texts side by side, none empty. */
  readonly nodes: readonly (string | Element)[]
}

/** How text is compared. `inPieces`: something other than elements may stand within it, unseen by one of the sides. */
export interface TextComparison {
  readonly inPieces: boolean
}

/** Whether the text of this document may be in pieces. References count: an entity may hold anything. */
export function comparisonFor(source: string): TextComparison {
  return { inPieces: /<!\[CDATA\[|<!--|<\?(?!xml )|&/.test(source) }
}

/** An element while its content is being read. */
export class ContentBuilder {
  readonly #attributes = new Map<string, string>()
  readonly #nodes: (string | Element)[] = []

  addAttribute(name: string, value: string): void {
    this.#attributes.set(name, trimmed(value))
  }

  addText(text: string): void {
    const last = this.#nodes.at(-1)
    if (typeof last === 'string') this.#nodes[this.#nodes.length - 1] = last + text
    else this.#nodes.push(text)
  }

  addChild(name: string, content: Content): void {
    this.#nodes.push({ name, content })
  }

  build({ inPieces }: TextComparison): Content {
    const isMixed = this.#nodes.some((node) => typeof node !== 'string')
    const compare = (text: string) => (inPieces || isMixed ? text.replace(/[ \t\r\n]+/g, '') : trimmed(text))
    const nodes = this.#nodes.map((node) => (typeof node === 'string' ? compare(node) : node))
    return { attributes: this.#attributes, nodes: nodes.filter((node) => node !== '') }
  }
}

function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
}

/** An element of the `json` shape: a string, or an object with `@_` attributes, `#text` and children. */
export function recordContent(record: unknown, comparison: TextComparison): Content {
  const builder = new ContentBuilder()
  if (typeof record === 'string') builder.addText(record)
  else {
    for (const [key, value] of properties(record)) {
      if (key.startsWith('@_')) builder.addAttribute(key.slice(2), String(value))
      else if (key === '#text') builder.addText(String(value))
      else if (!key.startsWith('?')) {
        const elements: readonly unknown[] = Array.isArray(value) ? value : [value]
        for (const element of elements) builder.addChild(key, recordContent(element, comparison))
      }
    }
  }
  return builder.build(comparison)
}

/** An element of the `ordered` shape: `{"name": [nodes], ":@": {"@_attribute": "value"}}`. */
export function orderedContent(record: unknown, comparison: TextComparison): Element {
  const builder = new ContentBuilder()
  let name = ''
  for (const [key, value] of properties(record)) {
    if (key === ':@') {
      for (const [attribute, text] of properties(value)) builder.addAttribute(attribute.slice(2), String(text))
    } else if (Array.isArray(value)) {
      name = key
      for (const node of value) addOrderedNode(builder, node, comparison)
    }
  }
  return { name, content: builder.build(comparison) }
}

function addOrderedNode(builder: ContentBuilder, node: unknown, comparison: TextComparison): void {
  const [[key, value] = ['', '']] = properties(node)
  if (key === '#text') builder.addText(String(value))
  else if (!key.startsWith('?')) {
    const { name, content } = orderedContent(node, comparison)
    builder.addChild(name, content)
  }
}

function properties(object: unknown): [string, unknown][] {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new Error(`no element has the shape ${JSON.stringify(object)}`)
  }
  return Object.entries({ ...object })
}

/** What the `json` shape keeps of the order: that of elements with the same name. The text goes in front, in one. */
export function withoutOrder({ attributes, nodes }: Content): Content {
  const text = nodes.filter((node) => typeof node === 'string').join('')
  const elements = nodes.filter((node) => typeof node !== 'string')
  const byName = [...Map.groupBy(elements, ({ name }) => name)].sort(([one], [other]) => (one < other ? -1 : 1))
  const sorted = byName.flatMap(([name, list]) => list.map(({ content }) => ({ name, content: withoutOrder(content) })))
  return { attributes, nodes: text === '' ? sorted : [text, ...sorted] }
}

/** The first difference, as a path and both values; undefined when there is none. */
export function contentDifference(expected: Element, actual: Element, path = ''): string | undefined {
  const here = `${path}/${expected.name}`
  if (expected.name !== actual.name) return `${path}: <${expected.name}> expected, <${actual.name}> found`
  const [theirs, ours] = [expected.content, actual.content]
  for (const name of new Set([...theirs.attributes.keys(), ...ours.attributes.keys()])) {
    const [value, found] = [theirs.attributes.get(name), ours.attributes.get(name)]
    if (value !== found) return `${here}/@${name}: ${show(value)} expected, ${show(found)} found`
  }
  for (let index = 0; index < Math.max(theirs.nodes.length, ours.nodes.length); index++) {
    const [node, found] = [theirs.nodes[index], ours.nodes[index]]
    const bothElements = typeof node === 'object' && typeof found === 'object'
    const difference = bothElements
      ? contentDifference(node, found, here)
      : node === found
        ? undefined
        : `${here}, node ${index + 1}: ${show(node)} expected, ${show(found)} found`
    if (difference !== undefined) return difference
  }
  return undefined
}

function show(node: string | Element | undefined): string {
  if (node === undefined) return 'nothing'
  return typeof node === 'string' ? JSON.stringify(node) : `<${node.name}>`
}
