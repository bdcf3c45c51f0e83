/** What an answer's status means for its document. Pure. */
import { MillError } from '../../src/errors.ts'
import { retryAfterMs } from './retry-after.ts'

/** Whether asking again may help: the client errors that pass, and every server error. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

export interface StatusFacts {
  readonly status: number
  readonly host: string
  readonly retryAfter: string | undefined
  /** Whether the request had a Range header of the user's. */
  readonly askedForRange: boolean
}

/**
 * Why an answer is no document, or undefined when its body is one.
 * @param nowMs the wall clock, for a Retry-After that is a date
 */
export function statusRefusal(
  { status, host, retryAfter, askedForRange }: StatusFacts,
  nowMs: number,
): MillError | undefined {
  const answer = `${host} answered ${status} ${reasonPhrase(status)}`.trim()
  if (isTransient(status)) {
    const waitMs = retryAfterMs(retryAfter, nowMs)
    const wait = waitMs === undefined ? '' : `; Retry-After: ${retryAfter}`
    return new MillError('HTTP_UNAVAILABLE', answer + wait, {
      status,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    })
  }
  if (status === 204 || status === 205 || status === 304)
    return new MillError('BODY_EMPTY', `${answer}, which has no body`, { status })
  if (status === 206 && !askedForRange)
    return new MillError('HTTP_REFUSED', `${answer}: a part of the document where all of it was asked for`, { status })
  if (status < 200 || status > 299) return new MillError('HTTP_REFUSED', answer, { status })
  return undefined
}

/** Not by `import`: that reads all names of node:http, and with `WebSocket` loads Node's own undici, which takes each thread 30 ms as it starts. */
function reasonPhrase(status: number): string {
  return process.getBuiltinModule('node:http').STATUS_CODES[status] ?? ''
}
