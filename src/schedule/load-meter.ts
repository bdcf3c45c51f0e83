/**
 * What kept the next document from starting, and how much was under way, added up over time: the figures from which a report says what
 * bounded a run. Pure: the clock is an argument (milliseconds, any origin).
 */

import type { Hold, LoadSample, Standing } from '../model.ts'

export class LoadMeter {
  readonly #threads: number
  #standing: Standing = { hold: 'list', downloading: 0, attempting: 0, pending: 0 }
  #since: number
  #writingSince: number | undefined
  #heldMs: Partial<Record<Hold, number>> = {}
  #threadMs = 0
  #slotMs = 0
  #writeMs = 0

  constructor(threads: number, now: number) {
    this.#threads = threads
    this.#since = now
  }

  /** From now on it stands like this. */
  stands(standing: Standing, now: number): void {
    this.#advance(now)
    this.#standing = standing
  }

  /** A write of the output begins or ends. */
  writes(isWriting: boolean, now: number): void {
    if (this.#writingSince !== undefined) this.#writeMs += now - this.#writingSince
    this.#writingSince = isWriting ? now : undefined
  }

  /** What has gathered since the last call. */
  take(now: number): LoadSample {
    this.#advance(now)
    this.writes(this.#writingSince !== undefined, now)
    const sample: LoadSample = {
      ...this.#standing,
      heldMs: this.#heldMs,
      threadMs: this.#threadMs,
      slotMs: this.#slotMs,
      writeMs: this.#writeMs,
    }
    this.#heldMs = {}
    this.#threadMs = 0
    this.#slotMs = 0
    this.#writeMs = 0
    return sample
  }

  #advance(now: number): void {
    const ms = now - this.#since
    this.#since = now
    const { hold, attempting, downloading } = this.#standing
    this.#heldMs[hold] = (this.#heldMs[hold] ?? 0) + ms
    if (hold === 'slots' || hold === 'threads' || hold === 'end')
      this.#threadMs += Math.min(attempting, this.#threads) * ms
    this.#slotMs += downloading * ms
  }
}
