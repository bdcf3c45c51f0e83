/** All rows of the table, by columns, and the view of them that is asked for. */
import type { RowChunk } from '../report-data.ts'

export type TextColumn = 'url' | 'host' | 'code' | 'message'
export type NumberColumn = Exclude<keyof RowChunk, TextColumn>
export type SortColumn = keyof RowChunk | 'totalMs'
export type Filter = 'all' | 'done' | 'failed' | 'retried' | 'rejected'

export interface View {
  readonly search: string
  readonly filter: Filter
  readonly sort: SortColumn
  readonly isDescending: boolean
}

const TEXT: readonly TextColumn[] = ['url', 'host', 'code', 'message']
const NUMBERS: readonly NumberColumn[] = [
  'id',
  'attempts',
  'thread',
  'startMs',
  'endMs',
  'writtenMs',
  'downloadMs',
  'parseMs',
  'transformMs',
  'creditMs',
  'wireBytes',
  'decodedBytes',
  'records',
  'rejected',
]

export class Documents {
  readonly #text: Readonly<Record<TextColumn, string[]>> = { url: [], host: [], code: [], message: [] }
  readonly #numbers = new Map<NumberColumn, number[]>(NUMBERS.map((name) => [name, []]))
  /** What a search looks at. */
  readonly #lower: string[] = []

  get count(): number {
    return this.#lower.length
  }

  /** Rows of a chunk beyond the first `known`, which are there already. */
  add(chunk: RowChunk, known = 0): void {
    for (const name of TEXT) for (const value of chunk[name].slice(known)) this.#text[name].push(value)
    for (const name of NUMBERS) {
      const values = this.#numbers.get(name) ?? []
      for (const value of chunk[name].slice(known)) values.push(value)
    }
    for (let row = this.#lower.length; row < this.#text.url.length; row += 1) {
      this.#lower.push(
        `${this.text('url', row)}\n${this.text('code', row)}\n${this.text('message', row)}`.toLowerCase(),
      )
    }
  }

  text(name: TextColumn, row: number): string {
    return this.#text[name][row] ?? ''
  }

  number(name: NumberColumn, row: number): number {
    return this.#numbers.get(name)?.[row] ?? 0
  }

  /** From the start of the last attempt to the records' being in the output. */
  totalMs(row: number): number {
    return this.number('writtenMs', row) - this.number('startMs', row)
  }

  /** The rows that the view shows, in its order. */
  select(view: View): Uint32Array {
    const words = view.search
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '')
    const rows = new Uint32Array(this.count)
    let length = 0
    for (let row = 0; row < this.count; row += 1) {
      if (!this.#passes(row, view.filter)) continue
      const text = this.#lower[row] ?? ''
      if (words.every((word) => text.includes(word))) rows[length++] = row
    }
    return this.#sorted(rows.subarray(0, length), view)
  }

  #passes(row: number, filter: Filter): boolean {
    switch (filter) {
      case 'all':
        return true
      case 'done':
        return this.text('code', row) === ''
      case 'failed':
        return this.text('code', row) !== ''
      case 'retried':
        return this.number('attempts', row) > 1
      case 'rejected':
        return this.number('rejected', row) > 0
    }
  }

  #sorted(rows: Uint32Array, { sort, isDescending }: View): Uint32Array {
    const sign = isDescending ? -1 : 1
    if (isText(sort)) {
      const values = this.#text[sort]
      const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
      return rows.sort((a, b) => sign * compare(values[a] ?? '', values[b] ?? '') || a - b)
    }
    // Looked up once: a comparison of 100,000 rows asks two million times.
    const keys = new Float64Array(this.count)
    for (const row of rows) keys[row] = sort === 'totalMs' ? this.totalMs(row) : this.number(sort, row)
    return rows.sort((a, b) => sign * ((keys[a] ?? 0) - (keys[b] ?? 0)) || a - b)
  }
}

function isText(column: SortColumn): column is TextColumn {
  return TEXT.some((name) => name === column)
}
