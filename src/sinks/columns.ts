/** Records as rows: which columns there are, and what of a record is in each. Pure. */
import { rejectLine } from '../channel/reject-line.ts'
import { MillError } from '../errors.ts'
import type { ColumnGap } from '../model.ts'
import { parseRecord, type RecordLine } from './record-lines.ts'

export interface Column {
  readonly name: string
  /** Names from the record inwards. What begins with `$` is of the envelope instead: `$url`, `$n`, `$row`, `$name`, `$ancestors`. */
  readonly path: readonly string[]
}

/** What a cell has. Objects and arrays are in it as JSON text. */
export type Cell = string | number | boolean | null

/** Why a record cannot be a row. */
export interface Refusal {
  readonly reason: string
  /** What of it is new, where it is for want of columns. */
  readonly gap?: ColumnGap
}

const ENVELOPE = new Set(['$url', '$n', '$row', '$name', '$ancestors'])

/**
 * The columns of `--columns a,b=@_id,c=author.last`: a name each, and where its value is, if not under that name.
 * @throws MillError OPTIONS_INVALID
 */
export function parseColumns(texts: readonly string[]): readonly Column[] {
  const names = new Set<string>()
  const columns: Column[] = []
  for (const text of texts.flatMap((list) => list.split(',')).map((item) => item.trim())) {
    const equals = text.indexOf('=')
    const name = (equals === -1 ? text : text.slice(0, equals)).trim()
    const path = (equals === -1 ? text : text.slice(equals + 1)).trim().split('.')
    if (name === '' || path.includes(''))
      throw new MillError(
        'OPTIONS_INVALID',
        `--columns has "${text}"; it takes NAME or NAME=PATH, such as last=author.last`,
      )
    const isKnown = !path[0]?.startsWith('$') || ENVELOPE.has(path[0])
    if (!isKnown)
      throw new MillError(
        'OPTIONS_INVALID',
        `--columns has ${text}; of the envelope it takes ${[...ENVELOPE].join(', ')}`,
      )
    if (names.has(name)) throw new MillError('OPTIONS_INVALID', `--columns names ${name} twice`)
    names.add(name)
    columns.push({ name, path })
  }
  return columns
}

/** What a record has at a path. Into an array a step goes by number (from 0), or else into each of its items. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const [index, step] of path.entries()) {
    if (Array.isArray(at)) {
      if (/^\d+$/.test(step)) {
        at = at[Number(step)]
        continue
      }
      const rest = path.slice(index)
      const found = at.map((item) => valueAt(item, rest)).filter((item) => item !== undefined)
      return found.length === 0 ? undefined : found
    }
    if (typeof at !== 'object' || at === null) {
      // An element with text alone is the text; what is single is the first of one.
      const isItself = index === path.length - 1 && at !== undefined && at !== null
      return isItself && (step === '0' || step === TEXT) ? at : undefined
    }
    const whole = index === 0 ? path.join('.') : path.slice(index).join('.')
    // Names of XML may have dots in them.
    if (Object.hasOwn(at, whole)) return own(at, whole)
    if (step === '0' && !Object.hasOwn(at, step)) continue
    at = own(at, step)
  }
  return at
}

const TEXT = '#text'

function own(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}

/** A value as a cell. */
export function toCell(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}

/** A record's cells, or why it has none: where every column is empty, nothing of it would be kept. */
export function cellsOf(columns: readonly Column[], line: RecordLine): readonly Cell[] | Refusal {
  const record = parseRecord(line)
  let isEmpty = true
  let isWellFormed = true
  const cells = columns.map(({ path }) => {
    const cell = toCell(path[0]?.startsWith('$') === true ? ofEnvelope(line, path) : valueAt(record, path))
    isEmpty &&= cell === null
    isWellFormed &&= typeof cell !== 'string' || cell.isWellFormed()
    return cell
  })
  if (!isWellFormed) return { reason: 'it has half of a surrogate pair, which UTF-8 cannot carry' }
  return isEmpty ? { reason: 'it has none of the columns' } : cells
}

function ofEnvelope(line: RecordLine, [part, ...path]: readonly string[]): unknown {
  switch (part) {
    case '$url':
      return line.url
    case '$n':
      return line.n
    case '$row':
      return line.row
    case '$name':
      return line.name
    default:
      return line.ancestors === undefined ? undefined : valueAt(JSON.parse(line.ancestors), path)
  }
}

export function isRefusal(result: readonly unknown[] | Refusal): result is Refusal {
  return 'reason' in result
}

/** A line for the file of rejects. */
export function refusedLine({ url, n, row, name, json, xml }: RecordLine, { reason }: Refusal): Buffer {
  return rejectLine({ url, n, ...(row > 0 && { row }), name, code: 'RECORD_REFUSED', reason }, json, xml)
}
