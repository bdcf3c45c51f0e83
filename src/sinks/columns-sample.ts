/** The columns of a file that were not named: taken from its first records, and then held. */
import { type Cell, type Refusal, toCell } from './columns.ts'
import { parseRecord, type RecordLine } from './record-lines.ts'

/** So many records are looked at. */
export const SAMPLE_RECORDS = 1000

/** So many keys without a column are told of. */
const MAX_MISSING = 500

export class ColumnSample {
  readonly #textKey: string
  readonly #keys = new Set<string>()
  #records = 0

  /** @param textKey the key of what is no object: an element with text alone, or what a transform returned */
  constructor(textKey: string) {
    this.#textKey = textKey
  }

  get records(): number {
    return this.#records
  }

  get isFull(): boolean {
    return this.#records >= SAMPLE_RECORDS
  }

  /** Keys in the order of their first appearance. */
  get keys(): readonly string[] {
    return [...this.#keys]
  }

  /** What is no row with any columns has no say in them. */
  add(line: RecordLine): void {
    const record = asObject(parseRecord(line), this.#textKey)
    if (misfitOf(record) !== undefined) return
    this.#records += 1
    for (const key of Object.keys(record)) this.#keys.add(key)
  }
}

/** Why a record can be no row, whatever the columns will be; undefined where it can. */
export function misfit(line: RecordLine, textKey: string): Refusal | undefined {
  return misfitOf(asObject(parseRecord(line), textKey))
}

function misfitOf(record: object): Refusal | undefined {
  for (const [key, value] of Object.entries(record)) {
    if (!key.isWellFormed()) return half('the name of a value')
    if (isHalf(toCell(value))) return half(key)
  }
  return undefined
}

function isHalf(cell: Cell): boolean {
  return typeof cell === 'string' && !cell.isWellFormed()
}

function half(what: string): Refusal {
  return { reason: `${what} has half of a surrogate pair, which UTF-8 cannot carry` }
}

function asObject(record: unknown, textKey: string): object {
  return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : { [textKey]: record }
}

/**
 * Makes rows of records by the keys of a sample.
 * @param named what --columns would have to be for the same columns
 * @param columnOf the same for one key more
 */
export function sampledCells(
  keys: readonly string[],
  textKey: string,
  named: readonly string[],
  columnOf: (key: string) => string,
): (line: RecordLine) => readonly Cell[] | Refusal {
  const places = new Map(keys.map((key, place) => [key, place]))
  const missing = new Set<string>()
  const refusal = (record: object, key: string): Refusal => {
    const isFirst = missing.size === 0
    const news = Object.keys(record).filter((one) => !places.has(one) && !missing.has(one))
    const told = news.slice(0, Math.max(0, MAX_MISSING - missing.size))
    for (const one of told) missing.add(one)
    return {
      reason: `it has ${key}, for which there is no column: the first ${SAMPLE_RECORDS} records had none`,
      ...(told.length > 0 && { gap: { present: isFirst ? named : [], missing: told.map(columnOf) } }),
    }
  }
  return (line) => {
    const cells = new Array<Cell>(keys.length).fill(null)
    const record = asObject(parseRecord(line), textKey)
    for (const [key, value] of Object.entries(record)) {
      const place = places.get(key)
      if (place === undefined) return misfitOf(record) ?? refusal(record, key)
      const cell = toCell(value)
      if (isHalf(cell)) return half(key)
      cells[place] = cell
    }
    return cells
  }
}
