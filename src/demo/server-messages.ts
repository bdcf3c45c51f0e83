/** What passes between the demonstration and the thread of its server. */
import type { ErrorCode } from '../errors.ts'

/** Given to the thread at its start. */
export interface ServerData {
  readonly chaos: boolean
  readonly seed: number
  /** Two Int32: shared, so that they can be read without asking. */
  readonly requests: SharedArrayBuffer
}

export const REQUESTS_MOST = 0
export const REQUESTS_TOTAL = 1

/** Sent once, when the server listens. */
export interface ServerReady {
  /** In the order of the list. */
  readonly urls: readonly string[]
  /** `paper` elements of the documents that can be milled. */
  readonly expectedRecords: number
  /** Length of the documents that can be milled, together. */
  readonly expectedBytes: number
  /** The others, with the code that each must end with. */
  readonly expectedFailures: ReadonlyMap<string, ErrorCode>
}
