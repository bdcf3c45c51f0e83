/** Rows of CSV as RFC 4180 has them. */
import type { Cell } from './columns.ts'

/** A row with its CRLF. Nothing is an empty field, an empty text two quotes; nothing in it is changed. */
export function csvRow(cells: readonly Cell[]): string {
  // One empty field alone would be an empty line, which readers skip.
  if (cells.length === 1 && cells[0] === null) return '""\r\n'
  return `${cells.map(csvField).join(',')}\r\n`
}

function csvField(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

const QUOTE = 0x22
const LF = 0x0a

/** Counts rows as their bytes come, cut anywhere. */
export class CsvRowCounter {
  #isQuoted = false
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === QUOTE) this.#isQuoted = !this.#isQuoted
      else if (byte === LF && !this.#isQuoted) this.#rows += 1
    }
  }
}
