/** What the origin server is asked for and what it says: its paths, and the one message that it sends when it is ready. */

/** The server's one argument, as JSON. */
export interface OriginOptions {
  readonly seed: number
  /** Different documents of all sizes, together. */
  readonly mixedBytes: number
  /** A folder of real documents in place of the generated mixed ones. */
  readonly corpus?: string | undefined
}

export interface Ready {
  readonly port: number
  /** Bytes of each mixed document; they are `/mixed/0.xml` and so on. */
  readonly mixed: readonly number[]
  /** Equal documents of 2 MB. */
  readonly equal: readonly number[]
  /** Equal documents of 50 KB. */
  readonly middling: readonly number[]
  /** Documents of 1 KB. */
  readonly tiny: readonly number[]
}

/** The pools by the first part of their paths. */
export type Pool = Exclude<keyof Ready, 'port'>

/**
 * The path of a document: `prefix` makes it another URL for the same document, `latencyMs` and `bytesPerSecond` hold the
 * answer back.
 */
export interface Address {
  readonly pool: Pool
  readonly index: number
  readonly prefix: number
  readonly latencyMs?: number
  readonly bytesPerSecond?: number
}

export function pathOf({ pool, index, prefix, latencyMs = 0, bytesPerSecond = 0 }: Address): string {
  return `/${latencyMs}/${bytesPerSecond}/${prefix}/${pool}/${index}.xml`
}

/** One document of about `bytes`. */
export function hugePath(bytes: number): string {
  return `/0/0/0/huge/${bytes}.xml`
}
