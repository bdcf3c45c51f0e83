/**
 * Bytes a thread may still send. Main grants, the thread spends.
 *
 * One batch may overdraw: otherwise a batch larger than the window could never go. Whoever is overdrawn waits until main
 * has taken enough; that wait is how a slow reader of our output slows the downloads.
 */
export class CreditWindow {
  #bytes: number
  #waiters: (() => void)[] = []

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get isOpen(): boolean {
    return this.#bytes > 0
  }

  spend(bytes: number): void {
    this.#bytes -= bytes
  }

  grant(bytes: number): void {
    this.#bytes += bytes
    if (!this.isOpen) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves when there is credit again. */
  async opened(): Promise<void> {
    while (!this.isOpen) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiters.push(resolve)
      await promise
    }
  }
}
