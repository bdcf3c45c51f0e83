/**
 * Rows in the binary format of COPY (postgresql.org/docs/current/sql-copy.html). JSON goes in it as the threads have written it, byte by byte;
 * text would have to be made a string of and escaped: 12 µs of the main thread for each record of 400 bytes, instead of 1, and a sixth more
 * of the server's time.
 */
import type { Refusal } from './columns.ts'
import type { TableCell } from './columns-table.ts'
import { asBuffer } from './record-lines.ts'

/** What comes before the first row: the signature, no flags, no extension. */
export const COPY_HEAD = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')

/** What comes after the last. */
export const COPY_TAIL = Buffer.from([0xff, 0xff])

const NULL_LENGTH = -1

/** The version of its format that a value of type jsonb begins with; the JSON text follows. */
const JSONB_VERSION = 1

const LEAST_BYTES = 4 << 10

const MAX_UTF8_BYTES_PER_UNIT = 3

/** Room for longer texts is counted, and not guessed. */
const LONG_UNITS = 64 << 10

/** A buffer that was larger had a large record in it, and the next one need not. */
const MOST_FIRST_BYTES = 1 << 20

const NOTHING = Buffer.alloc(0)

/** Rows that gather. The fields of a row are added one by one, as many as `begin` was told. */
export class CopyRows {
  #buffer: Buffer = NOTHING
  #bytes = 0
  /** Bytes that the next buffer begins with: as many as were wanted last. */
  #nextBytes = LEAST_BYTES

  get byteLength(): number {
    return this.#bytes
  }

  begin(fields: number): void {
    this.#reserve(2)
    this.#bytes = this.#buffer.writeInt16BE(fields, this.#bytes)
  }

  /** Of type bigint. */
  integer(value: number): void {
    this.#reserve(12)
    this.#bytes = this.#buffer.writeInt32BE(8, this.#bytes)
    this.#bytes = this.#buffer.writeInt32BE(Math.floor(value / 2 ** 32), this.#bytes)
    this.#bytes = this.#buffer.writeUInt32BE(value >>> 0, this.#bytes)
  }

  none(): void {
    this.#reserve(4)
    this.#bytes = this.#buffer.writeInt32BE(NULL_LENGTH, this.#bytes)
  }

  /** Of type text. */
  text(value: string): void {
    const isLong = value.length > LONG_UNITS
    this.#reserve(4 + (isLong ? Buffer.byteLength(value) : value.length * MAX_UTF8_BYTES_PER_UNIT))
    const length = this.#buffer.write(value, this.#bytes + 4)
    this.#buffer.writeInt32BE(length, this.#bytes)
    this.#bytes += 4 + length
  }

  /** Of type text, as UTF-8. */
  textBytes(value: Uint8Array): void {
    this.#reserve(4 + value.byteLength)
    this.#bytes = this.#buffer.writeInt32BE(value.byteLength, this.#bytes)
    this.#append(value)
  }

  jsonb(value: Uint8Array): void {
    this.#reserve(5 + value.byteLength)
    this.#bytes = this.#buffer.writeInt32BE(1 + value.byteLength, this.#bytes)
    this.#bytes = this.#buffer.writeUInt8(JSONB_VERSION, this.#bytes)
    this.#append(value)
  }

  /** What has gathered, which is the taker's from now on. */
  take(): Buffer {
    const rows = this.#buffer.subarray(0, this.#bytes)
    this.#nextBytes = Math.min(MOST_FIRST_BYTES, Math.max(LEAST_BYTES, this.#bytes))
    this.#buffer = NOTHING
    this.#bytes = 0
    return rows
  }

  #append(value: Uint8Array): void {
    this.#buffer.set(value, this.#bytes)
    this.#bytes += value.byteLength
  }

  #reserve(bytes: number): void {
    const wanted = this.#bytes + bytes
    if (wanted <= this.#buffer.byteLength) return
    const buffer = Buffer.allocUnsafeSlow(Math.max(wanted, this.#nextBytes, 2 * this.#buffer.byteLength))
    this.#buffer.copy(buffer, 0, 0, this.#bytes)
    this.#buffer = buffer
  }
}

/** Why PostgreSQL would refuse a row; nothing of the rest of the group would then be kept either. */
export function unstorable(cells: readonly TableCell[]): Refusal | undefined {
  for (const cell of cells) {
    if (typeof cell === 'string' && cell.includes('\0')) return { reason: 'PostgreSQL has no text with U+0000 in it' }
    if (cell instanceof Uint8Array && !isStorableJson(cell))
      return { reason: 'PostgreSQL has no JSON with U+0000 or half of a surrogate pair in it' }
  }
  return undefined
}

const ESCAPE = Buffer.from('\\u')

function isStorableJson(bytes: Uint8Array): boolean {
  const json = asBuffer(bytes)
  if (!json.includes(ESCAPE)) return true
  // Written anew, what is left escaped is a control character or half of a surrogate pair.
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(JSON.parse(json.toString())))
}
