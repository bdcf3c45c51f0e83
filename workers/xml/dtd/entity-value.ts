import { type Cursor, type Literal, readReference } from './cursor.ts'
import { nameEnd } from './names.ts'

/**
 * The replacement text of an entity's literal value: character references replaced, general references left for where
 * the entity is used. XML 1.0, 4.4, 4.5 and production [9].
 * @throws DoctypeError where the literal is malformed, or refers to a parameter entity
 */
export function replacementText(cursor: Cursor, literal: Literal): string {
  const text = cursor.isDocument ? normaliseLineEnds(literal.text) : literal.text
  // Offsets shift where line ends shrank; they are only needed for errors.
  const failAt = (at: number) => (message: string) =>
    cursor.error(message, literal.from + originalIndex(literal.text, text, at))
  let result = ''
  let copied = 0
  SPECIAL.lastIndex = 0
  for (let match = SPECIAL.exec(text); match !== null; match = SPECIAL.exec(text)) {
    const at = match.index
    if (match[0] === '%') {
      const end = nameEnd(text, at + 1)
      throw failAt(at)(
        end > at + 1 && text[end] === ';'
          ? `the reference ${text.slice(at, end + 1)} cannot stand inside a declaration of the internal subset`
          : '"%" cannot stand in the value of an entity: write "&#37;"',
      )
    }
    const { reference, end } = readReference(text, at, failAt(at))
    if (reference.kind === 'character') {
      result += text.slice(copied, at) + reference.text
      copied = end
    }
    SPECIAL.lastIndex = end
  }
  return result + text.slice(copied)
}

const SPECIAL = /[&%]/g

/** XML 1.0, 2.11. */
export function normaliseLineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

function originalIndex(original: string, normalised: string, index: number): number {
  if (original.length === normalised.length) return index
  let at = 0
  for (let seen = 0; seen < index; seen++) at += original[at] === '\r' && original[at + 1] === '\n' ? 2 : 1
  return at
}
