/** The file of records that were refused. It is made when the first one comes: most runs have none. */
import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { MillError } from '../errors.ts'
import type { FileCommit } from '../ledger/commit.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { AppendFile } from './append-file.ts'
import type { SettledDocument, Sink } from './sink.ts'

/** Where a file begins. */
export const NOWHERE = { bytes: 0, plainBytes: 0 }

/** What it needs of a ledger, wherever that is. */
export type Positions = Pick<SqliteLedger, 'position'> & Partial<Pick<SqliteLedger, 'commit'>>

export class RejectsFile {
  readonly path: string
  #file: AppendFile | undefined

  private constructor(path: string, file: AppendFile | undefined) {
    this.path = path
    this.#file = file
  }

  /**
   * @param mayReplace whether a file may go that is no ledger's
   * @throws MillError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  static async open(path: string, positions: Positions, mayReplace: boolean): Promise<RejectsFile> {
    const name = basename(path)
    const position = positions.position(name)
    const hasData = existsSync(path) && statSync(path).size > 0
    if (position === undefined && hasData && !mayReplace) {
      throw new MillError('OUTPUT_EXISTS', `${path}, where rejects are to go, exists and has data in it`)
    }
    // From now on it is ours, also when a kill comes before the first commit of a reject.
    if (position === undefined) positions.commit?.({ rows: [], files: [{ name, position: NOWHERE, members: [] }] })
    const isNeeded = hasData || (position?.bytes ?? 0) > 0
    return new RejectsFile(path, isNeeded ? await AppendFile.open(path, name, position ?? NOWHERE) : undefined)
  }

  /** Adds the rejects of a group. */
  async append(documents: readonly SettledDocument[]): Promise<void> {
    for (const document of documents) {
      if (document.status !== 'done' || document.rejects.byteLength === 0) continue
      for await (const chunk of document.rejects.read()) await this.add(chunk)
    }
  }

  /** Adds lines that a target refuses itself. */
  async add(lines: Uint8Array): Promise<void> {
    this.#file ??= await AppendFile.open(this.path, basename(this.path), NOWHERE)
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
  const file = path === undefined ? undefined : await RejectsFile.open(path, { position: () => undefined }, true)
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
