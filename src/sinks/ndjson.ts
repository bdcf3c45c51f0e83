/** NDJSON into a file that its ledger knows: append, sync, commit. */
import { crc32 } from 'node:zlib'
import { failpoint } from '../failpoint.ts'
import type { Placement } from '../ledger/ledger.ts'
import type { HeldRecords } from '../spool/held-records.ts'
import type { AppendFile } from './append-file.ts'
import type { OutputLedger } from './output-ledger.ts'
import { openRecordFile } from './record-file.ts'
import { rewriteWithout } from './rewrite.ts'
import type { SettledDocument, Store, Tail } from './sink.ts'
import type { TargetRequest } from './target.ts'

/**
 * Opens an NDJSON file, compressed as its name says, where its ledger says that it ended.
 * @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openNdjson(request: TargetRequest): Promise<Store> {
  const { file, beside } = await openRecordFile(request)
  return new NdjsonStore(file, beside)
}

class NdjsonStore implements Store {
  readonly #file: AppendFile
  readonly #beside: OutputLedger
  #tail: FileTail | undefined

  constructor(file: AppendFile, beside: OutputLedger) {
    this.#file = file
    this.#beside = beside
  }

  get commitIntervalMs(): number {
    return this.#beside.commitIntervalMs
  }

  recall: Store['recall'] = async (documents) => this.#beside.recall(documents)

  rejectedRecords = async () => this.#beside.rejectedRecords()

  async write(documents: readonly SettledDocument[]): Promise<void> {
    const placements = new Map<SettledDocument, Placement>()
    for (const document of documents) {
      if (document.status !== 'done') continue
      placements.set(document, document.records.tail?.placement ?? (await this.#append(document.records)))
    }
    const files = this.#file.isAhead ? [await this.#file.synced()] : []
    await this.#beside.commit(documents, { placements, files })
    for (const commit of files) this.#file.committed(commit)
    this.#tail?.settle()
    this.#tail = undefined
  }

  claimTail(): Tail | undefined {
    if (this.#tail !== undefined) return undefined
    this.#tail = new FileTail(this.#file, () => {
      this.#tail = undefined
    })
    return this.#tail
  }

  /** After --update: lines of documents that were milled again are still in the file, and go now. */
  async complete(): Promise<void> {
    const { ledger } = this.#beside
    if (ledger.isSuperseding) await rewriteWithout(ledger, this.#file)
    ledger.markEnded()
  }

  async close(): Promise<void> {
    try {
      await this.#tail?.abandon().catch(() => {})
      if (this.#file.isAhead) await this.#file.rewind().catch(() => {})
      await this.#file.close()
    } finally {
      await this.#beside.close()
    }
  }

  async #append(records: HeldRecords): Promise<Placement> {
    const offset = this.#file.plainBytes
    let sum = 0
    for await (const chunk of records.read()) {
      sum = crc32(chunk, sum)
      await this.#file.append(chunk)
    }
    return { offset, length: this.#file.plainBytes - offset, crc32: sum }
  }
}

/** The end of the file while a document writes to it directly. */
class FileTail implements Tail {
  readonly #file: AppendFile
  readonly #onAbandoned: () => void
  readonly #offset: number
  #crc32 = 0
  #writing: Promise<void> = Promise.resolve()
  #isSettled = false

  constructor(file: AppendFile, onAbandoned: () => void) {
    this.#file = file
    this.#onAbandoned = onAbandoned
    this.#offset = file.plainBytes
  }

  get placement(): Placement {
    return { offset: this.#offset, length: this.#file.plainBytes - this.#offset, crc32: this.#crc32 }
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (this.#isSettled) return
    this.#crc32 = crc32(bytes, this.#crc32)
    this.#writing = this.#file.append(bytes)
    await this.#writing
    failpoint('tail.written')
  }

  /** Its bytes are committed. */
  settle(): void {
    this.#isSettled = true
  }

  async abandon(): Promise<void> {
    if (this.#isSettled) return
    this.#isSettled = true
    await this.#writing.catch(() => {})
    await this.#file.rewind()
    failpoint('tail.abandoned')
    this.#onAbandoned()
  }
}
