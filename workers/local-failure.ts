/** What becomes of the failure of a local file: it is not tried again, for it would be the same the next time. */
import type { Failure } from '../src/errors.ts'

export function failureAt(url: string, failure: Failure): Failure {
  return failure.disposition === 'retry' && url.startsWith('file:') ? { ...failure, disposition: 'fail' } : failure
}
