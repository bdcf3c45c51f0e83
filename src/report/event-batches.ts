/** Events on their way to what watches a run. */
import type { Listener, RunEvent } from './events.ts'

/** Like a Listener, of some events at once, in their order. */
export type BatchListener = (events: readonly RunEvent[]) => void

/** A few hundred are told within a millisecond or two, which holds nothing up. */
const BATCH = 256

/**
 * Tells events some hundred at a time, at the latest with the next sample of the load (four a second). One by one, amid a run's other
 * work, each of them would find the code and the sums of its listeners gone from the processor's caches: twice the time.
 */
export class EventBatches {
  readonly #listeners: BatchListener[] = []
  #waiting: RunEvent[] = []

  /** To be given every event. */
  readonly listener: Listener = (event) => {
    this.#waiting.push(event)
    if (this.#waiting.length >= BATCH || event.type === 'load-sampled' || event.type === 'run-ended') this.tell()
  }

  add(listener: BatchListener): void {
    this.#listeners.push(listener)
  }

  /** Tells those that wait. To be called before anybody looks at what the listeners have made of them. */
  tell(): void {
    if (this.#waiting.length === 0) return
    const events = this.#waiting
    this.#waiting = []
    for (const listener of this.#listeners) listener(events)
  }
}
