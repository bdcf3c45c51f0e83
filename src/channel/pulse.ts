/**
 * What a thread shows of its life in shared memory: main reads it without a message, and also when the thread is stuck or gone.
 *
 * The words are: a count that moves as long as the thread gets on, the task whose code runs at this moment, and the tasks that the thread
 * holds. A thread that stops moving is stuck; the task that its last words name is the one to blame.
 */

const STEPS = 0
const CURRENT = 1
const FIRST_SLOT = 2

const LONGEST_BEAT_MS = 250

/** How often a thread must show that its loop turns, in milliseconds: eight times during the time-out after which it counts as stuck. */
export function beatMs(timeoutMs: number): number {
  return Math.min(LONGEST_BEAT_MS, timeoutMs / 8)
}

export class Pulse {
  readonly #words: Int32Array<SharedArrayBuffer>

  /** @param buffer of another thread's pulse */
  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer)
  }

  /** @param tasks most that the thread holds at once */
  static create(tasks: number): Pulse {
    return new Pulse(new SharedArrayBuffer((FIRST_SLOT + tasks) * Int32Array.BYTES_PER_ELEMENT))
  }

  get buffer(): SharedArrayBuffer {
    return this.#words.buffer
  }

  // The thread's side.

  beat(): void {
    Atomics.add(this.#words, STEPS, 1)
  }

  /** From now on the code of this task runs, until `leave`: nothing else does, because nothing is awaited between them. */
  enter(task: number): void {
    Atomics.store(this.#words, CURRENT, task)
    this.beat()
  }

  leave(): void {
    Atomics.store(this.#words, CURRENT, 0)
  }

  hold(task: number): void {
    this.#replace(0, task)
  }

  /** Main does it for a thread that is gone. */
  release(task: number): void {
    this.#replace(task, 0)
  }

  // Main's side.

  /** Moves as long as the thread does; wraps around. */
  get steps(): number {
    return Atomics.load(this.#words, STEPS)
  }

  /** The task whose code runs, or ran when the thread ended; 0 for none that is known. */
  get current(): number {
    return Atomics.load(this.#words, CURRENT)
  }

  holds(task: number): boolean {
    return this.#words.includes(task, FIRST_SLOT)
  }

  get isEmpty(): boolean {
    return !this.#words.subarray(FIRST_SLOT).some((task) => task !== 0)
  }

  #replace(from: number, to: number): void {
    const slot = this.#words.indexOf(from, FIRST_SLOT)
    if (slot >= 0) Atomics.store(this.#words, slot, to)
  }
}
