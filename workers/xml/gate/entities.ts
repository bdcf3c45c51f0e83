/** The general entities of one document: what its internal subset declares, and what a reference to each one means. */
import { MillError } from '../../../src/errors.ts'
import type { GeneralEntity } from '../dtd/doctype.ts'
import { isCharacter, nameEnd } from '../dtd/names.ts'

/** What `&name;` stands for. */
export type Meaning =
  /** `unresolved`: the entities it refers to in turn that have no known text; their references stand in `value`. */
  | { readonly kind: 'text'; readonly value: string; readonly unresolved: readonly string[] }
  /** The replacement text holds `<`. */
  | { readonly kind: 'markup' }
  | { readonly kind: 'external' | 'unparsed' | 'undeclared' }

const PREDEFINED = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** libexpat's bounds against "billion laughs": expansions may be large, or many times the document, but not both. */
const EXPANSION_FREE_CHARS = 8 << 20
const MAX_AMPLIFICATION = 100

export class EntityTable {
  readonly #declared: ReadonlyMap<string, GeneralEntity>
  readonly #extra: (name: string) => string | undefined
  readonly #maxChars: number
  readonly #meanings = new Map<string, Meaning>()
  #expandedChars = 0

  /**
   * @param extra names known beside the declared ones
   * @param documentChars length of the document, which bounds the expansion
   */
  constructor(
    declared: ReadonlyMap<string, GeneralEntity>,
    extra: (name: string) => string | undefined,
    documentChars: number,
  ) {
    this.#declared = declared
    this.#extra = extra
    this.#maxChars = Math.max(EXPANSION_FREE_CHARS, MAX_AMPLIFICATION * documentChars)
  }

  /** Whether the document declares any. */
  get size(): number {
    return this.#declared.size
  }

  /** @throws MillError XML_NOT_WELL_FORMED for an entity that refers to itself, XML_ENTITY_EXPANSION */
  meaning(name: string): Meaning {
    return this.#resolve(name, [])
  }

  /**
   * Text or an attribute's value with its references replaced, each one once; those without a known text stay as they are.
   * @throws MillError XML_ENTITY_EXPANSION
   */
  decode(text: string): string {
    if (!text.includes('&')) return text
    return text.replace(REFERENCE, (reference, hex?: string, decimal?: string, name = '') => {
      const character = characterOf(hex, decimal) ?? PREDEFINED.get(name)
      if (character !== undefined) return character
      const meaning = this.meaning(name)
      if (meaning.kind !== 'text') return reference
      this.#spend(meaning.value.length)
      return meaning.value
    })
  }

  #resolve(name: string, path: readonly string[]): Meaning {
    const known = this.#meanings.get(name)
    if (known !== undefined) return known
    const meaning = this.#read(name, path)
    this.#meanings.set(name, meaning)
    return meaning
  }

  #read(name: string, path: readonly string[]): Meaning {
    const predefined = PREDEFINED.get(name)
    if (predefined !== undefined) return { kind: 'text', value: predefined, unresolved: [] }
    const entity = this.#declared.get(name)
    if (entity === undefined) {
      const value = this.#extra(name)
      return value === undefined ? { kind: 'undeclared' } : { kind: 'text', value, unresolved: [] }
    }
    if (entity.kind !== 'internal') return { kind: entity.kind }
    if (path.includes(name)) {
      throw new MillError('XML_NOT_WELL_FORMED', `the entity ${name} refers to itself: ${[...path, name].join(' > ')}`)
    }
    if (entity.value.includes('<')) return { kind: 'markup' }
    checkReferences(name, entity.value)
    const unresolved: string[] = []
    let isPlain = true
    let length = 0
    const value = entity.value.replace(REFERENCE, (reference, hex?: string, decimal?: string, inner = '') => {
      const character = characterOf(hex, decimal)
      if (character !== undefined) return character
      const meaning = this.#resolve(inner, [...path, name])
      if (meaning.kind === 'markup') isPlain = false
      unresolved.push(...(meaning.kind === 'text' ? meaning.unresolved : [inner]))
      if (meaning.kind !== 'text') return reference
      // A value that long is refused wherever it is used: stop before it is built.
      length += meaning.value.length
      if (length > this.#maxChars) throw this.#exploded()
      return meaning.value
    })
    return isPlain ? { kind: 'text', value, unresolved } : { kind: 'markup' }
  }

  #spend(chars: number): void {
    this.#expandedChars += chars
    if (this.#expandedChars > this.#maxChars) throw this.#exploded()
  }

  #exploded(): MillError {
    return new MillError(
      'XML_ENTITY_EXPANSION',
      `the entities of the document expand to more than ${this.#maxChars} characters, over ${MAX_AMPLIFICATION} times its size`,
    )
  }
}

/** Well-formed references, as the gate and `checkReferences` leave them. */
const REFERENCE = /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([^;&#]+));/g

function characterOf(hex: string | undefined, decimal: string | undefined): string | undefined {
  if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
  if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10))
  return undefined
}

/** A replacement text is read where the entity is used, and has to be well-formed by itself (XML 1.0 section 4.3.2). */
function checkReferences(entity: string, replacement: string): void {
  for (const [, rest = ''] of replacement.matchAll(/&([^&]*)/g)) {
    const [, hex, decimal, name] = /^(?:#x([0-9a-fA-F]+)|#([0-9]+)|([^;]+));/.exec(rest) ?? []
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
    if (name === undefined ? isCharacter(code) : nameEnd(name, 0) === name.length) continue
    throw new MillError('XML_NOT_WELL_FORMED', `the entity ${entity} holds an & that begins no reference: &${rest}`)
  }
}
