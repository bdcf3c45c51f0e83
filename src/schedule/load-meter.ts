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
  #activeMs = 0
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

  writeBegan(now: number): void {
    this.#writingSince = now
  }

  writeEnded(now: number): void {
    if (this.#writingSince !== undefined) this.#writeMs += now - this.#writingSince
    this.#writingSince = undefined
  }

  /** What has gathered since the last call. */
  take(now: number): LoadSample {
    this.#advance(now)
    if (this.#writingSince !== undefined) {
      this.#writeMs += now - this.#writingSince
      this.#writingSince = now
    }
    const sample: LoadSample = {
      ...this.#standing,
      heldMs: this.#heldMs,
      activeMs: this.#activeMs,
      threadMs: this.#threadMs,
      slotMs: this.#slotMs,
      writeMs: this.#writeMs,
    }
    this.#heldMs = {}
    this.#activeMs = 0
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
    if (attempting > 0) this.#activeMs += ms
    this.#threadMs += Math.min(attempting, this.#threads) * ms
    this.#slotMs += downloading * ms
  }
}
