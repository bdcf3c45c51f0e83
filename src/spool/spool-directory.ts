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
  #files = 0

  async create(): Promise<SpoolFile> {
    this.#directory ??= mkdtemp(join(tmpdir(), 'xmlmill-'))
    this.#files += 1
    const path = join(await this.#directory, `${this.#files}.spool`)
    return { path, handle: await open(path, 'wx+', 0o600) }
  }

  async remove(file: SpoolFile): Promise<void> {
    await file.handle.close()
    await unlink(file.path)
  }

  async close(): Promise<void> {
    const directory = await this.#directory?.catch(() => undefined)
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
}
