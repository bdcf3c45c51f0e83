/** Where a run's spool files live: a directory of its own, made when the first one is needed and removed at the end. */
import { type FileHandle, mkdtemp, open, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SpoolFile {
  readonly path: string
  readonly handle: FileHandle
}

export class SpoolDirectory {
  #directory: Promise<string> | undefined
  #count = 0
  readonly #files = new Set<SpoolFile>()
  /** Files that are still being made. */
  readonly #opening = new Set<Promise<void>>()
  #isClosed = false

  async create(): Promise<SpoolFile> {
    if (this.#isClosed) throw new Error('the run has ended')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#opening.add(promise)
    try {
      this.#directory ??= mkdtemp(join(tmpdir(), 'xmlmill-'))
      this.#count += 1
      const name = `${this.#count}.spool`
      const path = join(await this.#directory, name)
      const file = { path, handle: await open(path, 'wx+', 0o600) }
      this.#files.add(file)
      return file
    } finally {
      this.#opening.delete(promise)
      resolve()
    }
  }

  async remove(file: SpoolFile): Promise<void> {
    if (!this.#files.delete(file)) return
    await file.handle.close()
    await unlink(file.path)
  }

  /** Closes and removes what is left: a run that was stopped has documents that nobody let go of. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#opening)
    for (const { handle } of this.#files) await handle.close()
    this.#files.clear()
    const directory = await this.#directory?.catch(() => undefined)
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
}
