/**
 * Random documents that are well-formed and namespace-well-formed by construction: nesting, mixed content, attributes,
 * references, CDATA sections, comments, processing instructions, namespaces, all of Unicode's planes, all line ends and,
 * unless asked otherwise, internal DTD subsets with the entities that the content then refers to.
 */
import fc from 'fast-check'
import { between, chance, pick, type Random, seededRandom } from './seeded-random.ts'
import { randomSubset, type Subset } from './xml-subsets.ts'

export interface DocumentOptions {
  /** Sometimes a DOCTYPE with declarations, and references to what they declare. On unless false. */
  readonly doctype?: boolean
  /** Namespace declarations and prefixed names. On unless false. */
  readonly namespaces?: boolean
  /** Comments and processing instructions. On unless false. */
  readonly asides?: boolean
  /** Names that JavaScript objects treat specially, such as `__proto__`. On unless false. */
  readonly awkwardNames?: boolean
  /** An element of this name is frequent, at any depth: what `--record` may ask for. */
  readonly recordName?: string
  /** Elements below the root, at most; the size of a document grows with it. 4 unless given. */
  readonly maxDepth?: number
}

const PLAIN_NAMES = [
  'a',
  'b',
  'item',
  'title',
  'x-y',
  'p.q',
  '_u',
  'Name9',
  'é',
  'данные',
  '名前',
  '𐐷x',
  'a·b',
] as const
const AWKWARD_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'] as const
const ATTRIBUTE_NAMES = ['id', 'class', 'lang', 'n', 'x.y', 'ß', 'kind', 'ref', 'ключ'] as const
const PREFIXES = ['p', 'q', 'n-s'] as const
const WORDS = [
  'a',
  'word',
  '0',
  '007',
  '1.10',
  '1e5',
  'true',
  'null',
  'naïve',
  'Ω',
  '漢字',
  '😀',
  '\u00a0',
  '\u2028',
  '\ufffd',
  '\u0085',
  '\u007f',
  '𝒳𝒴',
  '"',
  "'",
  '>',
  ']]',
  ']',
  '--',
  '?>',
  '=',
  '/',
  '\\',
  '{}',
  '\u{10fffd}',
] as const
const SPACES = [' ', ' ', ' ', '\n', '\t', '\r\n', '\r', '  ', '\n    '] as const
const REFERENCES = [
  '&lt;',
  '&gt;',
  '&amp;',
  '&quot;',
  '&apos;',
  '&#65;',
  '&#xe9;',
  '&#x1F600;',
  '&#10;',
  '&#13;',
  '&#9;',
  '&#32;',
  '&#x26;',
  '&#60;',
] as const
const ASIDES = [
  '<!---->',
  '<!-- a comment - <b>&no;</b> ]]> -->',
  '<!--\r\n-->',
  '<!--😀é-->',
  '<?pi?>',
  "<?p it's ok?>",
  '<?xml-stylesheet href="a?b"?>',
  '<?t <b>&no;]]> ??>',
  '<?é\r\nx?>',
] as const
const CDATA = [
  '<![CDATA[]]>',
  '<![CDATA[<b>&no;</b>]]>',
  '<![CDATA[]]]]>',
  '<![CDATA[ \r\n ]]>',
  '<![CDATA[]>]]>',
  '<![CDATA[é😀]]>',
] as const

/** One document as text. The same random numbers give the same document. */
export function randomDocument(random: Random, options: DocumentOptions = {}): string {
  return new DocumentWriter(random, options).document()
}

/** Documents for fast-check: it shrinks the seed only, so a failure wants `reduceText` (xml-reduction.ts) to become small. */
export function xmlDocuments(options: DocumentOptions = {}): fc.Arbitrary<string> {
  return fc.integer().map((seed) => randomDocument(seededRandom(seed), options))
}

class DocumentWriter {
  readonly #random: Random
  readonly #options: DocumentOptions
  /** Elements yet to be written, so that a bushy document ends. */
  #budget: number
  #subset: Subset | undefined

  constructor(random: Random, options: DocumentOptions) {
    this.#random = random
    this.#options = options
    this.#budget = between(random, 0, 40)
  }

  document(): string {
    const random = this.#random
    const root = this.#elementName([])
    const lineEnd = pick(random, ['\n', '\r\n', '\r', ''])
    let text = ''
    const standalone = pick(random, ['', '', '', " standalone='no'"])
    if (chance(random, 0.6)) {
      text += `<?xml version=${pick(random, ['"1.0"', "'1.0'"])}${pick(random, ['', ' encoding="UTF-8"', " encoding='utf-8'"])}${standalone}${pick(random, ['', ' '])}?>${lineEnd}`
    }
    text += this.#asides(lineEnd)
    if (this.#options.doctype !== false && chance(random, 0.5)) {
      this.#subset = randomSubset(random, root)
      text += this.#subset.text + lineEnd + this.#asides(lineEnd)
    }
    text += this.#element(root, [], this.#options.maxDepth ?? 4)
    return text + lineEnd + this.#asides(lineEnd)
  }

