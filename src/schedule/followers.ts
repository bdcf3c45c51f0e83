/** Documents that follow others in threads and have not begun. */
import type { Entry, Host } from './host.ts'

export class Followers {
  /** How many each host has; none is absent. */
  readonly #hosts = new Map<Host, number>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Those that have any. */
  get hosts(): Iterable<Host> {
    return this.#hosts.keys()
  }

  add(entry: Entry): void {
    entry.follows = true
    this.#size += 1
    this.#hosts.set(entry.host, (this.#hosts.get(entry.host) ?? 0) + 1)
  }

  remove(entry: Entry): void {
    const left = (this.#hosts.get(entry.host) ?? 0) - 1
    entry.follows = false
    this.#size -= 1
    if (left > 0) this.#hosts.set(entry.host, left)
    else this.#hosts.delete(entry.host)
  }
}
