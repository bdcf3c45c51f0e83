import { readReference } from './cursor.ts'
import type { GeneralEntity } from './doctype-model.ts'
import { normaliseLineEnds } from './entity-value.ts'
import type { ExpansionBudget } from './expansion-budget.ts'

/** What a value's references mean. */
export interface ValueContext {
  readonly entities: ReadonlyMap<string, GeneralEntity>
  readonly budget: ExpansionBudget
  /** Called for a reference to an entity without a declaration so far; the reference then stays as it is. */
  undeclared(name: string): void
  fail(message: string): Error
}

/** XML 1.0, 4.6. */
export const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['apos', "'"],
  ['quot', '"'],
])

/** An attribute's value with references expanded and white space made spaces, as for CDATA. XML 1.0, 3.3.3 and 3.1's constraints. */
export function attributeValue(literal: string, isDocument: boolean, context: ValueContext): string {
  const parts: string[] = []
  append(isDocument ? normaliseLineEnds(literal) : literal, context, parts)
  return parts.join('')
}

/** What is further done for every type but CDATA: spaces at the ends go, runs become one. XML 1.0, 3.3.3. */
export function tokenised(value: string): string {
  return value.replace(/ +/g, ' ').replace(/^ | $/g, '')
}

const SPECIAL = /[&<]/g

function append(text: string, context: ValueContext, parts: string[]): void {
  let copied = 0
  for (let at = nextSpecial(text, 0); at >= 0; at = nextSpecial(text, copied)) {
    if (text[at] === '<') throw context.fail('"<" cannot stand in an attribute value: write "&lt;"')
    parts.push(spaced(text.slice(copied, at)))
    const { reference, end } = readReference(text, at, context.fail)
    copied = end
    if (reference.kind === 'character') parts.push(reference.text)
    else appendEntity(reference.name, context, parts)
  }
  parts.push(spaced(text.slice(copied)))
}

function appendEntity(name: string, context: ValueContext, parts: string[]): void {
  const character = PREDEFINED.get(name)
  if (character !== undefined) {
    parts.push(character)
    return
  }
  const entity = context.entities.get(name)
  if (entity === undefined) {
    context.undeclared(name)
    parts.push(`&${name};`)
    return
  }
  if (entity.kind === 'external') throw context.fail(`an attribute value cannot refer to the external entity ${name}`)
  if (entity.kind === 'unparsed') throw context.fail(`a reference cannot name the unparsed entity ${name}`)
  context.budget.expand(`&${name};`, entity.value, context.fail, () => append(entity.value, context, parts))
}

function nextSpecial(text: string, from: number): number {
  SPECIAL.lastIndex = from
  return SPECIAL.exec(text)?.index ?? -1
}

function spaced(text: string): string {
  return text.replace(/[\t\n\r]/g, ' ')
}
