/**
 * The document type declaration as a conforming processor that does not validate reads it: the whole grammar of the
 * internal subset, entities, attribute types and defaults. Nothing external is ever read. XML 1.0, fifth edition, 2.8, 4 and 5.1.
 */
import { attributeValue, PREDEFINED, tokenised } from './attribute-value.ts'
import { Cursor, DoctypeError, type Literal } from './cursor.ts'
import * as declarations from './declarations.ts'
import type { Attribute, Doctype, GeneralEntity } from './doctype-model.ts'
import { replacementText } from './entity-value.ts'
import { ExpansionBudget } from './expansion-budget.ts'
import { FORBIDDEN_CHARACTER } from './names.ts'

export type { Doctype, GeneralEntity } from './doctype-model.ts'
export { DoctypeError }

export interface DoctypeOptions {
  /** The XML declaration says `standalone="yes"`. */
  readonly standalone?: boolean
}

/**
 * Reads a whole document type declaration, from `<!DOCTYPE` to its `>`.
 * @throws DoctypeError for the first violation of a well-formedness constraint
 */
export function parseDoctype(text: string, options: DoctypeOptions = {}): Doctype {
  const forbidden = text.search(FORBIDDEN_CHARACTER)
  if (forbidden >= 0) {
    const code = (text.codePointAt(forbidden) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    throw new DoctypeError(`the character U+${code} is not allowed in XML`, forbidden)
  }
  return new DoctypeReader(text, options.standalone === true).read()
}

type ParameterEntity = { readonly kind: 'internal'; readonly value: string } | { readonly kind: 'external' }

class DoctypeReader {
  readonly #document: Cursor
  readonly #standalone: boolean
  readonly #budget: ExpansionBudget
  readonly #parameterEntities = new Map<string, ParameterEntity>()
  readonly #generalEntities = new Map<string, GeneralEntity>()
  readonly #attributes = new Map<string, Map<string, Attribute>>()
  readonly #namespaceErrors: DoctypeError[] = []
  #hasExternalSubset = false
  #hasParameterReference = false
  /** False behind a reference to an entity that was not read: it might have declared the same names first (5.1). */
  #isProcessing = true
  /** The first default value that refers to an entity not declared before it. An error only if nothing unread could declare it. */
  #undeclared: DoctypeError | undefined

  constructor(text: string, standalone: boolean) {
    this.#document = new Cursor(text)
    this.#standalone = standalone
    this.#budget = new ExpansionBudget(text.length)
  }

  read(): Doctype {
    const cursor = this.#document
    const where = 'the document type declaration'
    cursor.expect('<!DOCTYPE', where)
    cursor.expectSpace(where)
    const name = this.#qualified(cursor, cursor.name("the root element's name"))
    let externalId: declarations.ExternalId = {}
    if (cursor.skipSpace() && (cursor.sees('SYSTEM') || cursor.sees('PUBLIC'))) {
      externalId = declarations.readExternalId(cursor, where, false)
      this.#hasExternalSubset = true
      cursor.skipSpace()
    }
    if (cursor.accept('[')) {
      this.#subset(cursor)
      cursor.expect(']', 'the internal subset')
      cursor.skipSpace()
    }
    cursor.expect('>', where)
    if (!cursor.isAtEnd) throw cursor.error(`${where} ends before this`)
    if (this.#undeclared !== undefined && !this.#mayBeDeclaredElsewhere()) throw this.#undeclared
    return {
      name,
      ...externalId,
      hasExternalSubset: this.#hasExternalSubset,
      hasParameterReference: this.#hasParameterReference,
      generalEntities: this.#generalEntities,
      attributes: this.#attributes,
      namespaceErrors: this.#namespaceErrors,
    }
  }

  /** WFC: Entity Declared (4.1). */
  #mayBeDeclaredElsewhere(): boolean {
    return !this.#standalone && (this.#hasExternalSubset || this.#hasParameterReference)
  }

  /** Declarations, up to the `]` of the document or the end of a parameter entity. */
  #subset(cursor: Cursor): void {
    for (;;) {
      cursor.skipSpace()
      if (cursor.isAtEnd || (cursor.isDocument && cursor.sees(']'))) return
      const from = cursor.at
      if (cursor.accept('%')) this.#parameterReference(cursor, from)
      else if (cursor.accept('<!--')) declarations.skipComment(cursor)
      else if (cursor.accept('<?')) this.#withoutColon(cursor, from, declarations.readInstruction(cursor))
      else if (cursor.accept('<!ELEMENT')) this.#qualified(cursor, declarations.readElement(cursor), from)
      else if (cursor.accept('<!ATTLIST')) this.#attributeList(cursor, from)
      else if (cursor.accept('<!ENTITY')) this.#entity(cursor, from)
      else if (cursor.accept('<!NOTATION')) this.#withoutColon(cursor, from, declarations.readNotation(cursor))
      else if (cursor.sees('<![')) throw cursor.error('conditional sections are not allowed in the internal subset')
      else throw cursor.error(`a declaration is expected here, not ${cursor.found()}`)
    }
  }

  #parameterReference(cursor: Cursor, from: number): void {
    const name = cursor.name("a parameter entity's name")
    cursor.expect(';', 'a parameter entity reference')
    this.#hasParameterReference = true
    const entity = this.#parameterEntities.get(name)
    if (entity === undefined && this.#standalone && this.#isProcessing) {
      throw cursor.error(`the parameter entity ${name} is not declared, and the document is standalone`, from)
    }
    if (entity?.kind !== 'internal') {
      // 5.1: a standalone document promises that nothing unread matters, so its declarations go on counting.
      if (!this.#standalone) this.#isProcessing = false
      return
    }
    const fail = (message: string) => cursor.error(message, from)
    this.#budget.expand(`%${name};`, entity.value, fail, () => {
      this.#subset(new Cursor(entity.value, cursor.offsetOf(from)))
    })
  }

  #entity(cursor: Cursor, from: number): void {
    const { name, isParameter, definition } = declarations.readEntity(cursor)
    this.#withoutColon(cursor, from, name)
    const entity: GeneralEntity =
      definition.kind === 'internal'
        ? { kind: 'internal', value: replacementText(cursor, definition.literal) }
        : definition
    if (isParameter) {
      if (this.#isProcessing && !this.#parameterEntities.has(name) && entity.kind !== 'unparsed') {
        this.#parameterEntities.set(name, entity)
      }
      return
    }
    // 4.6 says how the five may be declared, but names no fatal error: a wrong declaration changes nothing, as in libxml2 and expat.
    if (this.#isProcessing && !PREDEFINED.has(name) && !this.#generalEntities.has(name)) {
      this.#generalEntities.set(name, entity)
    }
  }

  #attributeList(cursor: Cursor, from: number): void {
    const { element, attributes } = declarations.readAttributeList(cursor)
    this.#qualified(cursor, element, from)
    for (const attribute of attributes) {
      this.#qualified(cursor, attribute.name, from)
      const value = attribute.default && this.#defaultValue(cursor, attribute.default, attribute.tokenised)
      if (!this.#isProcessing) continue
      const ofElement = this.#attributes.get(element) ?? new Map<string, Attribute>()
      this.#attributes.set(element, ofElement)
      if (ofElement.has(attribute.name)) continue
      ofElement.set(attribute.name, {
        normalised: attribute.tokenised,
        ...(value !== undefined && { default: value }),
      })
    }
  }

  #defaultValue(cursor: Cursor, literal: Literal, isTokenised: boolean): string {
    const fail = (message: string) => cursor.error(message, literal.from)
    const value = attributeValue(literal.text, cursor.isDocument, {
      entities: this.#generalEntities,
      budget: this.#budget,
      undeclared: (name) => {
        this.#undeclared ??= fail(`the entity ${name} is not declared before this default value`)
      },
      fail,
    })
    return isTokenised ? tokenised(value) : value
  }

  #withoutColon(cursor: Cursor, from: number, name: string): void {
    if (name.includes(':')) this.#namespaceErrors.push(cursor.error(`the name ${name} cannot have a colon`, from))
  }

  #qualified(cursor: Cursor, name: string, from = cursor.at - name.length): string {
    if (!/^[^:]+(?::[^:]+)?$/.test(name)) {
      this.#namespaceErrors.push(cursor.error(`the name ${name} has a colon where none can be`, from))
    }
    return name
  }
}
