/** The inferred shape of records as TypeScript. */
import { appearance, trapsOf } from '../suggestions.ts'
import { type JsonType, jsonTypesOf, type Property, type ShapeOptions } from './record-type.ts'
import type { TypedRecords } from './typed-records.ts'

const ORDERED = `/** An element, a text, or an instruction, in document order; an element's attributes stand under \`:@\`. */
export interface OrderedNode {
  [name: string]: OrderedNode[] | string | Readonly<Record<string, string>>
}
`

export function toTypeScript(records: TypedRecords, options: ShapeOptions): string {
  const name = pascalCase(records.name)
  const parts = [`// ${records.origin}\n`]
  if (options.shape === 'xml') parts.push(`/** The record's own XML. */\nexport type ${name} = string\n`)
  else if (options.shape === 'ordered') parts.push(ORDERED, `export type ${name} = OrderedNode\n`)
  else {
    const body = records.type.properties === undefined || records.type.text !== undefined
    const type = renderType(records.type, options, '')
    parts.push(body ? `export type ${name} = ${type}\n` : `export interface ${name} ${type}\n`)
  }
  if (options.envelope) {
    const literal = records.isOneName ? quote(records.name) : 'string'
    parts.push(
      `/** A line of the output. */\nexport interface ${name}Line {\n  url: string\n  n: number\n  name: ${literal}\n  record: ${name}\n}\n`,
    )
  }
  return parts.join('\n')
}

function renderType({ text, properties }: JsonType, options: ShapeOptions, indent: string): string {
  const alternatives = text === undefined ? [] : [...jsonTypesOf(text, options.values)]
  if (properties !== undefined) {
    const lines = properties.map((property) => `${indent}  ${renderProperty(property, options, `${indent}  `)}\n`)
    alternatives.push(lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('')}${indent}}`)
  }
  return alternatives.join(' | ')
}

function renderProperty({ key, type, isOptional, list }: Property, options: ShapeOptions, indent: string): string {
  const one = renderType(type, options, indent)
  const isUnion = type.properties !== undefined ? type.text !== undefined : one.includes(' | ')
  const many = isUnion ? `(${one})[]` : `${one}[]`
  const full = list === 'never' ? one : list === 'always' ? many : `${one} | ${many}`
  return `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key)}${isOptional ? '?' : ''}: ${full}${remark(type)}`
}

/** What the text looks like, where it is only text. */
function remark({ text, properties }: JsonType): string {
  if (text === undefined || properties !== undefined) return ''
  const looksLike = appearance(text)
  return looksLike === undefined ? '' : ` // ${[looksLike, ...trapsOf(text)].join(', ')}`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** `oai_dc:dc` as `OaiDcDc`. */
function pascalCase(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return /^\p{L}/u.test(joined) ? joined : `Record${joined}`
}
