/**
 * Lets documents into the pool no faster than there are threads for them.
 *
 * Piscina starts a thread for each document that none has room for, all of them at once with a run's first documents. Where there are fewer
 * processors than threads, they keep each other from starting, and those in excess have nothing to do when they have: a run over 315
 * files of 100 KB took 0.83 s with four threads on two processors, and 0.65 s with two. So the rest are started for a
 * document that has waited for a while: then those before it are large or slow, and not just many.
 */

/** As long as it takes to start a few threads. */
const PATIENCE_MS = 250

export interface EntranceOptions {
  readonly threads: number
  readonly tasksPerThread: number
  /** Threads that are started without waiting. */
  readonly promptThreads: number
}

/** The pool as it is. */
export interface Inside {
  readonly threads: number
  /** Whether some of them are starting, and documents wait in it for them. */
  readonly isStarting: boolean
}

interface Waiting {
  readonly sinceMs: number
  readonly enter: () => void
}

export class Entrance {
  readonly #options: EntranceOptions
  readonly #inside: () => Inside
  /** Documents that have entered and not left. */
  #entered = 0
  readonly #waiting: Waiting[] = []
  #patience: NodeJS.Timeout | undefined
  #startedAtMs = 0
  /** Threads that there may be. */
  #allowed: number

  constructor(options: EntranceOptions, inside: () => Inside) {
    this.#options = options
    this.#inside = inside
    this.#allowed = Math.min(options.promptThreads, options.threads)
  }

  /** Threads that there are to be when there is enough to do. */
  get allowedThreads(): number {
    return this.#allowed
  }

  /** @returns undefined when the pool is to have the document at once; else what resolves when it is. To be followed by `leave`. */
  enter(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#hasRoom()) {
      this.#entered += 1
      return undefined
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ sinceMs: performance.now(), enter: resolve })
    this.#wait(PATIENCE_MS)
    return promise
  }

  leave(): void {
    this.#entered -= 1
    this.look()
  }

  /** A thread has started, and has what was queued for it. */
  started(): void {
    this.#startedAtMs = performance.now()
    this.look()
  }

  /** There may be room now. */
  look(): void {
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#enterNext()
  }

  /** Everybody may enter, and find it closed. */
  close(): void {
    clearTimeout(this.#patience)
    this.#openAll()
  }

  #enterNext(): void {
    this.#entered += 1
    this.#waiting.shift()?.enter()
  }

  #hasRoom(): boolean {
    const { threads, tasksPerThread } = this.#options
    if (this.#allowed === threads) return true
    const inside = this.#inside()
    if (inside.threads < this.#allowed) return true
    // With a document in its queue Piscina takes the next one for a reason to start yet another thread.
    return !inside.isStarting && this.#entered < this.#allowed * tasksPerThread
  }

  #wait(ms: number): void {
    this.#patience ??= setTimeout(() => this.#loseOrKeepPatience(), ms).unref()
  }

  #loseOrKeepPatience(): void {
    this.#patience = undefined
    const [first] = this.#waiting
    if (first === undefined) return
    // While threads start nobody has anything from yet another one.
    const { isStarting } = this.#inside()
    const leftMs = Math.max(first.sinceMs, this.#startedAtMs) + PATIENCE_MS - performance.now()
    if (isStarting || leftMs > 1) this.#wait(isStarting ? PATIENCE_MS : leftMs)
    else this.#openAll()
  }

  #openAll(): void {
    this.#allowed = this.#options.threads
    this.look()
  }
}
