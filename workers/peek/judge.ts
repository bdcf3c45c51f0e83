/** Says what a run would refuse a document for: the run's parser reads the same bytes, and cuts no records. */
import { type Failure, MillError } from '../../src/errors.ts'
import type { ThreadOptions } from '../../src/options.ts'
import { placedInBody } from '../body-place.ts'
import type { Decoder } from '../charset/decoder.ts'
import type { Parser, RecordParser } from '../xml/parser.ts'

/** No element is a record: else one that is no record of the run could be too large. */
const NO_RECORD = '{urn:xmlmill:no-record}none'

/** Opens documents to be judged. A run with another parser judges as the profile's does: then there is none. */
export async function loadJudging(options: ThreadOptions): Promise<Parser | undefined> {
  if (options.parser !== 'engine') return undefined
  const { createEngine } = await import('../xml/engine/engine.ts')
  const { maxDepth, maxRecordBytes, namespaces } = options
  return createEngine({ record: [NO_RECORD], array: [], envelope: false, maxDepth, maxRecordBytes, namespaces })
}

export class Judge implements Disposable {
  readonly #document: RecordParser
  readonly #decoder: Decoder
  #fault: Failure | undefined

  constructor(parser: Parser, decoder: Decoder) {
    this.#document = parser.open({ url: '' }, () => {})
    this.#decoder = decoder
  }

  get fault(): Failure | undefined {
    return this.#fault
  }

  write(bytes: Uint8Array): void {
    this.#read(() => this.#document.write(bytes))
  }

  /** The document is whole. */
  end(): void {
    this.#read(() => this.#document.end())
  }

  [Symbol.dispose](): void {
    this.#document.close()
  }

  #read(step: () => void): void {
    if (this.#fault !== undefined) return
    try {
      step()
    } catch (thrown) {
      const placed = placedInBody(thrown, this.#decoder)
      if (!(placed instanceof MillError)) throw placed
      this.#fault = placed.toFailure()
    }
  }
}
