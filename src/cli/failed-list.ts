/** The URLs that failed, kept so that one command tries them again: a few in memory, more in a file. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { redactUrl } from '../redact.ts'

/** So many are named in the command itself. */
const INLINE = 5

interface ListFile {
  readonly path: string
  readonly descriptor: number
}

export class FailedList {
  readonly #path: string
  readonly #urls: string[] = []
  #file: ListFile | undefined

  /** @param path where the list goes when it is long or must not be arguments; only readable by its owner */
  constructor(path: string) {
    this.#path = path
  }

  add(url: string): void {
    if (this.#file === undefined && this.#urls.length < INLINE && canBeArgument(url)) {
      this.#urls.push(url)
      return
    }
    if (this.#file === undefined) {
      this.#file = openList(this.#path)
      writeSync(this.#file.descriptor, this.#urls.map((early) => `${early}\n`).join(''))
    }
    writeSync(this.#file.descriptor, `${url}\n`)
  }

  /** The arguments that name them, or undefined when none failed. */
  args(): readonly string[] | undefined {
    if (this.#file !== undefined) return ['-i', this.#file.path]
    return this.#urls.length === 0 ? undefined : this.#urls
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor)
  }
}

/** Arguments are seen by other users, and ranges and sets in them are expanded; the lines of a list are not. */
function canBeArgument(url: string): boolean {
  return redactUrl(url) === url && !/[[\]{}]/.test(url)
}

/** A new file at the path or, where it cannot be made (a working directory may be read-only), in one for temporary files. */
function openList(path: string): ListFile {
  try {
    return createList(path)
  } catch {
    return createList(join(mkdtempSync(join(tmpdir(), 'xmlmill-')), basename(path)))
  }
}

function createList(path: string): ListFile {
  rmSync(path, { force: true })
  return { path, descriptor: openSync(path, 'wx', 0o600) }
}
