/** A sink that is a loop: documents are handed over one at a time, and the next is offered when the last is done with. */
import type { DoneDocument, FailedDocument, SettledDocument, Sink } from './sink.ts'

/** What is unchanged is in the output already, as what was skipped. */
export type HandedOver = DoneDocument | FailedDocument

interface Offer {
  readonly document: HandedOver
  readonly taken: () => void
}

export class Handover implements Sink {
  #offer: Offer | undefined
  #wake: (() => void) | undefined
  #isEnded = false

  async write(documents: readonly SettledDocument[]): Promise<void> {
    for (const document of documents) {
      if (this.#isEnded) return
      if (document.status === 'unchanged') continue
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#offer = { document, taken: resolve }
      this.#wake?.()
      await promise
    }
  }

  async close(): Promise<void> {}

  /** No more documents will come, or nobody will take them. */
  end(): void {
    this.#isEnded = true
    this.#offer?.taken()
    this.#wake?.()
  }

  /** The loop's side. A document is valid until the next one is asked for. */
  async *documents(): AsyncGenerator<HandedOver, void> {
    for (;;) {
      const offer = this.#offer
      if (offer !== undefined) {
        yield offer.document
        this.#offer = undefined
        offer.taken()
      } else if (this.#isEnded) return
      else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        this.#wake = undefined
      }
    }
  }
}
