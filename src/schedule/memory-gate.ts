/**
 * Whether there is memory for another document: by the bytes of those under way, as far as they are announced, and by the running average of
 * the ones before where not. One document always may, however large: it could never start otherwise.
 *
 * Pure. Records that wait for the output are not counted: they have a budget of their own, beyond which they go to files.
 */

/** Of the average, the newest document counts this much. */
const NEWEST = 1 / 16

/** What a thread takes by itself, and what main takes: records in memory, batches under way, code. */
const THREAD_BYTES = 32 << 20
const MAIN_BYTES = 128 << 20

/** What a document takes at least: buffers of its connection, its decompression and its batches. */
const LEAST_DOCUMENT_BYTES = 2 << 20

/** Bytes that reading a document of so many takes, by its parser. */
export type Weigh = (decodedBytes: number) => number

/**
 * What a document takes in memory. The engine holds a record at a time, in its XML and its JSON, and its XML once more where that goes with it;
 * fast-xml-parser holds the whole document: 2.3 GB for 200 MB.
 */
export function weigher(parser: 'engine' | 'fast-xml-parser', maxRecordBytes: number, passesXml: boolean): Weigh {
  const copies = passesXml ? 3 : 2
  return parser === 'engine'
    ? (bytes) => LEAST_DOCUMENT_BYTES + copies * Math.min(bytes, maxRecordBytes)
    : (bytes) => LEAST_DOCUMENT_BYTES + 12 * bytes
}

/** What of a run's memory is for documents, never less than a quarter. */
export function documentMemoryBytes(memoryBytes: number, threads: number): number {
  return Math.max(memoryBytes / 4, memoryBytes - MAIN_BYTES - threads * THREAD_BYTES)
}

export class MemoryGate {
  readonly #limitBytes: number
  readonly #weigh: Weigh
  readonly #documents = new Map<number, number>()
  #usedBytes = 0
  #averageBytes = 0

  constructor(limitBytes: number, weigh: Weigh) {
    this.#limitBytes = limitBytes
    this.#weigh = weigh
  }

  /** Whether another document may start. */
  get isOpen(): boolean {
    return this.#documents.size === 0 || this.#usedBytes + this.#weigh(this.#averageBytes) <= this.#limitBytes
  }

  started(id: number): void {
    this.#set(id, this.#weigh(this.#averageBytes))
  }

  /** Its length is known, or so much of it has arrived. */
  announced(id: number, bytes: number): void {
    const present = this.#documents.get(id)
    if (present !== undefined) this.#set(id, Math.max(present, this.#weigh(bytes)))
  }

  /** @param decodedBytes what it turned out to have; undefined when it never came to that */
  ended(id: number, decodedBytes: number | undefined): void {
    this.#usedBytes -= this.#documents.get(id) ?? 0
    this.#documents.delete(id)
    if (decodedBytes === undefined) return
    const share = this.#averageBytes === 0 ? 1 : NEWEST
    this.#averageBytes += (decodedBytes - this.#averageBytes) * share
  }

  #set(id: number, bytes: number): void {
    this.#usedBytes += bytes - (this.#documents.get(id) ?? 0)
    this.#documents.set(id, bytes)
  }
}
