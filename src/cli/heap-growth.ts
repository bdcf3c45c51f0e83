/** How much garbage the heaps of this process may gather. */
import { setFlagsFromString } from 'node:v8'
import type { RunEvent } from '../report/events.ts'

/** Documents, and milliseconds, after which the choice is made anew. */
const SPAN_DOCUMENTS = 200
const SPAN_MS = 1000

/** Decoded bytes of a document from which its records, not what it leaves behind, are most of what the main thread has. */
const LARGE_BYTES = 64 << 10

/** What a heap may grow by until old objects are looked through, in percent of those that lived the last time. */
export type Growth = 100 | 400 | 'default'

/**
 * Chooses how far heaps may grow, by the documents that have been settled of late; V8 does, until there are some.
 *
 * What a document leaves on the main thread is dead within a second, while V8 lets the space for new objects grow to 100 MB and old ones to
 * four times what lives before it looks: 170 MB of a million lines, of which 13 were alive. But the memory of records counts as old, too, and
 * a few large documents fill what is left in a heap of 8 MB each time anew, though all of it is given back without being looked for: 10 times a
 * second everything was marked, for a tenth of the run's processor time.
 */
export class HeapGrowth {
  readonly #choose: (growth: Growth) => void
  #chosen: Growth | undefined
  #spanFrom = 0
  #documents = 0
  #bytes = 0

  /** @param choose is told each choice that is another than the last */
  constructor(choose: (growth: Growth) => void = growBy) {
    this.#choose = choose
  }

  add(event: RunEvent): void {
    if (event.type === 'document-done') {
      this.#documents += 1
      this.#bytes += event.facts.decodedBytes
    } else if (event.type === 'document-failed' || event.type === 'document-unchanged') this.#documents += 1
    else if (event.type === 'documents-skipped') this.#documents += event.documents
    else if (event.type !== 'load-sampled') return
    const isLong = event.type === 'load-sampled' && event.at >= this.#spanFrom + SPAN_MS
    if (this.#documents >= SPAN_DOCUMENTS || (isLong && this.#documents > 0)) this.#endSpan(event.at)
  }

  /** What comes next in this process has V8's own choice. */
  [Symbol.dispose](): void {
    if (this.#chosen !== undefined) this.#choose('default')
  }

  #endSpan(at: number): void {
    const growth = this.#bytes >= LARGE_BYTES * this.#documents ? 400 : 100
    if (growth !== this.#chosen) this.#choose(growth)
    this.#chosen = growth
    this.#spanFrom = at
    this.#documents = 0
    this.#bytes = 0
  }
}

/**
 * For a process that is ours alone: the flags hold for all threads. A transform may have a heap of another kind and is not to pay for it.
 * Not before the first threads have started, for a thread that starts later compiles Node's own code anew, instead of taking it from its
 * snapshot (70 ms of processor time, measured).
 */
export function growBy(growth: Growth): void {
  setFlagsFromString(`--semi-space-growth-factor=${growth === 'default' ? 2 : 1}`)
  setFlagsFromString(`--heap-growing-percent=${growth === 'default' ? 0 : growth}`)
}
