/** Tells, four times a second, how things stand with a run: what the meter has gathered, and how late the main loop was. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { LoadSample, Standing } from '../model.ts'
import { LoadMeter } from '../schedule/load-meter.ts'

/** How often it is told how things stand. */
const SAMPLE_MS = 250

/** How often the delay of the main loop is measured: what the histogram has in it includes this. */
const LOOP_DELAY_MS = 10

export class LoadSampler {
  readonly #meter: LoadMeter
  readonly #now: () => number
  readonly #onSample: (sample: LoadSample & { readonly loopDelayMs: number }) => void
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_MS })

  constructor(
    threads: number,
    now: () => number,
    onSample: (sample: LoadSample & { readonly loopDelayMs: number }) => void,
  ) {
    this.#meter = new LoadMeter(threads, now())
    this.#now = now
    this.#onSample = onSample
  }

  /** Samples until it is disposed of. */
  start(): Disposable {
    this.#loopDelay.enable()
    const sampling = setInterval(() => this.sample(), SAMPLE_MS)
    sampling.unref()
    return {
      [Symbol.dispose]: () => {
        clearInterval(sampling)
        this.#loopDelay.disable()
      },
    }
  }

  /** From now on it stands like this. */
  stands(standing: Standing): void {
    this.#meter.stands(standing, this.#now())
  }

  /** A write of the output begins or ends. */
  writes(isWriting: boolean): void {
    this.#meter.writes(isWriting, this.#now())
  }

  /** Once more than every so often, such as at the end. */
  sample(): void {
    const loopDelayMs = Math.max(0, this.#loopDelay.max / 1e6 - LOOP_DELAY_MS)
    this.#loopDelay.reset()
    this.#onSample({ ...this.#meter.take(this.#now()), loopDelayMs })
  }
}
