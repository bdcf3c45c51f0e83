/** Text that is safe and fits on a terminal: colour, width in columns, cutting. */
import { styleText } from 'node:util'

export type Format = Parameters<typeof styleText>[0]

/** Puts colour on a text, or leaves it alone. */
export type Paint = (format: Format, text: string) => string

export function createPaint(color: boolean): Paint {
  // Whether there is to be colour is decided once, by wantsColor, and not by styleText's look at stdout.
  if (!color) return (_format, text) => text
  return (format, text) => (text === '' ? '' : styleText(format, text, { validateStream: false }))
}

/**
 * Whether a stream gets colour: FORCE_COLOR, else NO_COLOR, else a terminal that is not dumb. The order is Node's own
 * (tty.WriteStream.getColorDepth), which counts for terminals only: FORCE_COLOR is wanted most where there is none.
 */
export function wantsColor(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const force = env.FORCE_COLOR
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  return stream.isTTY === true && env.TERM !== 'dumb'
}

const NARROW_ONLY = /^[\x20-\x7e]*$/
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u
/** East Asian Wide and Fullwidth (Unicode Standard Annex #11), by blocks, and emoji. */
const DOUBLE_WIDTH =
  /[\u1100-\u115f\u231a\u231b\u23e9-\u23ec\u2614\u2615\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Columns that a text without escape sequences takes. Sequences joined into one emoji count as their parts: too wide never wraps, too narrow would. */
export function textWidth(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0
  return DOUBLE_WIDTH.test(character) ? 2 : 1
}

/** At most `columns` wide, the end replaced by `…` when it has to be cut. */
export function cutEnd(text: string, columns: number): string {
  return textWidth(text) <= columns ? text : `${take(Array.from(text), columns - 1)}${columns > 0 ? '…' : ''}`
}

/** As `cutEnd`, but cuts the beginning: the end of a document's name tells it from its neighbours. */
export function cutStart(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  const kept = take(Array.from(text).reverse(), columns - 1)
  return `${columns > 0 ? '…' : ''}${Array.from(kept).reverse().join('')}`
}

function take(characters: readonly string[], columns: number): string {
  let taken = ''
  let width = 0
  for (const character of characters) {
    width += characterWidth(character)
    if (width > columns) break
    taken += character
  }
  return taken
}

/** Padded with spaces on the right to a width. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)))
}

/** Line breaks become spaces and other control characters `\ufffd`: URLs and messages hold bytes of strangers, which must not drive the terminal. */
export function printable(text: string): string {
  return text
    .replace(/[\r\n\t\u2028\u2029]+\s*/g, ' ')
    .replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** A piece of a line; pieces of the lowest rank are left out first when the line is too narrow. */
export interface Piece {
  readonly text: string
  readonly rank: number
  readonly format?: Format
}

/** Pieces in a row, those of the highest rank that fit. The last one standing is cut. */
export function fitPieces(pieces: readonly Piece[], separator: string, columns: number, paint: Paint): string {
  let kept = pieces.filter((piece) => piece.text !== '')
  const gap = textWidth(separator)
  const width = (): number => kept.reduce((sum, piece) => sum + textWidth(piece.text) + gap, -gap)
  while (kept.length > 1 && width() > columns) {
    const lowest = Math.min(...kept.map((piece) => piece.rank))
    const last = kept.findLastIndex((piece) => piece.rank === lowest)
    kept = kept.filter((_, index) => index !== last)
  }
  return kept
    .map(({ text, format }) => {
      const fitting = cutEnd(text, columns)
      return format === undefined ? fitting : paint(format, fitting)
    })
    .join(separator)
}
