import { EventEmitter } from 'node:events'

/**
 * What a terminal shows after what was written to it: line feeds, carriage returns, cursor up, the two erasures, and
 * wrapping at the right edge. A resize breaks lines anew, as most terminals do. Colour is dropped; anything else throws.
 */
export class TerminalScreen extends EventEmitter {
  readonly isTTY = true
  columns: number
  readonly rows: number
  writes = 0
  readonly #lines: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns: number, rows = 24) {
    super()
    this.columns = columns
    this.rows = rows
  }

  /** Lines from the first one ever written, without trailing blank ones. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd())
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  get text(): string {
    return this.lines.join('\n')
  }

  write(text: string): boolean {
    this.writes++
    for (const [token] of text.matchAll(/\x1b\[[0-9;?]*[A-Za-z]|[\s\S]/gu)) this.#put(token)
    return true
  }

  resize(columns: number): void {
    const rows = Math.max(...this.#lines.map((line) => line.trimEnd().length), columns)
    if (rows > columns) {
      const old = this.#lines.splice(0)
      for (const [index, line] of old.entries()) {
        if (index === this.#row) this.#row = this.#lines.length
        const broken = line.trimEnd().match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']
        this.#lines.push(...broken)
      }
    }
    this.columns = columns
    this.emit('resize')
  }

  #put(token: string): void {
    const line = this.#lines[this.#row] ?? ''
    if (token === '\n') {
      this.#row++
      this.#column = 0
      while (this.#lines.length <= this.#row) this.#lines.push('')
    } else if (token === '\r') {
      this.#column = 0
    } else if (token === '\x1b[K') {
      this.#lines[this.#row] = line.slice(0, this.#column)
    } else if (token === '\x1b[J') {
      this.#lines[this.#row] = line.slice(0, this.#column)
      this.#lines.length = this.#row + 1
    } else if (/^\x1b\[\d+A$/.test(token)) {
      this.#row = Math.max(0, this.#row - Number.parseInt(token.slice(2), 10))
    } else if (/^\x1b\[[0-9;]*m$/.test(token)) {
      return
    } else if (token.charCodeAt(0) < 0x20) {
      throw new Error(`the screen does not know ${JSON.stringify(token)}`)
    } else {
      if (this.#column === this.columns) this.#put('\n')
      const present = (this.#lines[this.#row] ?? '').padEnd(this.#column)
      this.#lines[this.#row] = present.slice(0, this.#column) + token + present.slice(this.#column + token.length)
      this.#column += token.length
    }
  }
}
