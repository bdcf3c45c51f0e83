/** What a reference to a general entity stands for (XML 1.0, 4.4), worked out when a document first uses it. */
import { MillError } from '../../../src/errors.ts'
import { attributeValue, PREDEFINED } from '../dtd/attribute-value.ts'
import { readReference } from '../dtd/cursor.ts'
import type { Doctype } from '../dtd/doctype-model.ts'
import { ExpansionBudget } from '../dtd/expansion-budget.ts'

/** As in assembly/entities.ts. */
export const PLAIN = 1
export const MARKUP = 2
export const UNKNOWN = 3

export interface EntityMeaning {
  readonly kind: typeof PLAIN | typeof MARKUP | typeof UNKNOWN
  readonly text: string
}

const NOTHING_KNOWN: EntityMeaning = { kind: UNKNOWN, text: '' }

/** @throws MillError XML_ENTITY_UNDECLARED, XML_ENTITY_INVALID, XML_ENTITY_EXPANSION, without a place */
export function entityMeaning(
  name: string,
  inAttribute: boolean,
  doctype: Doctype | undefined,
  standalone: boolean,
  bytesRead: number,
): EntityMeaning {
  const entity = doctype?.generalEntities.get(name)
  if (entity === undefined) {
    // 4.1, WFC Entity Declared: what was not read might declare it.
    const mayBeElsewhere = doctype !== undefined && (doctype.hasExternalSubset || doctype.hasParameterReference)
    if (mayBeElsewhere && !standalone) return NOTHING_KNOWN
    throw new MillError('XML_ENTITY_UNDECLARED', `the entity &${name}; is not declared`)
  }
  if (entity.kind === 'unparsed') {
    throw new MillError('XML_ENTITY_INVALID', `&${name}; is an unparsed entity, which no reference may name`)
  }
  if (entity.kind === 'external') {
    if (!inAttribute) return NOTHING_KNOWN
    throw new MillError('XML_ENTITY_INVALID', `&${name}; is an external entity, which no attribute value may use`)
  }
  const entities = doctype?.generalEntities ?? new Map()
  const budget = new ExpansionBudget(bytesRead)
  if (budget.isExceededBy(expandedLength(name, entities, new Map(), 0)))
    throw new MillError('XML_ENTITY_EXPANSION', `&${name}; expands to far more text than the declarations have`)
  if (inAttribute) {
    const fail = (message: string) => new MillError(isExpansion(message), message)
    const undeclared = (missing: string) => {
      entityMeaning(missing, true, doctype, standalone, bytesRead)
    }
    return { kind: PLAIN, text: attributeValue(`&${name};`, false, { entities, budget, undeclared, fail }) }
  }
  const plain = plainText(name, entities, budget)
  return plain === undefined ? { kind: MARKUP, text: withReferredReturns(entity.value) } : { kind: PLAIN, text: plain }
}

/** Deeper than any budget allows. */
const MEASURED_DEPTH = 64

/**
 * The length of an entity's text and of all within, as far as they are entities: each is measured once, so that what would take a second
 * and a hundred megabytes to expand ("billion laughs") is known at once. Loops count once; expanding finds them.
 */
function expandedLength(
  name: string,
  entities: Doctype['generalEntities'],
  known: Map<string, number>,
  depth: number,
): number {
  const before = known.get(name)
  const entity = entities.get(name)
  if (before !== undefined) return before
  if (entity?.kind !== 'internal' || depth > MEASURED_DEPTH) return 0
  known.set(name, 0)
  let length = entity.value.length
  for (const [, inner = ''] of entity.value.matchAll(/&([^#;&]+);/g)) {
    length += expandedLength(inner, entities, known, depth + 1)
  }
  known.set(name, length)
  return length
}

/** The budget's and the grammar's complaints come as sentences only. */
function isExpansion(message: string): 'XML_ENTITY_EXPANSION' | 'XML_ENTITY_INVALID' {
  return /expand to more than|nested more than|contains itself/.test(message)
    ? 'XML_ENTITY_EXPANSION'
    : 'XML_ENTITY_INVALID'
}

/** Thrown when an entity is more than text: it is left to the engine, which reads it as XML. */
class NotPlain extends Error {}

/** The text that an entity stands for when it is nothing but text, all references in it replaced. */
function plainText(name: string, entities: Doctype['generalEntities'], budget: ExpansionBudget): string | undefined {
  const parts: string[] = []
  const fail = (message: string) =>
    isExpansion(message) === 'XML_ENTITY_EXPANSION' ? new MillError('XML_ENTITY_EXPANSION', message) : new NotPlain()
  const append = (entityName: string): void => {
    const entity = entities.get(entityName)
    if (entity?.kind !== 'internal') throw new NotPlain()
    const { value } = entity
    if (value.includes('<') || value.includes(']]>')) throw new NotPlain()
    budget.expand(`&${entityName};`, value, fail, () => {
      let copied = 0
      for (let at = value.indexOf('&'); at >= 0; at = value.indexOf('&', copied)) {
        parts.push(value.slice(copied, at))
        const { reference, end } = readReference(value, at, fail)
        copied = end
        const character = reference.kind === 'character' ? reference.text : PREDEFINED.get(reference.name)
        if (character !== undefined) parts.push(character)
        else if (reference.kind === 'entity') append(reference.name)
      }
      parts.push(value.slice(copied))
    })
  }
  try {
    append(name)
    return parts.join('')
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

/**
 * A CR in replacement text comes from a character reference: the document's own line ends are LF by then. The engine
 * would take it for a line end, so text gets it as a reference again, and tags the white space that it is.
 */
function withReferredReturns(text: string): string {
  if (!text.includes('\r')) return text
  return text.replace(/<[^>]*>|\r/g, (part) => (part === '\r' ? '&#13;' : part.replaceAll('\r', ' ')))
}
