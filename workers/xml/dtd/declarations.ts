/** The grammar of markup declarations, comments and processing instructions: text in, what it declares out. XML 1.0, 2.5, 2.6, 3.2 to 4.7. */
import { skipContentModel } from './content-model.ts'
import type { Cursor, Literal } from './cursor.ts'

export interface ExternalId {
  readonly publicId?: string
  readonly systemId?: string
}

export interface AttributeDefinition {
  readonly name: string
  /** Declared with another type than CDATA. */
  readonly tokenised: boolean
  readonly default?: Literal
}

export type EntityDefinition =
  | { readonly kind: 'internal'; readonly literal: Literal }
  | { readonly kind: 'external' }
  | { readonly kind: 'unparsed'; readonly notation: string }

export interface EntityDeclaration {
  readonly name: string
  readonly isParameter: boolean
  readonly definition: EntityDefinition
}

/** Behind `<!--`. */
export function skipComment(cursor: Cursor): void {
  cursor.until('--', 'a comment')
  if (!cursor.accept('>')) throw cursor.error('"--" cannot stand inside a comment', cursor.at - 2)
}

/** Behind `<?`; the target. */
export function readInstruction(cursor: Cursor): string {
  const from = cursor.at
  const target = cursor.name('the target of a processing instruction')
  if (target.toLowerCase() === 'xml') {
    throw cursor.error(`a processing instruction cannot be called "${target}"`, from)
  }
  if (cursor.accept('?>')) return target
  cursor.expectSpace('a processing instruction')
  cursor.until('?>', 'a processing instruction')
  return target
}

/** Behind `<!ELEMENT`; the element's name. */
export function readElement(cursor: Cursor): string {
  const where = 'an element declaration'
  cursor.expectSpace(where)
  const name = cursor.name("an element's name")
  cursor.expectSpace(where)
  skipContentModel(cursor)
  cursor.skipSpace()
  cursor.expect('>', where)
  return name
}

/** Behind `<!NOTATION`; the notation's name. */
export function readNotation(cursor: Cursor): string {
  const where = 'a notation declaration'
  cursor.expectSpace(where)
  const name = cursor.name("a notation's name")
  cursor.expectSpace(where)
  readExternalId(cursor, where, true)
  cursor.skipSpace()
  cursor.expect('>', where)
  return name
}

/** Behind `<!ENTITY`. */
export function readEntity(cursor: Cursor): EntityDeclaration {
  const where = 'an entity declaration'
  cursor.expectSpace(where)
  const isParameter = cursor.accept('%')
  if (isParameter) cursor.expectSpace(where)
  const name = cursor.name("an entity's name")
  cursor.expectSpace(where)
  const definition = readEntityDefinition(cursor, isParameter, where)
  cursor.skipSpace()
  cursor.expect('>', where)
  return { name, isParameter, definition }
}

function readEntityDefinition(cursor: Cursor, isParameter: boolean, where: string): EntityDefinition {
  if (!cursor.sees('SYSTEM') && !cursor.sees('PUBLIC')) {
    return { kind: 'internal', literal: cursor.literal('an entity value, SYSTEM or PUBLIC') }
  }
  readExternalId(cursor, where, false)
  const spaced = cursor.skipSpace()
  if (!cursor.sees('NDATA')) return { kind: 'external' }
  if (isParameter) throw cursor.error('a parameter entity cannot have NDATA')
  if (!spaced) throw cursor.error(`${where} needs white space before NDATA`)
  cursor.accept('NDATA')
  cursor.expectSpace(where)
  return { kind: 'unparsed', notation: cursor.name("a notation's name") }
}

/** `SYSTEM "…"`, `PUBLIC "…" "…"` and, for notations, `PUBLIC "…"` alone. Productions [75] and [83]. */
export function readExternalId(cursor: Cursor, where: string, publicAlone: boolean): ExternalId {
  if (cursor.accept('SYSTEM')) {
    cursor.expectSpace(where)
    return { systemId: cursor.literal('a system identifier').text }
  }
  cursor.expect('PUBLIC', `${where} without SYSTEM`)
  cursor.expectSpace(where)
  const { text: publicId, from } = cursor.literal('a public identifier')
  const wrong = publicId.search(NOT_PUBLIC)
  if (wrong >= 0) throw cursor.error('a public identifier cannot have this character', from + wrong)
  const after = cursor.at
  const spaced = cursor.skipSpace()
  if (publicAlone && !cursor.sees('"') && !cursor.sees("'")) return { publicId }
  if (!spaced) throw cursor.error(`${where} needs white space between its two identifiers`, after)
  return { publicId, systemId: cursor.literal('a system identifier').text }
}

/** What production [13] leaves out. */
const NOT_PUBLIC = /[^ \r\na-zA-Z0-9\-'()+,./:=?;!*#@$_%]/

/** Behind `<!ATTLIST`. */
export function readAttributeList(cursor: Cursor): { element: string; attributes: AttributeDefinition[] } {
  const where = 'an attribute-list declaration'
  cursor.expectSpace(where)
  const element = cursor.name("an element's name")
  const attributes: AttributeDefinition[] = []
  for (;;) {
    const spaced = cursor.skipSpace()
    if (cursor.accept('>')) return { element, attributes }
    if (!spaced) throw cursor.error(`${where} needs white space or ">" here, not ${cursor.found()}`)
    const name = cursor.name("an attribute's name")
    cursor.expectSpace(where)
    const tokenised = readAttributeType(cursor, where)
    cursor.expectSpace(where)
    const literal = readDefault(cursor, where)
    attributes.push({ name, tokenised, ...(literal && { default: literal }) })
  }
}

/** A longer keyword stands before the one that begins it. */
const TOKENISED_TYPES = ['IDREFS', 'IDREF', 'ID', 'ENTITIES', 'ENTITY', 'NMTOKENS', 'NMTOKEN'] as const

/** Whether it is another type than CDATA. Productions [54] to [59]. */
function readAttributeType(cursor: Cursor, where: string): boolean {
  if (cursor.accept('CDATA')) return false
  if (TOKENISED_TYPES.some((type) => cursor.accept(type))) return true
  const isNotation = cursor.accept('NOTATION')
  if (isNotation) cursor.expectSpace(where)
  cursor.expect('(', 'an attribute type that is no keyword of XML')
  do {
    cursor.skipSpace()
    cursor.name(isNotation ? "a notation's name" : 'a name token', !isNotation)
    cursor.skipSpace()
  } while (cursor.accept('|'))
  cursor.expect(')', 'an enumeration')
  return true
}

function readDefault(cursor: Cursor, where: string): Literal | undefined {
  if (cursor.accept('#REQUIRED') || cursor.accept('#IMPLIED')) return undefined
  if (cursor.accept('#FIXED')) cursor.expectSpace(where)
  return cursor.literal('#REQUIRED, #IMPLIED, #FIXED or a default value')
}
