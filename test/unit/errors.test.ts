import { expect, test } from 'vitest'
import { ERRORS, MillError, toFailure } from '../../src/errors.ts'

test('an error crosses the channel as plain data and comes back', () => {
  const cause = new Error('below')
  const error = new MillError('HTTP_UNAVAILABLE', 'status 503', { status: 503, retryAfterMs: 5000, line: 3, cause })
  const failure = structuredClone(error.toFailure())
  expect(failure).toEqual({
    code: 'HTTP_UNAVAILABLE',
    message: 'status 503',
    disposition: 'retry',
    status: 503,
    retryAfterMs: 5000,
    line: 3,
  })
  const back = MillError.from(failure)
  expect(back).toBeInstanceOf(MillError)
  expect(back.toFailure()).toEqual(failure)
  expect([back.disposition, back.remedy]).toEqual(['retry', ERRORS.HTTP_UNAVAILABLE.remedy])
})

test('what is no MillError is a mistake of ours, with its stack', () => {
  const failure = toFailure(new TypeError('x is not a function'))
  expect(failure).toMatchObject({ code: 'INTERNAL', disposition: 'fail' })
  expect(failure.message).toContain('TypeError: x is not a function')
  expect(toFailure('text').message).toBe('text')
  expect(toFailure(undefined).message).toBe('undefined')
})
