/** The URLs that failed, kept so that one command tries them again: a few in memory, more in a file. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { redactUrl } from '../redact.ts'

/** So many are named in the command itself. */
const INLINE = 5

export class FailedList {
  readonly #path: string
  readonly #urls: string[] = []
  #file: number | undefined

  /** @param path where the list goes when it is long or has credentials in it; only readable by its owner */
  constructor(path: string) {
    this.#path = path
  }

  add(url: string): void {
    const isSecret = redactUrl(url) !== url
    if (this.#file === undefined && this.#urls.length < INLINE && !isSecret) {
      this.#urls.push(url)
      return
    }
    if (this.#file === undefined) {
      rmSync(this.#path, { force: true })
      this.#file = openSync(this.#path, 'wx', 0o600)
      writeSync(this.#file, this.#urls.map((early) => `${early}\n`).join(''))
    }
    writeSync(this.#file, `${url}\n`)
  }

  /** The arguments that name them, or undefined when none failed. */
  args(): readonly string[] | undefined {
    if (this.#file !== undefined) return ['-i', this.#path]
    return this.#urls.length === 0 ? undefined : this.#urls
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
  }
}
