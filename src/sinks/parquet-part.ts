/** Part files of a Parquet output: what their bytes are, and the same rows again without some of them. */
import { readFile } from 'node:fs/promises'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import type { Cell } from './columns.ts'

/** What a part is called, counted from 0. */
export function partName(place: number): string {
  return `part-${String(place).padStart(5, '0')}.parquet`
}

/** A column of a part. */
export interface PartColumn {
  readonly name: string
  readonly cells: readonly Cell[]
  /** Whether all cells are whole numbers; else they are text. */
  readonly isNumber: boolean
}

export function parquetBytes(columns: readonly PartColumn[]): Uint8Array {
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    columnData: columns.map(({ name, cells, isNumber }) =>
      isNumber
        ? { name, data: [...cells], type: 'INT32', nullable: false }
        : { name, data: cells.map((cell) => (cell === null ? null : String(cell))), type: 'STRING' },
    ),
  })
  return writer.getBytes()
}

/** A part as it is read, whole in memory. */
export class PartFile {
  readonly #file: ArrayBuffer
  readonly columns: readonly Readonly<Pick<PartColumn, 'name' | 'isNumber'>>[]

  /** @throws what hyparquet throws of bytes that are no Parquet file */
  constructor({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>) {
    this.#file = buffer.slice(byteOffset, byteOffset + byteLength)
    const [, ...columns] = parquetMetadata(this.#file).schema
    this.columns = columns.map(({ name, type }) => ({ name, isNumber: type === 'INT32' }))
  }

  static async open(path: string): Promise<PartFile> {
    return new PartFile(await readFile(path))
  }

  get rows(): number {
    return Number(parquetMetadata(this.#file).num_rows)
  }

  /** The cells of these columns, row by row. */
  read(columns: string[]): Promise<Record<string, unknown>[]> {
    return parquetReadObjects({ file: this.#file, columns })
  }

  /** The rows of the documents that are kept, in these columns; those that the part does not have are empty. */
  async again(
    names: readonly string[],
    isKept: (url: string) => boolean,
  ): Promise<{ readonly rows: number; readonly bytes: Uint8Array }> {
    const all: readonly Readonly<Record<string, Cell>>[] = await parquetReadObjects({ file: this.#file })
    const rows = all.filter(({ url }) => isKept(String(url)))
    const bytes = parquetBytes(
      names.map((name) => ({
        name,
        cells: rows.map((row) => row[name] ?? null),
        isNumber: this.columns.some((column) => column.name === name && column.isNumber),
      })),
    )
    return { rows: rows.length, bytes }
  }
}
