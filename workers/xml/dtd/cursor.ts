import { isCharacter, isSpace, nameEnd } from './names.ts'

/** What is wrong in a document type declaration, and where: the host knows line and column, this only the offset. */
export class DoctypeError extends Error {
  override readonly name = 'DoctypeError'
  /** UTF-16 index in the text of the declaration. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** What a reference in a literal refers to. */
export type Reference =
  | { readonly kind: 'character'; readonly text: string }
  | { readonly kind: 'entity'; readonly name: string }

/**
 * A reading position in the declaration's text, or in the replacement text of a parameter entity that it refers to.
 * Every method either moves past what it names or throws a DoctypeError that says what was expected.
 */
export class Cursor {
  readonly text: string
  /** True in the text of the document itself, whose line ends are not yet normalised (2.11). */
  readonly isDocument: boolean
  readonly #origin: number | undefined
  at = 0

  /** `origin`: the offset of the reference whose replacement text this is; errors inside are reported there. */
  constructor(text: string, origin?: number) {
    this.text = text
    this.isDocument = origin === undefined
    this.#origin = origin
  }

  get offset(): number {
    return this.offsetOf(this.at)
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  offsetOf(at: number): number {
    return this.#origin ?? at
  }

  error(message: string, at = this.at): DoctypeError {
    return new DoctypeError(message, this.offsetOf(at))
  }

  /** For messages: what stands here. */
  found(): string {
    const code = this.text.codePointAt(this.at)
    if (code === undefined) return 'its end'
    const end = nameEnd(this.text, this.at + 1)
    if (code === 0x25 && this.text[end] === ';') {
      return `${this.text.slice(this.at, end + 1)}: a parameter entity reference cannot stand inside a declaration`
    }
    return JSON.stringify(String.fromCodePoint(code))
  }

  sees(token: string): boolean {
    return this.text.startsWith(token, this.at)
  }

  accept(token: string): boolean {
    if (!this.sees(token)) return false
    this.at += token.length
    return true
  }

  expect(token: string, where: string): void {
    if (!this.accept(token)) throw this.error(`${where} needs ${JSON.stringify(token)} here, not ${this.found()}`)
  }

  /** S? and whether there was any. */
  skipSpace(): boolean {
    const from = this.at
    while (isSpace(this.text.charCodeAt(this.at))) this.at++
    return this.at > from
  }

  /** S */
  expectSpace(where: string): void {
    if (!this.skipSpace()) throw this.error(`${where} needs white space here, not ${this.found()}`)
  }

  /** Name, or Nmtoken when `token`. */
  name(what: string, token = false): string {
    const end = nameEnd(this.text, this.at, token)
    if (end === this.at) {
      throw this.error(`${what} is expected here, not ${this.found()}`)
    }
    const name = this.text.slice(this.at, end)
    this.at = end
    return name
  }

  /** Everything up to `end`, and past it. */
  until(end: string, what: string): string {
    const at = this.text.indexOf(end, this.at)
    if (at < 0) throw this.error(`${what} is not closed by ${JSON.stringify(end)}`)
    const text = this.text.slice(this.at, at)
    this.at = at + end.length
    return text
  }

  /** A quoted literal: a cursor over the document's text that ends before the closing quote, ours being behind it. */
  literal(what: string): Literal {
    const quote = this.text[this.at]
    if (quote !== '"' && quote !== "'") throw this.error(`${what} is expected here in quotes, not ${this.found()}`)
    this.at++
    const from = this.at
    const text = this.until(quote, what)
    return { text, from }
  }
}

export interface Literal {
  /** Between the quotes. */
  readonly text: string
  /** Where that begins in the cursor's text. */
  readonly from: number
}

/** Reads the reference that the `&` at `at` begins. Its end is where the next character stands. */
export function readReference(
  text: string,
  at: number,
  fail: (message: string) => Error,
): { reference: Reference; end: number } {
  if (text.charCodeAt(at + 1) !== 0x23) {
    const end = nameEnd(text, at + 1)
    if (end === at + 1) throw fail('"&" begins no reference: write "&amp;"')
    if (text[end] !== ';') throw fail(`the reference "${text.slice(at, end)}" is not closed by ";"`)
    return { reference: { kind: 'entity', name: text.slice(at + 1, end) }, end: end + 1 }
  }
  CHARACTER_REFERENCE.lastIndex = at
  const match = CHARACTER_REFERENCE.exec(text)
  if (match === null) throw fail('"&#" needs decimal digits, or "x" and hexadecimal digits, and then ";"')
  const [whole, decimal, hexadecimal] = match
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number.parseInt(decimal, 10)
  if (!isCharacter(code)) throw fail(`"${whole.slice(0, 20)}" refers to no character that XML allows`)
  return { reference: { kind: 'character', text: String.fromCodePoint(code) }, end: at + whole.length }
}

const CHARACTER_REFERENCE = /&#(?:([0-9]+)|x([0-9A-Fa-f]+));/y
