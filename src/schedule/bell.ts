/** Wakes whoever waits for something to have changed. Ask first, then wait: a ring that nobody waits for is not kept. */
export class Bell {
  #waiters = new Set<() => void>()

  ring(): void {
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const wake of waiters) wake()
  }

  /** Resolves at the next ring, or once `delayMs` have passed. */
  async rung(delayMs?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiters.add(resolve)
    // Longer than setTimeout takes (24.8 days) is cut: whoever wakes looks at the clock again.
    const timer =
      delayMs === undefined ? undefined : setTimeout(resolve, Math.min(Math.max(0, Math.ceil(delayMs)), 2 ** 31 - 1))
    await promise
    clearTimeout(timer)
    this.#waiters.delete(resolve)
  }
}
