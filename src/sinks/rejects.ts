/** The file of records that were refused. It is made when the first one comes: most runs have none. */
import { statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { MillError } from '../errors.ts'
import type { FileCommit, FilePosition } from '../ledger/commit.ts'
import { AppendFile } from './append-file.ts'
import { type Refusal, refusedLine } from './columns.ts'
import type { RecordLine } from './record-lines.ts'
import type { SettledDocument, Sink } from './sink.ts'

/** Where a file begins. */
export const NOWHERE = { bytes: 0, plainBytes: 0 }

/** What it needs of a ledger, wherever that is. */
export interface Positions {
  position(file: string): FilePosition | undefined
  commit?(commit: { readonly rows: readonly []; readonly files: readonly FileCommit[] }): void | Promise<void>
}

/**
 * What a ledger calls the file: where it is as seen from the ledger, so that both may be moved together, and a run from another
 * folder has a file of its own. In full where the ledger is in no file.
 */
export function rejectsName(path: string, ledgerPath?: string): string {
  return ledgerPath === undefined ? resolve(path) : relative(dirname(resolve(ledgerPath)), resolve(path))
}

export class RejectsFile {
  readonly path: string
  readonly #name: string
  #file: AppendFile | undefined
  /** What the target refused last. */
  #refused: Pick<RecordLine, 'url' | 'n' | 'row'> | undefined

  private constructor(path: string, name: string, file: AppendFile | undefined) {
    this.path = path
    this.#name = name
    this.#file = file
  }

  /**
   * A file that was removed or emptied since is begun anew.
   * @param name what the ledger calls it, see rejectsName
   * @param mayReplace whether a file may go that is no ledger's
   * @throws MillError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  static async open(path: string, name: string, positions: Positions, mayReplace: boolean): Promise<RejectsFile> {
    const known = positions.position(name)
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (known === undefined && size > 0 && !mayReplace) {
      throw new MillError('OUTPUT_EXISTS', `${path}, where rejects are to go, exists and has data in it`)
    }
    // Whoever removes or empties the file is done with what was in it: what comes begins a new one.
    const position = size === 0 ? NOWHERE : (known ?? NOWHERE)
    // From now on it is ours, also when a kill comes before the first commit of a reject.
    if (known?.bytes !== position.bytes)
      await positions.commit?.({ rows: [], files: [{ name, position, members: [] }] })
    return new RejectsFile(path, name, size > 0 ? await AppendFile.open(path, name, position) : undefined)
  }

  /** Adds the rejects of a group. */
  async append(documents: readonly SettledDocument[]): Promise<void> {
    for (const document of documents) {
      if (document.status !== 'done' || document.rejects.byteLength === 0) continue
      for await (const chunk of document.rejects.read()) await this.add(chunk)
    }
  }

  /**
   * Adds a record that the target refuses itself. Of several rows that a transform made of one record the first has the record's XML: a large
   * record of which all rows are refused would fill the disk.
   */
  async refuse(line: RecordLine, refusal: Refusal): Promise<void> {
    const { url, n, row } = line
    const last = this.#refused
    const isTold = last !== undefined && last.url === url && last.n === n && last.row < row
    this.#refused = { url, n, row }
    await this.add(refusedLine(isTold ? { ...line, xml: undefined } : line, refusal))
  }

  /** Adds lines. */
  async add(lines: Uint8Array): Promise<void> {
    this.#file ??= await AppendFile.open(this.path, this.#name, NOWHERE)
    await this.#file.append(lines)
  }

  /** Everything added is on the disk: what the ledger is to be told. */
  async synced(): Promise<readonly FileCommit[]> {
    return this.#file?.isAhead === true ? [await this.#file.synced()] : []
  }

  /** The ledger has been told. */
  committed(commits: readonly FileCommit[]): void {
    for (const commit of commits) this.#file?.committed(commit)
  }

  async close(): Promise<void> {
    if (this.#file?.isAhead === true) await this.#file.rewind().catch(() => {})
    await this.#file?.close()
  }
}

/** What keeps nothing but rejects, and these only where a path is given. */
export async function rejectsOnly(path: string | undefined): Promise<Sink> {
  const file = path === undefined ? undefined : await RejectsFile.open(path, path, { position: () => undefined }, true)
  return {
    async write(documents) {
      await file?.append(documents)
      file?.committed(await file.synced())
    },
    async close() {
      await file?.close()
    },
  }
}
