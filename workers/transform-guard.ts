/**
 * The user's transform under supervision: while it runs the thread's pulse names the task, so that main knows whom to blame when the
 * thread ends or gets stuck; and a promise of it that does not settle is given up here, for then the thread itself is well.
 */
import type { Pulse } from '../src/channel/pulse.ts'
import type { RecordContext, Transform } from '../src/channel/transform-module.ts'
import { MillError } from '../src/errors.ts'

interface Pending {
  readonly sinceMs: number
  readonly context: RecordContext
  readonly reject: (error: MillError) => void
}

export class TransformGuard {
  readonly #transform: Transform
  readonly #timeoutMs: number
  readonly #pulse: Pulse
  /** Of a stage only one call is under way, but several stages share the guard. */
  readonly #pending = new Set<Pending>()

  constructor(transform: Transform, timeoutMs: number, pulse: Pulse) {
    this.#transform = transform
    this.#timeoutMs = timeoutMs
    this.#pulse = pulse
  }

  /** The transform for one task's records. It may throw MillError TRANSFORM_TIMEOUT, which is not the record's fault alone. */
  for(task: number): Transform {
    return (record, context) => {
      this.#pulse.enter(task)
      // When the thread is ended in the middle, no `finally` runs, and the task's name stays.
      try {
        const result = this.#transform(record, context)
        return isThenable(result) ? this.#settled(result, context) : result
      } finally {
        this.#pulse.leave()
      }
    }
  }

  /** To be called now and then. */
  look(nowMs: number): void {
    for (const pending of this.#pending) {
      if (nowMs - pending.sinceMs < this.#timeoutMs) continue
      const { name, n } = pending.context
      const seconds = this.#timeoutMs / 1000
      const what = `the transform's promise for record ${n} (${name}) has not settled for ${seconds} s (--transform-timeout)`
      pending.reject(new MillError('TRANSFORM_TIMEOUT', what))
    }
  }

  async #settled(result: PromiseLike<unknown>, context: RecordContext): Promise<unknown> {
    // Not Promise.race with one promise for all: each call would leave a reaction with it.
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const pending: Pending = { sinceMs: performance.now(), context, reject }
    this.#pending.add(pending)
    try {
      result.then(resolve, reject)
      return await promise
    } finally {
      this.#pending.delete(pending)
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