  #asides(lineEnd: string): string {
    let text = ''
    while (this.#options.asides !== false && chance(this.#random, 0.2)) text += pick(this.#random, ASIDES) + lineEnd
    return text
  }

  #elementName(prefixes: readonly string[]): string {
    const random = this.#random
    if (this.#options.recordName !== undefined && chance(random, 0.3)) return this.#options.recordName
    if (this.#options.awkwardNames !== false && chance(random, 0.05)) return pick(random, AWKWARD_NAMES)
    return this.#prefixed(pick(random, PLAIN_NAMES), prefixes)
  }

  #prefixed(name: string, prefixes: readonly string[]): string {
    const [first, ...rest] = prefixes
    return first !== undefined && chance(this.#random, 0.3) ? `${pick(this.#random, [first, ...rest])}:${name}` : name
  }

  #element(name: string, inherited: readonly string[], depth: number): string {
    const random = this.#random
    this.#budget--
    const declared = this.#namespaceDeclarations()
    const prefixes = [...new Set([...inherited, ...declared.prefixes])]
    let tag = `<${name}${declared.text}${this.#attributes(prefixes)}`
    if (chance(random, 0.2)) tag += pick(random, SPACES)
    if (chance(random, 0.15)) return `${tag}/>`
    return `${tag}>${this.#content(prefixes, depth)}</${name}${chance(random, 0.1) ? pick(random, SPACES) : ''}>`
  }

  /** Each prefix has one URI in the whole document: two prefixes of one URI could make two attributes one. */
  #namespaceDeclarations(): { text: string; prefixes: string[] } {
    const random = this.#random
    const prefixes: string[] = []
    let text = ''
    if (this.#options.namespaces === false) return { text, prefixes }
    if (chance(random, 0.1)) text += pick(random, [' xmlns="urn:d"', " xmlns=''"])
    for (const prefix of PREFIXES) {
      if (!chance(random, 0.1)) continue
      prefixes.push(prefix)
      text += ` xmlns:${prefix}="urn:${prefix}"`
    }
    return { text, prefixes }
  }

  #attributes(prefixes: readonly string[]): string {
    const random = this.#random
    const names = new Set<string>()
    while (chance(random, 0.4)) names.add(this.#prefixed(pick(random, ATTRIBUTE_NAMES), prefixes))
    if (this.#subset !== undefined && chance(random, 0.2)) names.add(pick(random, this.#subset.attributes))
    if (chance(random, 0.05)) names.add(pick(random, ['xml:lang', 'xml:space', 'xml:id']))
    let text = ''
    for (const name of names) {
      const equals = pick(random, ['=', '=', '=', ' = ', '\n=\t'])
      const quote = pick(random, ['"', "'"])
      const value = name === 'xml:space' ? 'preserve' : name === 'xml:id' ? `i${this.#budget}` : this.#value(quote)
      text += pick(random, SPACES) + name + equals + quote + value + quote
    }
    return text
  }

  #value(quote: string): string {
    const random = this.#random
    let text = ''
    while (chance(random, 0.6)) {
      const kind = random()
      if (kind < 0.5) text += pick(random, WORDS).replaceAll(quote, '')
      else if (kind < 0.75) text += pick(random, SPACES)
      else if (kind < 0.9 || this.#subset === undefined) text += pick(random, REFERENCES)
      else text += pick(random, this.#subset.valueReferences)
    }
    return text
  }

  #content(prefixes: readonly string[], depth: number): string {
    const random = this.#random
    let text = ''
    if (chance(random, 0.2)) return this.#words()
    while (chance(random, 0.8)) {
      const kind = random()
      if (kind < 0.45 && depth > 0 && this.#budget > 0) {
        text += this.#element(this.#elementName(prefixes), prefixes, depth - 1)
      } else if (kind < 0.6) text += this.#words()
      else if (kind < 0.75) text += pick(random, SPACES)
      else if (kind < 0.83) text += pick(random, REFERENCES)
      else if (kind < 0.9) text += pick(random, CDATA)
      else if (kind < 0.96 && this.#subset !== undefined) text += pick(random, this.#subset.contentReferences)
      else text += this.#asides('')
    }
    return withoutCdataEnd(text)
  }

  #words(): string {
    let text = ''
    while (chance(this.#random, 0.7)) text += pick(this.#random, WORDS) + (chance(this.#random, 0.5) ? ' ' : '')
    return withoutCdataEnd(text)
  }
}

/** `]]` followed by `>` may meet when pieces are joined; only where it ends a CDATA section or stands in an aside is it right. */
function withoutCdataEnd(text: string): string {
  return text.replace(/<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|\]\]>/gu, (part) =>
    part === ']]>' ? ']] >' : part,
  )
}
