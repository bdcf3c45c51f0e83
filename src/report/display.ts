/** What the styles of progress have in common. */
import type { Listener } from './events.ts'

/** A display of a run while it lasts. Feed it every event; close it before anything else is written to the same stream. */
export interface Display {
  readonly listener: Listener
  /** A line for a person; programs that read the display are not told. */
  say(line: string): void
  /** Leaves nothing behind but log lines. May be called twice. */
  close(): void
}

/** The part of process.stderr that a display uses. */
export interface Terminal {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): boolean
  on(event: 'resize' | 'error', listener: () => void): unknown
  off(event: 'resize' | 'error', listener: () => void): unknown
}

/** What a style is given. */
export interface DisplayContext {
  readonly stderr: Terminal
  readonly color: boolean
  readonly clock: Clock
}

export interface Clock {
  /** Milliseconds, monotonic, from any beginning. */
  now(): number
  /** Calls `tick` until the returned function is called; never keeps the process alive. */
  every(intervalMs: number, tick: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(intervalMs, tick) {
    const timer = setInterval(tick, intervalMs)
    timer.unref()
    return () => clearInterval(timer)
  },
}

/** A clock's time as the run's events count it: milliseconds since the run began. */
export class RunTime {
  readonly #clock: Clock
  #begin: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call with the `at` of each event. */
  follow(at: number): void {
    this.#begin ??= this.#clock.now() - at
  }

  now(): number {
    return this.#begin === undefined ? 0 : this.#clock.now() - this.#begin
  }
}
