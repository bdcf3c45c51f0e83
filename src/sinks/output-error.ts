/** What the system says about an output, as an error of the run. */
import { MillError } from '../errors.ts'

/** @param target the output's name, for the message */
export function outputFailed(target: string, cause: unknown): MillError {
  if (cause instanceof MillError) return cause
  if (isErrno(cause) && cause.code === 'EPIPE') {
    return new MillError('OUTPUT_CLOSED', `the reader of ${target} went away`, { cause })
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillError('OUTPUT_FAILED', `${target} could not be written: ${reason}`, { cause })
}

export function isErrno(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown
}
