/** The rows of a report's table, kept as the JSON that the page reads. */
import { CHUNK_ROWS, type RowChunk } from './report-data.ts'

/** A line of the table. */
export type DocumentRow = { readonly [Column in keyof RowChunk]: RowChunk[Column][number] }

type OpenChunk = { [Column in keyof RowChunk]: RowChunk[Column][number][] }

/** Documents that are done beyond this many have no row: about 30 MB are held by then. */
const MAX_DONE = 200_000
/** Those that failed have one up to here. */
const MAX_ROWS = 300_000

/**
 * Rows by columns, in chunks. A chunk that is full is turned into its bytes: 1,000 rows are 150 KB outside of the heap, and a page that
 * watches the run is given them without any further work.
 */
export class DocumentRows {
  readonly #full: Buffer[] = []
  #open = emptyChunk()
  #leftOut = 0

  get count(): number {
    return this.#full.length * CHUNK_ROWS + this.#open.id.length
  }

  get leftOut(): number {
    return this.#leftOut
  }

  add(row: DocumentRow): void {
    if (this.count >= (row.code === '' ? MAX_DONE : MAX_ROWS)) {
      this.#leftOut += 1
      return
    }
    const open = this.#open
    open.id.push(row.id)
    open.url.push(row.url)
    open.host.push(row.host)
    open.code.push(row.code)
    open.message.push(row.message)
    open.attempts.push(row.attempts)
    open.thread.push(row.thread)
    open.startMs.push(tenths(row.startMs))
    open.endMs.push(tenths(row.endMs))
    open.writtenMs.push(tenths(row.writtenMs))
    open.downloadMs.push(tenths(row.downloadMs))
    open.parseMs.push(hundredths(row.parseMs))
    open.transformMs.push(hundredths(row.transformMs))
    open.creditMs.push(hundredths(row.creditMs))
    open.wireBytes.push(row.wireBytes)
    open.decodedBytes.push(row.decodedBytes)
    open.records.push(row.records)
    open.rejected.push(row.rejected)
    if (open.id.length === CHUNK_ROWS) {
      this.#full.push(Buffer.from(JSON.stringify(open)))
      this.#open = emptyChunk()
    }
  }

  /** Number of chunks that stay as they are. */
  get fullChunks(): number {
    return this.#full.length
  }

  /** Number of chunks, the open one included. */
  get chunkCount(): number {
    return this.#full.length + (this.#open.id.length > 0 ? 1 : 0)
  }

  /**
   * The JSON of a RowChunk, or undefined beyond the last.
   * @param from in a chunk that is not full yet, the first row that is wanted
   */
  chunk(index: number, from = 0): Buffer | undefined {
    if (index === this.#full.length && this.#open.id.length > 0)
      return Buffer.from(JSON.stringify(tail(this.#open, from)))
    return this.#full[index]
  }
}

function emptyChunk(): OpenChunk {
  return {
    id: [],
    url: [],
    host: [],
    code: [],
    message: [],
    attempts: [],
    thread: [],
    startMs: [],
    endMs: [],
    writtenMs: [],
    downloadMs: [],
    parseMs: [],
    transformMs: [],
    creditMs: [],
    wireBytes: [],
    decodedBytes: [],
    records: [],
    rejected: [],
  }
}

/** The rows from one on. */
function tail(chunk: OpenChunk, from: number): OpenChunk {
  if (from === 0) return chunk
  return {
    id: chunk.id.slice(from),
    url: chunk.url.slice(from),
    host: chunk.host.slice(from),
    code: chunk.code.slice(from),
    message: chunk.message.slice(from),
    attempts: chunk.attempts.slice(from),
    thread: chunk.thread.slice(from),
    startMs: chunk.startMs.slice(from),
    endMs: chunk.endMs.slice(from),
    writtenMs: chunk.writtenMs.slice(from),
    downloadMs: chunk.downloadMs.slice(from),
    parseMs: chunk.parseMs.slice(from),
    transformMs: chunk.transformMs.slice(from),
    creditMs: chunk.creditMs.slice(from),
    wireBytes: chunk.wireBytes.slice(from),
    decodedBytes: chunk.decodedBytes.slice(from),
    records: chunk.records.slice(from),
    rejected: chunk.rejected.slice(from),
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
