/**
 * A file for each document: written beside, synced, given its name, and the directory synced before the ledger is told. The names
 * of a group are noted in the ledger first, so that after a kill it is known which files may be there without counting.
 */
import { createReadStream, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import { documentKey } from '../ledger/document-key.ts'
import type { Placement } from '../ledger/ledger.ts'
import { lockLedger, readLedger, removeLedger } from '../ledger/ledger-file.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import type { Document } from '../model.ts'
import { makeDirectory, syncDirectory } from './append-file.ts'
import { CORNER, ledgerPathIn } from './ledger-place.ts'
import { outputFailed } from './output-error.ts'
import { OutputLedger, type OutputLedgerRequest } from './output-ledger.ts'
import type { DoneDocument, SettledDocument, Store } from './sink.ts'
import type { TargetRequest } from './target.ts'

/** Files being written at once: a sync of each is mostly waiting. */
const CONCURRENT_FILES = 8

const SLUG_CHARACTERS = 80
const HASH_CHARACTERS = 16

/**
 * A document's file name: what can be read of its URL, and what makes it its own. It has no separators, does not begin with a dot, and
 * differs from every other by more than upper and lower case.
 */
export function fileNameOf(document: Document): string {
  const url = URL.parse(document.url)
  const readable = url === null ? document.url : `${url.host}${decoded(url.pathname)}${decoded(url.search)}`
  const slug = readable
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+/, '')
    // The end tells documents apart better than the host.
    .slice(-SLUG_CHARACTERS)
    .replace(/^[-.]+|[-.]+$/g, '')
  const hash = documentKey(document).toString('hex').slice(0, HASH_CHARACTERS)
  return `${slug === '' ? 'document' : slug}-${hash}.ndjson`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Opens a directory, made if it is absent, and clears away what its ledger does not count.
 * @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openDirectory(request: TargetRequest): Promise<Store> {
  return new DirectoryStore(request.output, await openDirectoryLedger(request))
}

/** The same, for whoever puts files there otherwise. */
export async function openDirectoryLedger(request: OutputLedgerRequest): Promise<OutputLedger> {
  const { output, options } = request
  const ledgerPath = ledgerPathIn(output)
  const isOurs = existsSync(ledgerPath)
  if (!isOurs && options.existing !== 'replace' && existsSync(output) && hasFiles(output)) {
    throw new MillError('OUTPUT_EXISTS', `${output} exists, has files in it, and no ledger`)
  }
  await makeDirectory(join(output, CORNER, 'parts')).catch((cause) => {
    throw outputFailed(output, cause)
  })
  const lock = lockLedger(ledgerPath, output)
  try {
    if (isOurs && options.existing === 'replace') {
      removeFiles(output, ledgerPath)
      removeLedger(ledgerPath)
    }
  } catch (cause) {
    lock.release()
    throw outputFailed(output, cause)
  }
  const beside = await OutputLedger.open(ledgerPath, lock, request)
  try {
    await clearAway(output, beside.ledger)
    return beside
  } catch (cause) {
    await beside.close()
    throw outputFailed(output, cause)
  }
}

class DirectoryStore implements Store {
  readonly #path: string
  readonly #beside: OutputLedger

  constructor(path: string, beside: OutputLedger) {
    this.#path = path
    this.#beside = beside
  }

  get commitIntervalMs(): number {
    return this.#beside.commitIntervalMs
  }

  recall: Store['recall'] = async (documents) => this.#beside.recall(documents)

  rejectedRecords = async () => this.#beside.rejectedRecords()

  async write(documents: readonly SettledDocument[]): Promise<void> {
    const placements = new Map<SettledDocument, Placement>()
    const files = documents
      .filter((document) => document.status === 'done')
      .map((document) => ({
        name: fileNameOf(document.document),
        async write(path: string) {
          placements.set(document, { file: basename(path), ...(await writeRecords(document, path)) })
        },
      }))
    await placeFiles(this.#path, this.#beside.ledger, files)
    await this.#beside.commit(documents, { placements })
  }

  async complete(): Promise<void> {
    this.#beside.ledger.markEnded()
  }

  close(): Promise<void> {
    return this.#beside.close()
  }
}

/** A file that is to have a name in the directory. */
export interface NamedFile {
  readonly name: string
  /** Writes and syncs it, beside. */
  write(path: string): Promise<void>
}

/**
 * Writes files beside and gives them their names; they count with the next commit.
 * @throws MillError OUTPUT_FAILED
 */
export async function placeFiles(output: string, ledger: SqliteLedger, files: readonly NamedFile[]): Promise<void> {
  if (files.length === 0) return
  const beside = (name: string) => join(output, CORNER, 'parts', name)
  ledger.note(files.map(({ name }) => name))
  failpoint('directory.noted')
  try {
    await concurrently(files, async ({ name, write }) => {
      await write(beside(name))
      failpoint('directory.written')
    })
    for (const { name } of files) {
      await rename(beside(name), join(output, name))
      failpoint('directory.renamed')
    }
    await syncDirectory(output)
  } catch (cause) {
    throw outputFailed(output, cause)
  }
  failpoint('directory.synced')
}

async function writeRecords({ records }: DoneDocument, path: string): Promise<Placement> {
  const file = await open(path, 'w')
  try {
    let length = 0
    let sum = 0
    for await (const chunk of records.read()) {
      await file.appendFile(chunk)
      length += chunk.byteLength
      sum = crc32(chunk, sum)
    }
    await file.sync()
    return { offset: 0, length, crc32: sum }
  } finally {
    await file.close()
  }
}

async function concurrently<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  const ended = await Promise.allSettled(Array.from({ length: CONCURRENT_FILES }, worker))
  for (const end of ended) if (end.status === 'rejected') throw end.reason
}

function hasFiles(path: string): boolean {
  try {
    return readdirSync(path).some((name) => name !== CORNER)
  } catch (cause) {
    throw outputFailed(path, cause)
  }
}

/** What a run that was killed in the middle of a group has left. A file that is what the ledger says was not yet replaced. */
async function clearAway(output: string, ledger: SqliteLedger): Promise<void> {
  const parts = join(output, CORNER, 'parts')
  for (const name of readdirSync(parts)) rmSync(join(parts, name), { force: true })
  const gone: string[] = []
  for (const name of ledger.noted()) {
    const path = join(output, name)
    const placed = ledger.placedIn(name)
    if (placed !== undefined && (await hasContent(path, placed))) continue
    rmSync(path, { force: true })
    gone.push(name)
  }
  await syncDirectory(output)
  ledger.forget(gone)
}

async function hasContent(
  path: string,
  { length, crc32: expected }: Pick<Placement, 'length' | 'crc32'>,
): Promise<boolean> {
  if (statSync(path, { throwIfNoEntry: false })?.size !== length) return false
  let sum = 0
  for await (const chunk of createReadStream(path)) sum = crc32(chunk, sum)
  return sum === expected
}

/** What the ledger of an earlier run has put there; what else is in the directory stays. */
function removeFiles(output: string, ledgerPath: string): void {
  using old = readLedger(ledgerPath, output)
  for (const { file } of old.ledger.placed('seq')) if (file !== null) rmSync(join(output, file), { force: true })
  for (const file of old.ledger.noted()) rmSync(join(output, file), { force: true })
}
