/**
 * What a document holds, in a form that several parsers' results can be brought into and compared in.
 *
 * The JSON shape trims attributes' values and every piece of text, pieces ending where markup of any kind stands, and loses
 * where text stands between elements. So values, and text that is one piece, are compared without the white space at their
 * ends, other text without any. Comments and processing instructions are left out.
 */

/** An element: its children's lists by name, each in order. */
export interface Content {
  readonly attributes: ReadonlyMap<string, string>
  readonly children: ReadonlyMap<string, readonly Content[]>
  readonly text: string
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
  readonly #children = new Map<string, Content[]>()
  #text = ''

  addAttribute(name: string, value: string): void {
    this.#attributes.set(name, trimmed(value))
  }

  addText(text: string): void {
    this.#text += text
  }

  addChild(name: string, content: Content): void {
    const list = this.#children.get(name)
    if (list === undefined) this.#children.set(name, [content])
    else list.push(content)
  }

  build({ inPieces }: TextComparison): Content {
    const text = inPieces || this.#children.size > 0 ? this.#text.replace(/[ \t\r\n]+/g, '') : trimmed(this.#text)
    return { attributes: this.#attributes, children: this.#children, text }
  }
}

function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
}

/** An element of the JSON shape: a string, or an object with `@_` attributes, `#text` and children. */
export function recordContent(record: unknown, comparison: TextComparison): Content {
  const builder = new ContentBuilder()
  if (typeof record === 'string') builder.addText(record)
  else if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new Error(`no element has the shape ${JSON.stringify(record)}`)
  } else {
    const properties: [string, unknown][] = Object.entries({ ...record })
    for (const [key, value] of properties) {
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

/** The first difference, as a path and both values; undefined when there is none. */
export function contentDifference(expected: Content, actual: Content, path: string): string | undefined {
  for (const name of new Set([...expected.attributes.keys(), ...actual.attributes.keys()])) {
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
