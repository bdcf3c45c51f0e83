import type { Clock } from '../../src/report/display.ts'

/** A clock that stands still until it is told to advance. */
export class ManualClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Set<{ readonly intervalMs: number; readonly tick: () => void; nextAt: number }>()

  now(): number {
    return this.#now
  }

  every(intervalMs: number, tick: () => void): () => void {
    const timer = { intervalMs, tick, nextAt: this.#now + intervalMs }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Time that passes while something is done: no timer comes due in it. */
  pass(ms: number): void {
    this.#now += ms
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.nextAt - b.nextAt)[0]
      if (next === undefined || next.nextAt > end) break
      this.#now = next.nextAt
      next.nextAt += next.intervalMs
      next.tick()
    }
    this.#now = end
  }
}
