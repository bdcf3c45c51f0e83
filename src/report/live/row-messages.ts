/** Rows as messages of the stream. Each is made once and sent to everybody, as the bytes it is. */
import { constants, deflateRawSync } from 'node:zlib'
import type { DocumentRows } from '../html/document-rows.ts'
import { CHUNK_ROWS } from '../html/report-data.ts'

/** The beginning of a stream that is compressed: a gzip header (RFC 1952). */
export const PACKED_BEGIN = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/** Quickest: a chunk becomes a ninth of its size in 0.3 ms, which sending it once to ten pages repays. */
const PACKED_LEVEL = 1

/** A message of server-sent events. */
export class Message {
  readonly #text: () => Buffer
  #packed: Buffer | undefined

  constructor(text: () => Buffer) {
    this.#text = text
  }

  bytes(isPacked: boolean): Buffer {
    if (!isPacked) return this.#text()
    // Ends on a byte and refers to nothing before it (RFC 1951), so that it goes into any packed stream, whatever was sent there before.
    this.#packed ??= deflateRawSync(this.#text(), { level: PACKED_LEVEL, finishFlush: constants.Z_FULL_FLUSH })
    return this.#packed
  }
}

/** Rows, and the number of the first that it does not have. */
export interface RowMessage {
  readonly end: number
  readonly message: Message
}

export class RowMessages {
  readonly #rows: DocumentRows
  /** Of full chunks, by their index. */
  readonly #full: RowMessage[] = []
  /** Of the chunk that is not full yet, by the row that they begin with. */
  readonly #open = new Map<number, RowMessage>()

  constructor(rows: DocumentRows) {
    this.#rows = rows
  }

  get count(): number {
    return this.#rows.count
  }

  /** From now on newer rows are told, too: until then all who have the same ones are given the same bytes. */
  renew(): void {
    this.#open.clear()
  }

  /**
   * The rows that follow the first `known`, as far as their chunk goes; undefined where there are none. A full chunk comes whole, with those
   * that are known already: it is there as bytes, and to cut it would cost more than to send it.
   */
  after(known: number): RowMessage | undefined {
    const index = Math.floor(known / CHUNK_ROWS)
    if (index < this.#rows.fullChunks) {
      const end = (index + 1) * CHUNK_ROWS
      this.#full[index] ??= { end, message: new Message(() => rowsText(end, this.#rows.chunk(index))) }
      return this.#full[index]
    }
    const made = this.#open.get(known)
    if (made !== undefined || known >= this.count) return made
    const end = this.count
    const text = rowsText(end, this.#rows.chunk(index, known - index * CHUNK_ROWS))
    const open = { end, message: new Message(() => text) }
    this.#open.set(known, open)
    return open
  }
}

/** Its id is what a browser gives back where the connection was lost. */
function rowsText(end: number, chunk: Buffer | undefined): Buffer {
  return Buffer.concat([Buffer.from(`event: rows\nid: ${end}\ndata: `), chunk ?? Buffer.alloc(0), Buffer.from('\n\n')])
}
