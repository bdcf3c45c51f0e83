/** What the internal subset of a DOCTYPE declaration says about general entities. */
import type { GeneralEntity } from './entities.ts'

export interface DoctypeEntities {
  readonly entities: ReadonlyMap<string, GeneralEntity>
  /** An external subset or a parameter entity reference: other entities may be declared where this program does not look. */
  readonly mayDeclareMore: boolean
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!ENTITY\s+(%\s+)?([^\s"'>]+)\s+(?:"([^"]*)"|'([^']*)'|((?:SYSTEM|PUBLIC)(?:[^"'>]|"[^"]*"|'[^']*')*))|"[^"]*"|'[^']*'|%[^\s;]+;/g

/** @param text what stands between `<!DOCTYPE` and its `>` */
export function readDoctype(text: string): DoctypeEntities {
  const bracket = text.indexOf('[')
  const head = bracket === -1 ? text : text.slice(0, bracket)
  const entities = new Map<string, GeneralEntity>()
  let hasParameterReference = false
  for (const token of text.slice(head.length).matchAll(TOKEN)) {
    const [whole, parameter, name, double, single, external] = token
    if (whole.startsWith('%')) hasParameterReference = true
    if (name === undefined || parameter !== undefined || entities.has(name) || hasParameterReference) continue
    const literal = double ?? single
    if (literal !== undefined) entities.set(name, { kind: 'internal', value: replacementText(literal) })
    else entities.set(name, { kind: /\sNDATA\s/.test(external ?? '') ? 'unparsed' : 'external' })
  }
  return { entities, mayDeclareMore: hasParameterReference || /\s(?:SYSTEM|PUBLIC)\s/.test(head) }
}

/** XML 1.0 section 4.5: character references are resolved where the entity is declared, references to entities where it is used. */
function replacementText(literal: string): string {
  return literal.replace(/&#(?:x([0-9a-fA-F]+)|([0-9]+));/g, (reference, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : reference
  })
}
