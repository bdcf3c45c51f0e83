/** The end of a run before its list's: at once, or in order. */
import { MillError } from '../errors.ts'

/** What running documents are given to end in, once the run is to stop. */
const GRACE_MS = 10_000

export interface HaltSignals {
  /** Stops the run at once. */
  readonly signal?: AbortSignal | undefined
  /** Stops it in order: nothing more is started, what runs has ten seconds. */
  readonly stopping?: AbortSignal | undefined
}

export class Halt {
  readonly #signals: HaltSignals
  readonly #onChange: () => void
  #isComing = false
  #now: { readonly reason: unknown } | undefined

  /** @param onChange called when there is something new */
  constructor(signals: HaltSignals, onChange: () => void) {
    this.#signals = signals
    this.#onChange = onChange
  }

  /** Whether nothing more is to be started; what runs may go on. */
  get isComing(): boolean {
    return this.#isComing
  }

  /** Whether the run is to end at once. */
  get isNow(): boolean {
    return this.#now !== undefined
  }

  /** Why it is. */
  get reason(): unknown {
    return this.#now?.reason
  }

  /** The run is to end at once; the first reason counts. */
  now(reason: unknown): void {
    this.#now ??= { reason }
    this.#onChange()
  }

  /** What runs has come to its end, and the list has not. */
  complete(): void {
    this.now(aborted(this.#signals.stopping))
  }

  /** Listens to the signals until it is disposed of. */
  listen(): Disposable {
    const { signal, stopping } = this.#signals
    let grace: NodeJS.Timeout | undefined
    const listeners = [
      whenAborted(signal, () => this.now(aborted(signal))),
      whenAborted(stopping, () => {
        this.#isComing = true
        grace = setTimeout(() => this.complete(), GRACE_MS)
        this.#onChange()
      }),
    ]
    return {
      [Symbol.dispose]: () => {
        clearTimeout(grace)
        for (const listener of listeners) listener[Symbol.dispose]()
      },
    }
  }
}

function aborted(signal: AbortSignal | undefined): MillError {
  return new MillError('ABORTED', 'the run was stopped', { cause: signal?.reason })
}

/** Listens until it is disposed of; calls at once when it is too late to listen. */
function whenAborted(signal: AbortSignal | undefined, listener: () => void): Disposable {
  if (signal?.aborted === true) listener()
  else signal?.addEventListener('abort', listener, { once: true })
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', listener) }
}
