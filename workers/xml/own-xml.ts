/** The XML of records as the document has it: the gate's text, which records have their places in, has its line ends normalised. */
import type { RecordRange } from './gate/gate.ts'

const CR_LF = '\r\n'

export class OwnXml {
  readonly #source: string
  /** How many CR LF stand before the places asked for so far: each is one character in the gate's text. */
  #pairs = 0
  /** The next of them in the source; -1 when there is none. */
  #next: number

  constructor(source: string) {
    this.#source = source
    this.#next = source.indexOf(CR_LF)
  }

  /** Of one record after the other, in document order. */
  of({ start, end }: Pick<RecordRange, 'start' | 'end'>): string {
    const from = this.#place(start)
    return this.#source.slice(from, this.#place(end))
  }

  #place(offset: number): number {
    while (this.#next !== -1 && this.#next - this.#pairs < offset) {
      this.#pairs += 1
      this.#next = this.#source.indexOf(CR_LF, this.#next + CR_LF.length)
    }
    return offset + this.#pairs
  }
}
