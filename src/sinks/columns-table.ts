/** What rows of a database's tables are, whatever the database. */
import { MillError } from '../errors.ts'
import type { RunOptions } from '../options.ts'
import { type Cell, type Column, cellsOf, isRefusal, parseColumns, type Refusal } from './columns.ts'
import type { RecordLine } from './record-lines.ts'

/** The columns that say which record a row is. */
export const PLACE = ['url', 'n', 'row'] as const

/** What begins so is the ledger's. */
const RESERVED = /^xmlmill_/i

export interface TableForm {
  /** Names of the columns behind url, n and row. */
  readonly names: readonly string[]
  /** Whether the cells are JSON text, for columns of that type. */
  readonly isJson: boolean
  /** Whether a table made for it takes every record: whole ones, of nothing but what XML may have in it. */
  readonly takesAll: boolean
  /** Names of the columns by which a row replaces an earlier one. */
  readonly key: readonly string[]
  /** The name of the table that a record goes to. */
  tableOf(line: RecordLine): string
  /** The cells behind url, n and row. */
  cells(line: RecordLine): readonly TableCell[] | Refusal
}

/** What a cell of a table has: bytes are JSON text, in UTF-8, for a column of that type. */
export type TableCell = Cell | Uint8Array

/**
 * The form that the options ask for.
 * @throws MillError OPTIONS_INVALID
 */
export function tableForm({ table, thread, keepDuplicates }: RunOptions): TableForm {
  const problems: string[] = []
  if (table.bare) problems.push('--bare is for files: rows of a database have url and n to tell them apart')
  if (keepDuplicates)
    problems.push('--keep-duplicates is for files: in a database a row is told from others by url and n')
  const columns = table.columns.length === 0 ? undefined : parseColumns(table.columns)
  for (const { name } of columns ?? [])
    if (PLACE.some((place) => place === name)) problems.push(`--columns has ${name}, which a table has anyway`)
  const missing = table.key.filter((name) => columns?.some((column) => column.name === name) !== true)
  if (missing.length > 0) problems.push(`--key has ${missing.join(', ')}, which --columns does not have`)
  if (table.name !== undefined && RESERVED.test(table.name))
    problems.push(`--table is ${table.name}; names with xmlmill_ are the ledger's`)
  if (problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
  const tableOf = (line: RecordLine) => table.name ?? ownTable(line.name)
  if (columns !== undefined) {
    const key = table.key.length === 0 ? PLACE : table.key
    return {
      names: columns.map(({ name }) => name),
      isJson: false,
      takesAll: false,
      key,
      tableOf,
      cells: keyedCells(columns, table.key),
    }
  }
  const hasAncestors = thread.withAttributesOf !== undefined
  return {
    names: hasAncestors ? ['ancestors', 'record'] : ['record'],
    isJson: true,
    takesAll: thread.transform === undefined,
    key: PLACE,
    tableOf,
    cells({ ancestors, json }) {
      if (!hasAncestors) return [json]
      return [ancestors === undefined ? null : Buffer.from(ancestors), json]
    },
  }
}

function ownTable(name: string): string {
  if (!RESERVED.test(name)) return name
  throw new MillError(
    'OUTPUT_FAILED',
    `no table can be called ${name}: such names are the ledger's; give one with --table`,
  )
}

function keyedCells(
  columns: readonly Column[],
  key: readonly string[],
): (line: RecordLine) => readonly Cell[] | Refusal {
  const places = key.map((name) => columns.findIndex((column) => column.name === name))
  return (line) => {
    const cells = cellsOf(columns, line)
    if (isRefusal(cells)) return cells
    const missing = places.find((place) => cells[place] === null)
    return missing === undefined ? cells : { reason: `it has no ${columns[missing]?.name ?? ''}, which --key wants` }
  }
}

/** A name in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Names that the ledger keeps. */
export function namesIn(json: unknown): readonly string[] {
  const names: unknown = typeof json === 'string' ? JSON.parse(json) : []
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
