import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { connectionError } from '../../workers/download/connection-error.ts'

const CONNECTING = {
  host: 'example.org:80',
  connected: false,
  answered: false,
  receivedBytes: 0,
  contentLength: undefined,
}
const WAITING = { ...CONNECTING, connected: true }
const READING = { ...WAITING, answered: true, receivedBytes: 10, contentLength: 20 }

function coded(code: string, message = 'something'): Error {
  return Object.assign(new Error(message), { code })
}

test.each([
  ['ENOTFOUND', CONNECTING, 'DNS_FAILED'],
  ['EAI_AGAIN', CONNECTING, 'DNS_FAILED'],
  ['ECONNREFUSED', CONNECTING, 'CONNECT_FAILED'],
  ['EHOSTUNREACH', CONNECTING, 'CONNECT_FAILED'],
  ['ENETUNREACH', CONNECTING, 'CONNECT_FAILED'],
  ['ECONNRESET', CONNECTING, 'CONNECT_FAILED'],
  ['EMFILE', CONNECTING, 'CONNECT_FAILED'],
  ['EWHATEVER', CONNECTING, 'CONNECT_FAILED'],
  ['ETIMEDOUT', CONNECTING, 'CONNECT_TIMEOUT'],
  ['UND_ERR_CONNECT_TIMEOUT', CONNECTING, 'CONNECT_TIMEOUT'],
  ['CERT_HAS_EXPIRED', CONNECTING, 'TLS_FAILED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', CONNECTING, 'TLS_FAILED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', CONNECTING, 'TLS_FAILED'],
  ['EPROTO', CONNECTING, 'TLS_FAILED'],
  ['UND_ERR_INVALID_ARG', CONNECTING, 'OPTIONS_INVALID'],
  ['UND_ERR_DESTROYED', CONNECTING, 'ABORTED'],
  ['ECONNRESET', WAITING, 'CONNECTION_LOST'],
  ['ETIMEDOUT', WAITING, 'CONNECTION_LOST'],
  ['UND_ERR_SOCKET', WAITING, 'CONNECTION_LOST'],
  ['UND_ERR_HEADERS_OVERFLOW', WAITING, 'HTTP_MALFORMED'],
  ['HPE_INVALID_CONSTANT', WAITING, 'HTTP_MALFORMED'],
  ['ECONNRESET', READING, 'CONNECTION_LOST'],
  ['UND_ERR_SOCKET', READING, 'BODY_TRUNCATED'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', READING, 'BODY_TRUNCATED'],
] as const)('%s %# is named with the host', (code, progress, expected) => {
  const error = connectionError(coded(code), progress)
  expect(error.code).toBe(expected)
  expect(error.message).toContain('example.org:80')
})

test('of several addresses that failed the first one says why', () => {
  const failures = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])
  expect(connectionError(failures, CONNECTING).message).toBe('example.org:80 refused the connection')
})

test('what has a code of ours already keeps it', () => {
  const error = new MillError('STALLED', 'slow')
  expect(connectionError(error, READING)).toBe(error)
})

test('a failure keeps its cause', () => {
  const cause = coded('ECONNRESET')
  expect(connectionError(cause, READING).cause).toBe(cause)
})
