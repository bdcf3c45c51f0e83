/**
 * A table for the records, in the SQL that SQLite and PostgreSQL have in common, and the `--columns` that fill it. What is single becomes a column, also when it stands
 * deeper down; what repeats, or is text here and an object there, is JSON.
 */
import { appearance, trapsOf } from '../suggestions.ts'
import type { JsonType, Property, ShapeOptions } from './record-type.ts'
import type { TypedRecords } from './typed-records.ts'

/** PostgreSQL has 1,600 columns at most, SQLite 2,000; nobody reads as many. */
const MAX_COLUMNS = 200
/** PostgreSQL cuts names here. */
const MAX_NAME_CHARS = 63

const TYPES = { integer: 'BIGINT', number: 'NUMERIC', date: 'DATE', datetime: 'TIMESTAMP', boolean: 'BOOLEAN' } as const

interface Column {
  readonly name: string
  /** As `--columns` has it; undefined for what a table has anyway. */
  readonly path: string | undefined
  readonly type: string
  /** Where it comes from: keys from the record, and what to know. */
  readonly remark: string
}

export function toSql(records: TypedRecords, options: ShapeOptions): string {
  const columns: Column[] = [
    { name: 'url', path: undefined, type: 'TEXT NOT NULL', remark: 'the document' },
    { name: 'n', path: undefined, type: 'INTEGER NOT NULL', remark: 'its place in the document' },
    { name: 'row', path: undefined, type: 'INTEGER NOT NULL', remark: 'for a transform that makes several rows of it' },
    ...recordColumns(records.type, options),
  ]
  const names = uniqueNames(columns.map(({ name }) => name))
  const lines = columns.map(({ type, remark }, index) => `  ${quoted(names[index] ?? '')} ${type}, -- ${remark}`)
  const filled = columns.flatMap(({ path }, index) => (path === undefined ? [] : [assignment(names[index], path)]))
  const flag = filled.length === 0 ? '' : `-- Filled with --columns '${filled.join(',')}'\n`
  const table = quoted(records.name)
  const body = [...lines, '  PRIMARY KEY ("url", "n", "row")'].join('\n')
  return `-- ${records.origin}\n${flag}CREATE TABLE ${table} (\n${body}\n);\n`
}

function assignment(name: string | undefined, path: string): string {
  return name === path ? path : `${name}=${path}`
}

function recordColumns(type: JsonType, options: ShapeOptions): Column[] {
  if (options.shape === 'xml')
    return [{ name: 'record', path: undefined, type: 'TEXT', remark: "the record's own XML" }]
  const { properties } = type
  if (options.shape === 'ordered' || properties === undefined || type.text !== undefined)
    return [{ name: 'record', path: undefined, type: 'JSON', remark: 'the record' }]
  const columns: Column[] = []
  for (const property of properties) addColumns(property, [], options, columns)
  return columns.slice(0, MAX_COLUMNS)
}

function addColumns(property: Property, above: readonly string[], options: ShapeOptions, columns: Column[]): void {
  const keys = [...above, property.key]
  const { text, properties } = property.type
  if (property.list === 'never' && properties !== undefined && text === undefined) {
    for (const inner of properties) addColumns(inner, keys, options, columns)
    return
  }
  const { attributePrefix, textKey } = options
  const words = keys.map((key) => (key.startsWith(attributePrefix) ? key.slice(attributePrefix.length) : key))
  const name = plainName((words.at(-1) === textKey && words.length > 1 ? words.slice(0, -1) : words).join('_'))
  // Line ends cannot be in a name; what is in a comment ends with its line.
  const path = keys.join('.')
  if (property.list !== 'never') {
    columns.push({
      name,
      path,
      type: 'JSON',
      remark: `${path}: ${property.list === 'always' ? 'an array' : 'one, or an array'}`,
    })
  } else if (properties !== undefined || text === undefined) {
    columns.push({ name, path, type: 'JSON', remark: `${path}: text, or an object` })
  } else {
    const traps = trapsOf(text)
    const looksLike = appearance(text)
    // An empty text fits into no other column than text.
    const isText = looksLike === undefined || traps.length > 0 || text.kinds.empty !== undefined
    const remark = looksLike === undefined ? path : [`${path}: ${looksLike}`, ...traps].join(', ')
    columns.push({ name, path, type: isText ? 'TEXT' : TYPES[looksLike], remark })
  }
}

function plainName(name: string): string {
  return (
    name
      .replace(/[^\p{L}\p{N}]+/gu, '_')
      .replace(/^_+|_+$/g, '')
      .toLowerCase() || 'record'
  )
}

/** Names that differ, also for a database that does not tell upper from lower case and cuts them. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let unique = name.slice(0, MAX_NAME_CHARS)
    for (let number = 2; taken.has(unique); number++) unique = `${name.slice(0, MAX_NAME_CHARS - 5)}_${number}`
    taken.add(unique)
    return unique
  })
}

function quoted(name: string): string {
  return `"${name}"`
}
