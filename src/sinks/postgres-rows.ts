/** Rows in the text format of COPY (postgresql.org/docs/current/sql-copy.html). */
import type { Cell } from './columns.ts'

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

export function copyRow(cells: readonly Cell[]): string {
  return `${cells.map(copyField).join('\t')}\n`
}

function copyField(cell: Cell): string {
  if (cell === null) return '\\N'
  if (typeof cell !== 'string') return String(cell)
  return /[\\\t\n\r]/.test(cell) ? cell.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? '') : cell
}

/** Why PostgreSQL would refuse a cell; nothing of the rest of the group would then be kept either. */
export function unstorable(cell: Cell, isJson: boolean): string | undefined {
  if (typeof cell !== 'string') return undefined
  if (!isJson) return cell.includes('\0') ? 'PostgreSQL has no text with U+0000 in it' : undefined
  if (!cell.includes('\\u')) return undefined
  // Written anew, what is left escaped is a control character or half of a surrogate pair.
  const text = JSON.stringify(JSON.parse(cell))
  return /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)
    ? 'PostgreSQL has no JSON with U+0000 or half of a surrogate pair in it'
    : undefined
}
