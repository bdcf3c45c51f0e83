/** How often the input's own length its entities may expand to, once past the floor: expat's figures. */
const MAX_AMPLIFICATION = 100
const FLOOR_LENGTH = 8 << 20
/** Entities inside entities: as libxml2 allows with its limits lifted. */
const MAX_DEPTH = 40

/** Keeps small declarations from becoming gigabytes ("billion laughs"). Lengths are UTF-16 units. */
export class ExpansionBudget {
  readonly #inputLength: number
  readonly #open: string[] = []
  #expandedLength = 0

  constructor(inputLength: number) {
    this.#inputLength = inputLength
  }

  /** Whether an expansion to so much in all is too large. */
  isExceededBy(length: number): boolean {
    return length > FLOOR_LENGTH && length > MAX_AMPLIFICATION * this.#inputLength
  }

  /**
   * Runs `use` on an entity's replacement text.
   * @throws the error that `fail` makes, when the entity contains itself, or the expansion is too deep or too large
   */
  expand(entity: string, text: string, fail: (message: string) => Error, use: () => void): void {
    if (this.#open.includes(entity))
      throw fail(`the entity ${entity} contains itself: ${[...this.#open, entity].join(' > ')}`)
    if (this.#open.length >= MAX_DEPTH) throw fail(`entities are nested more than ${MAX_DEPTH} deep at ${entity}`)
    this.#expandedLength += text.length
    if (this.isExceededBy(this.#expandedLength)) {
      throw fail(`entities expand to more than ${MAX_AMPLIFICATION} times the length of the declarations, at ${entity}`)
    }
    this.#open.push(entity)
    use()
    this.#open.pop()
  }
}
