/** What a server's Retry-After costs its document, and when it is too much. */
import type { Failure } from '../errors.ts'

/**
 * Milliseconds that a Retry-After counts against a document's patience: at least a second, so that a server that says 0 for
 * ever is given up as well.
 */
export function patienceCostMs(retryAfterMs: number): number {
  return Math.max(retryAfterMs, 1000)
}

/** What the documents of a host are given up with that asks for a wait beyond the limit. */
export function askedTooMuch(failure: Failure, retryAfterMs: number, limitMs: number): Failure {
  return tooLong(failure, `asks to wait ${seconds(retryAfterMs)}`, limitMs)
}

/** What a document fails with whose waits come to more than the limit together. */
export function askedTooOften(failure: Failure, spentMs: number, limitMs: number): Failure {
  return tooLong(failure, `has asked to wait ${seconds(spentMs)} in all`, limitMs)
}

function tooLong(failure: Failure, asked: string, limitMs: number): Failure {
  const message = `${failure.message}; the server ${asked}, --retry-max-wait allows ${seconds(limitMs)}`
  return { ...failure, code: 'RETRY_AFTER_TOO_LONG', disposition: 'fail', message }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}
