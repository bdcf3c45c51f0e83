import type { ElementForms } from '../model.ts'

/** Names that are followed: more than documents made by people have. */
const MAX_NAMES = 20_000

/** Which elements are single in one place and several in another, over all documents. */
export class FormsFold {
  readonly #single = new Set<string>()
  readonly #repeated = new Set<string>()

  add({ single, repeated }: ElementForms): void {
    for (const name of single) if (this.#single.size < MAX_NAMES) this.#single.add(name)
    for (const name of repeated) if (this.#repeated.size < MAX_NAMES) this.#repeated.add(name)
  }

  /** In alphabetical order. */
  varying(): readonly string[] {
    return Array.from(this.#repeated)
      .filter((name) => this.#single.has(name))
      .sort()
  }
}
