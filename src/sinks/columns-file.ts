/** What rows of a file with columns are, named or taken from the first records. */
import { MillError } from '../errors.ts'
import type { RunOptions } from '../options.ts'
import { type Cell, cellsOf, isRefusal, parseColumns, type Refusal } from './columns.ts'
import { sampledCells } from './columns-sample.ts'
import type { RecordLine } from './record-lines.ts'

/** What the ledger calls the keys of the first records, where they are the columns. */
export const KEYS = 'keys'

export interface FileForm {
  /** Names of all columns. */
  readonly names: readonly string[]
  /** Names of those before the record's own. */
  readonly leading: readonly string[]
  /** All cells of a record. */
  cells(line: RecordLine): readonly Cell[] | Refusal
}

type Lead = readonly (readonly [string, (line: RecordLine) => Cell])[]

/** The columns that say which record a row is; a transform may make several rows of one record. */
function leadOf({ table, thread }: RunOptions): Lead {
  if (table.bare) return []
  const lead: [string, (line: RecordLine) => Cell][] = [
    ['url', ({ url }) => url],
    ['n', ({ n }) => n],
  ]
  if (thread.transform !== undefined) lead.push(['row', ({ row }) => row])
  return lead
}

/** The key of records that are no objects. */
export function textKeyOf({ thread }: RunOptions): string {
  return thread.shape === 'json' ? thread.textKey : 'record'
}

/**
 * The form that `--columns` asks for; undefined without.
 * @throws MillError OPTIONS_INVALID
 */
export function namedForm(options: RunOptions): FileForm | undefined {
  if (options.table.columns.length === 0) return undefined
  const columns = parseColumns(options.table.columns)
  const lead = leadOf(options)
  const taken = columns.find(({ name }) => lead.some(([leading]) => leading === name))
  if (taken !== undefined)
    throw new MillError('OPTIONS_INVALID', `--columns has ${taken.name}, which is there anyway without --bare`)
  return form(
    lead,
    columns.map(({ name }) => name),
    (line) => cellsOf(columns, line),
  )
}

/** The form of records with these keys. One that is called as a leading column is, is `record.url` and so on. */
export function sampledForm(options: RunOptions, keys: readonly string[]): FileForm {
  const ancestors: Lead = [['ancestors', (line) => line.ancestors ?? null]]
  const hasAncestors = options.thread.withAttributesOf !== undefined
  const lead = [...leadOf(options), ...(hasAncestors ? ancestors : [])]
  const nameOf = (key: string) => (lead.some(([name]) => name === key) ? `record.${key}` : key)
  const columnOf = (key: string) => (nameOf(key) === key ? key : `${nameOf(key)}=${key}`)
  const named = [...(hasAncestors ? ['ancestors=$ancestors'] : []), ...keys.map(columnOf)]
  return form(lead, keys.map(nameOf), sampledCells(keys, textKeyOf(options), named, columnOf))
}

function form(lead: Lead, names: readonly string[], cells: (line: RecordLine) => readonly Cell[] | Refusal): FileForm {
  return {
    names: [...lead.map(([name]) => name), ...names],
    leading: lead.map(([name]) => name),
    cells(line) {
      const own = cells(line)
      return isRefusal(own) ? own : [...lead.map(([, read]) => read(line)), ...own]
    },
  }
}
