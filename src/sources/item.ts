import type { ErrorCode } from '../errors.ts'

/** What an origin of URLs gives before anybody has judged it. */
export interface Item {
  /** As it stands, white space at the ends removed. */
  readonly text: string
  /** Which line, argument or item of its origin, from 1. */
  readonly number: number
  /** Already known to be no document, and why: the second half of a message that begins with the place. */
  readonly fault?: string
  /** What kind of fault that is. Default: URL_INVALID. */
  readonly code?: ErrorCode
}

/**
 * Items to be had without waiting, for to await every line of a million by itself takes seconds. To be taken before the next
 * batch is asked for. Made as they are taken, so that they die young: in arrays they survive the collector's first round and the
 * heap grows by 20 MB over a long list.
 */
export type Batch = Iterable<Item>

/** One list, or all arguments. */
export interface Origin {
  readonly batches: AsyncIterable<Batch>
  /** `urls.txt:17`, `argument 2`. */
  place(number: number): string
}
