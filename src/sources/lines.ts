import { isUtf8 } from 'node:buffer'
import type { Batch, Item } from './item.ts'

/** No URL that servers take comes near this; a longer line means that the file is no list. */
export const MAX_LINE_BYTES = 64 * 1024

const LF = 10
const REPLACEMENT = '\uFFFD'
const SHOWN_CHARACTERS = 200

/**
 * The lines of a list with something on them, a batch for each chunk: UTF-8, ended by LF or CRLF, white space and a byte order
 * mark at their ends removed, blank lines and those that begin with `#` left out but counted. Chunks may be cut anywhere, and
 * are not read after the next one is asked for. Holds one line at most, and of a line beyond `MAX_LINE_BYTES` only its beginning.
 */
export async function* lineBatches(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Batch> {
  const lines = new Lines()
  for await (const chunk of chunks) yield lines.endedIn(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  yield lines.last()
}

/** Cuts bytes into lines; what a chunk leaves open waits for the next one. */
class Lines {
  readonly #held = Buffer.allocUnsafe(MAX_LINE_BYTES)
  #heldBytes = 0
  #isTooLong = false
  #number = 0

  #hold(bytes: Buffer, start: number, end: number): void {
    this.#isTooLong ||= this.#heldBytes + end - start > MAX_LINE_BYTES
    this.#heldBytes += bytes.copy(this.#held, this.#heldBytes, start, end)
  }

  #release(): Item | undefined {
    const item = toItem(this.#held, 0, this.#heldBytes, ++this.#number)
    const isTooLong = this.#isTooLong
    this.#heldBytes = 0
    this.#isTooLong = false
    if (item === undefined || !isTooLong) return item
    return { ...item, text: shorten(item.text), fault: `the line is longer than ${MAX_LINE_BYTES} bytes` }
  }

  *endedIn(bytes: Buffer): Generator<Item> {
    let start = 0
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      let item: Item | undefined
      if (this.#heldBytes === 0 && end - start <= MAX_LINE_BYTES) {
        item = toItem(bytes, start, end, ++this.#number)
      } else {
        this.#hold(bytes, start, end)
        item = this.#release()
      }
      start = end + 1
      if (item !== undefined) yield item
    }
    this.#hold(bytes, start, bytes.length)
  }

  *last(): Generator<Item> {
    const item = this.#release()
    if (item !== undefined) yield item
  }
}

function toItem(bytes: Buffer, start: number, end: number, number: number): Item | undefined {
  // `trim` takes a byte order mark for white space.
  const text = bytes.toString('utf8', start, end).trim()
  if (text === '' || text.startsWith('#')) return undefined
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    return { text: shorten(text), number, fault: 'the line is not valid UTF-8; save the list as UTF-8' }
  }
  return { text, number }
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}
