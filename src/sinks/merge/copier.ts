/** Moves documents' records from a part's file to the output's. */
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Placement } from '../../ledger/ledger.ts'
import type { AppendFile } from '../append-file.ts'
import { compressionOf } from '../compression.ts'
import { RECORDS } from '../ledger-place.ts'
import { RecordsReader } from '../records-reader.ts'
import { CsvFields } from './csv-fields.ts'
import type { Part } from './part.ts'

export interface Copier extends AsyncDisposable {
  /** Takes a document's records; gives where they will be. In the order of their places in the part. */
  add(placement: Placement): Promise<Placement>
  /** All that was taken is in the output's file. */
  flush(): Promise<void>
  /** Whether a member of the part ends where the last document did: to stop elsewhere means to compress what is left of it anew. */
  readonly isAtMember: boolean
}

/**
 * @param places where each of the output's columns is in the part's rows; undefined where the rows are taken as they are
 */
export async function openCopier(part: Part, file: AppendFile, places: readonly number[] | undefined): Promise<Copier> {
  const handle = await open(part.path, 'r')
  const reader = new RecordsReader(handle, part.path, part.ledger, RECORDS)
  return places === undefined
    ? new RangeCopier(part, handle, reader, file)
    : new RowCopier(handle, reader, file, places)
}

/** Takes bytes as they are, and members of a compressed file too, as long as neighbours are taken with them. */
class RangeCopier implements Copier {
  readonly #part: Part
  readonly #handle: FileHandle
  readonly #reader: RecordsReader
  readonly #file: AppendFile
  readonly #hasMembers: boolean
  readonly #takesMembers: boolean
  /** What is yet to be copied, by its place in the part. */
  #from = 0
  #to = 0

  constructor(part: Part, handle: FileHandle, reader: RecordsReader, file: AppendFile) {
    this.#part = part
    this.#handle = handle
    this.#reader = reader
    this.#file = file
    this.#hasMembers = compressionOf(part.path) !== undefined
    this.#takesMembers = this.#hasMembers && compressionOf(part.path) === compressionOf(file.path)
  }

  get isAtMember(): boolean {
    if (!this.#hasMembers || this.#to === 0) return true
    const member = this.#part.ledger.memberAt(RECORDS, this.#to - 1)
    return member !== undefined && member.plainOffset + member.plainLength === this.#to
  }

  async add({ offset, length, crc32 }: Placement): Promise<Placement> {
    if (offset !== this.#to) {
      await this.flush()
      this.#from = offset
    }
    this.#to = offset + length
    return { offset: this.#file.plainBytes + offset - this.#from, length, crc32 }
  }

  async flush(): Promise<void> {
    for (let at = this.#from; at < this.#to; ) {
      const member = this.#takesMembers ? this.#part.ledger.memberAt(RECORDS, at) : undefined
      const end = member === undefined ? this.#to : Math.min(this.#to, member.plainOffset + member.plainLength)
      if (member !== undefined && member.plainOffset === at && end - at === member.plainLength)
        await this.#file.appendMember(await this.#reader.member(member), member.plainLength)
      else for await (const chunk of this.#reader.read(at, end - at)) await this.#file.append(chunk)
      at = end
    }
    this.#from = this.#to
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** Takes rows of CSV with their fields in other columns. */
class RowCopier implements Copier {
  readonly isAtMember = true
  readonly #handle: FileHandle
  readonly #reader: RecordsReader
  readonly #file: AppendFile
  readonly #places: readonly number[]

  constructor(handle: FileHandle, reader: RecordsReader, file: AppendFile, places: readonly number[]) {
    this.#handle = handle
    this.#reader = reader
    this.#file = file
    this.#places = places
  }

  async add({ offset, length }: Placement): Promise<Placement> {
    const from = this.#file.plainBytes
    const fields = new CsvFields()
    let sum = 0
    for await (const chunk of this.#reader.read(offset, length)) {
      let rows = ''
      for (const row of fields.add(Buffer.from(chunk).toString('latin1')))
        rows += `${this.#places.map((place) => row[place] ?? '').join(',')}\r\n`
      const bytes = Buffer.from(rows, 'latin1')
      sum = crc32(bytes, sum)
      await this.#file.append(bytes)
    }
    return { offset: from, length: this.#file.plainBytes - from, crc32: sum }
  }

  async flush(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}
