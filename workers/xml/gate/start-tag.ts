/**
 * Start tags as fast-xml-parser has to be given them, which knows nothing of white space in attributes (XML 1.0
 * section 3.3.3) nor of what a DTD says about them.
 */
import type { Doctype } from '../dtd/doctype.ts'
import type { EntityTable } from './entities.ts'

interface TagContext {
  /** What the internal subset declares for the element. */
  readonly attributes: ReturnType<Doctype['attributes']['get']>
  readonly entities: EntityTable
}

const ATTRIBUTE = /([^\s=<]+)\s*=\s*("[^"]*"|'[^']*')/g

/** The tag with its attributes normalised and completed, or undefined where it may stay as it is. */
export function rewrittenTag(tag: string, { attributes, entities }: TagContext): string | undefined {
  let result = tag
  if (hasLineOrTab(tag)) result = result.replace(/[\t\n]/g, ' ')
  if (entities.size > 0 && tag.includes('&')) {
    result = result.replace(/&([^;#]+);/g, (reference, name) => attributeText(entities, name) ?? reference)
  }
  if (attributes !== undefined) result = withDeclared(result, attributes)
  return result === tag ? undefined : result
}

/** A loop, because almost every tag of every document comes through here and has neither. */
function hasLineOrTab(tag: string): boolean {
  for (let index = 0; index < tag.length; index++) {
    const code = tag.charCodeAt(index)
    if (code === 0x09 || code === 0x0a) return true
  }
  return false
}

/** An entity's text as an attribute takes it: its white space becomes spaces, unlike that of a character reference. */
function attributeText(entities: EntityTable, name: string): string | undefined {
  const meaning = entities.meaning(name)
  if (meaning.kind !== 'text' || !/[ \t\n\r]/.test(meaning.value)) return undefined
  return escaped(meaning.value.replace(/[\t\n\r]/g, ' '))
}

function withDeclared(tag: string, declared: NonNullable<TagContext['attributes']>): string {
  const present = new Set<string>()
  const normalised = tag.replace(ATTRIBUTE, (attribute, name: string, quoted: string) => {
    present.add(name)
    if (!declared.get(name)?.normalised) return attribute
    // The spaces of character references count as well.
    const value = quoted.slice(1, -1).replace(/&#(?:0*32|x0*20);/g, ' ')
    const quote = quoted.slice(0, 1)
    return `${name}=${quote}${value.replace(/ +/g, ' ').replace(/^ | $/g, '')}${quote}`
  })
  const absent = [...declared].filter(([name, { default: value }]) => value !== undefined && !present.has(name))
  if (absent.length === 0) return normalised
  const added = absent.map(([name, { default: value = '' }]) => ` ${name}="${escaped(value)}"`)
  return normalised.replace(/\s*\/?>$/, (end) => `${added.join('')}${end}`)
}

function escaped(value: string): string {
  const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '"': '&quot;', "'": '&apos;' }
  return value.replace(/[&<"'\t\n\r]/g, (character) => escapes[character] ?? `&#${character.charCodeAt(0)};`)
}
