/** Fields of CSV as they stand in a file. */

const QUOTE = '"'

/**
 * Cuts rows into fields as their text comes, cut anywhere. A field stays what it is, quotes and all; with text of one character a byte (latin1)
 * so do its bytes. Rows end with CRLF, as ours do.
 */
export class CsvFields {
  #carried = ''

  /** The rows that are whole by now. */
  add(text: string): readonly (readonly string[])[] {
    const all = this.#carried + text
    const rows: (readonly string[])[] = []
    let from = 0
    for (let row = readRow(all, from); row !== undefined; row = readRow(all, from)) {
      from = row.end
      rows.push(row.fields)
    }
    this.#carried = all.slice(from)
    return rows
  }
}

/** The row that begins there, or undefined where its end has not come yet. */
function readRow(text: string, from: number): { readonly fields: readonly string[]; readonly end: number } | undefined {
  const fields: string[] = []
  for (let at = from; at < text.length; ) {
    const end = fieldEnd(text, at)
    if (end === undefined) return undefined
    fields.push(text.slice(at, end))
    if (text[end] !== ',') return end + 1 < text.length ? { fields, end: end + 2 } : undefined
    at = end + 1
    // The last field of a row may be nothing.
    if (at === text.length) return undefined
  }
  return undefined
}

/** Where the field ends that begins there: at a comma or a CR. */
function fieldEnd(text: string, from: number): number | undefined {
  if (text[from] !== QUOTE) {
    for (let at = from; at < text.length; at++) if (text[at] === ',' || text[at] === '\r') return at
    return undefined
  }
  for (let at = text.indexOf(QUOTE, from + 1); at !== -1; at = text.indexOf(QUOTE, at + 2)) {
    if (at + 1 === text.length) return undefined
    if (text[at + 1] !== QUOTE) return at + 1
  }
  return undefined
}

/** What a field says. */
export function fieldValue(field: string): string {
  return field.startsWith(QUOTE) ? field.slice(1, -1).replaceAll('""', '"') : field
}
