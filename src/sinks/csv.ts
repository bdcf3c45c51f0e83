/**
 * CSV (RFC 4180) into a file that its ledger knows: append, sync, commit.
 *
 * Columns that were not named are those of the first 1,000 records, and then held. Until there are so many, or the list has
 * ended, records wait in the ledger: a file with too few columns could not be gone on with.
 */
import { crc32 } from 'node:zlib'
import type { WaitingRecords } from '../ledger/commit.ts'
import { documentKey } from '../ledger/document-key.ts'
import type { Placement } from '../ledger/ledger.ts'
import type { RunOptions } from '../options.ts'
import type { AppendFile } from './append-file.ts'
import { isRefusal, type Refusal } from './columns.ts'
import { type FileForm, KEYS, namedForm, sampledForm, textKeyOf } from './columns-file.ts'
import { ColumnSample, misfit } from './columns-sample.ts'
import { csvRow } from './csv-rows.ts'
import type { GroupWritten, OutputLedger } from './output-ledger.ts'
import { openRecordFile } from './record-file.ts'
import { envelope, recordLines } from './record-lines.ts'
import { Refusals } from './refusals.ts'
import { rewriteWithout } from './rewrite.ts'
import type { DoneDocument, OnRefused, SettledDocument, Store } from './sink.ts'
import type { TargetRequest } from './target.ts'

/** What the ledger calls the bytes of the header. */
export const HEADER_BYTES = 'header bytes'

type Readable = Parameters<typeof recordLines>[0]

/**
 * Opens a CSV file, compressed as its name says, where its ledger says that it ended.
 * @throws MillError OPTIONS_INVALID, OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openCsv(request: TargetRequest): Promise<Store> {
  const form = namedForm(request.options)
  const { file, beside } = await openRecordFile(request)
  return new CsvStore(file, beside, request.options, form)
}

class CsvStore implements Store {
  readonly mayRefuse = true
  readonly #file: AppendFile
  readonly #beside: OutputLedger
  readonly #options: RunOptions
  /** Undefined until the columns are known. */
  #form: FileForm | undefined

  constructor(file: AppendFile, beside: OutputLedger, options: RunOptions, form: FileForm | undefined) {
    this.#file = file
    this.#beside = beside
    this.#options = options
    const keys = beside.ledger.meta(KEYS)
    this.#form = form ?? (keys === undefined ? undefined : sampledForm(options, JSON.parse(keys)))
  }

  get commitIntervalMs(): number {
    return this.#beside.commitIntervalMs
  }

  recall: Store['recall'] = async (documents) => this.#beside.recall(documents)

  rejectedRecords = async () => this.#beside.rejectedRecords()

  async write(documents: readonly SettledDocument[], onRefused: OnRefused): Promise<void> {
    const done = documents.filter((document) => document.status === 'done')
    const refused = new Refusals()
    let first: GroupWritten | undefined
    if (this.#file.plainBytes === 0) {
      const waiting = this.#beside.ledger.waiting()
      if (this.#form === undefined) {
        const sample = await this.#sample([...waiting.map(readable), ...done.map(({ records }) => records)])
        if (!sample.isFull) {
          const more: WaitingRecords[] = []
          for (const document of done)
            more.push({ key: documentKey(document.document), lines: await this.#toWait(document, refused) })
          await this.#beside.commit(documents, { waiting: more, refused })
          refused.tell(onRefused)
          return
        }
        this.#form = sampledForm(this.#options, sample.keys)
        first = await this.#begin(this.#form, waiting, sample.keys)
      } else first = await this.#begin(this.#form, waiting)
    }
    if (this.#form === undefined) return
    const placements = new Map<SettledDocument, Placement>()
    for (const document of done) {
      const onRefusal = (refusal: Refusal) => refused.add(document, refusal)
      placements.set(document, await this.#append(this.#form, document.records, onRefusal))
    }
    await this.#commit(documents, { ...first, placements, refused })
    refused.tell(onRefused)
  }

  /** With fewer records than a sample wants, theirs are the columns. After --update: rows of documents that were milled again go. */
  async complete(): Promise<void> {
    const { ledger } = this.#beside
    if (this.#file.plainBytes === 0) {
      const waiting = ledger.waiting()
      const sample = await this.#sample(waiting.map(readable))
      if (this.#form === undefined && sample.records === 0) return ledger.markEnded()
      const keys = this.#form === undefined ? sample.keys : undefined
      this.#form ??= sampledForm(this.#options, sample.keys)
      await this.#commit([], await this.#begin(this.#form, waiting, keys))
    }
    if (ledger.isSuperseding) await rewriteWithout(ledger, this.#file, Number(ledger.meta(HEADER_BYTES) ?? 0))
    ledger.markEnded()
  }

  async close(): Promise<void> {
    try {
      if (this.#file.isAhead) await this.#file.rewind().catch(() => {})
      await this.#file.close()
    } finally {
      await this.#beside.close()
    }
  }

  async #sample(all: readonly Readable[]): Promise<ColumnSample> {
    const sample = new ColumnSample(textKeyOf(this.#options))
    for (const records of all) {
      for await (const lines of recordLines(records)) {
        for (const line of lines) {
          if (sample.isFull) return sample
          sample.add(line)
        }
      }
    }
    return sample
  }

  /** The records of a document that wait for the columns; those that no columns could take do not. */
  async #toWait(document: DoneDocument, refused: Refusals): Promise<Buffer> {
    const kept: Uint8Array[] = []
    for await (const lines of recordLines(document.records)) {
      for (const line of lines) {
        const refusal = misfit(line, textKeyOf(this.#options))
        if (refusal === undefined) kept.push(envelope(line))
        else {
          await this.#beside.rejects.refuse(line, refusal)
          refused.add(document, refusal)
        }
      }
    }
    return Buffer.concat(kept)
  }

  /** The header and the records that waited for it. */
  async #begin(form: FileForm, waiting: readonly WaitingRecords[], keys?: readonly string[]): Promise<GroupWritten> {
    const header = Buffer.from(csvRow(form.names))
    await this.#file.append(header)
    const placed = []
    for (const records of waiting)
      placed.push({ key: records.key, placement: await this.#append(form, readable(records)) })
    const { ledger } = this.#beside
    return {
      placed,
      within() {
        ledger.setMeta(HEADER_BYTES, String(header.byteLength))
        if (keys !== undefined) ledger.setMeta(KEYS, JSON.stringify(keys))
      },
    }
  }

  async #append(form: FileForm, records: Readable, onRefusal?: (refusal: Refusal) => void): Promise<Placement> {
    const offset = this.#file.plainBytes
    let sum = 0
    for await (const lines of recordLines(records)) {
      let rows = ''
      for (const line of lines) {
        const cells = form.cells(line)
        if (isRefusal(cells)) {
          await this.#beside.rejects.refuse(line, cells)
          onRefusal?.(cells)
        } else rows += csvRow(cells)
      }
      const bytes = Buffer.from(rows)
      sum = crc32(bytes, sum)
      await this.#file.append(bytes)
    }
    return { offset, length: this.#file.plainBytes - offset, crc32: sum }
  }

  async #commit(documents: readonly SettledDocument[], written: GroupWritten): Promise<void> {
    const files = this.#file.isAhead ? [await this.#file.synced()] : []
    await this.#beside.commit(documents, { ...written, files })
    for (const commit of files) this.#file.committed(commit)
  }
}

function readable({ lines }: WaitingRecords): Readable {
  return {
    async *read() {
      yield lines
    },
  }
}
