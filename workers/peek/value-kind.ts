/** What a text looks like to somebody who wants to store it. */
import type { ValueKind } from '../../src/channel/document-profile.ts'

const INTEGER = /^-?(?:0|[1-9]\d*)$/
const PADDED = /^-?0\d+$/
const DECIMAL = /^-?(?:0|[1-9]\d*)\.\d+$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const DATETIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d+)?)?(?:Z|[+-][01]\d:?[0-5]\d)?$/

/** Digits that a double always keeps, and `--values` therefore takes. */
const MAX_DIGITS = 15

/** Longer texts are not looked at: no number and no date is as long. */
export const MAX_KIND_CHARS = 64

/** @param text without white space at its ends */
export function valueKind(text: string): ValueKind {
  if (text === '') return 'empty'
  if (text.length > MAX_KIND_CHARS) return 'text'
  if (text === '-0') return 'inexact'
  if (INTEGER.test(text)) return digits(text) <= MAX_DIGITS ? 'integer' : 'long'
  if (PADDED.test(text)) return 'padded'
  if (DECIMAL.test(text)) return digits(text) <= MAX_DIGITS && String(Number(text)) === text ? 'decimal' : 'inexact'
  if (NUMBER.test(text)) return 'inexact'
  if (text === 'true' || text === 'false') return 'boolean'
  if (DATE.test(text)) return 'date'
  return DATETIME.test(text) ? 'datetime' : 'text'
}

function digits(text: string): number {
  return text.replace(/\D/g, '').length
}
