/** What went wrong on the wire, from the error codes of Node, OpenSSL and undici to ours. */
import { type ErrorCode, MillError } from '../../src/errors.ts'
import { isTransient } from './status.ts'

/** How far an exchange had come when it failed. */
export interface Progress {
  /** `host:port`, for messages. */
  readonly host: string
  /** Whether the request had a connection to go over. */
  readonly connected: boolean
  /** Whether the head of an answer had arrived. */
  readonly answered: boolean
  readonly receivedBytes: number
  readonly contentLength: number | undefined
}

const DNS = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_MEMORY',
  'ENODATA',
  'ESERVFAIL',
])

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  EHOSTUNREACH: 'cannot be reached from this machine',
  ENETUNREACH: 'is in a network that cannot be reached from this machine',
  EHOSTDOWN: 'is down',
  ENETDOWN: 'cannot be reached: the network of this machine is down',
  EADDRNOTAVAIL: 'cannot be reached: this machine has no address or port left for it',
  EMFILE: 'was not asked: this process has too many files open',
  ENFILE: 'was not asked: this machine has too many files open',
  EACCES: 'cannot be reached: the system forbids it',
  EPERM: 'cannot be reached: the system forbids it',
  UND_ERR_PRX_CONN: 'cannot be reached: the proxy closed the connection',
}

const TIMED_OUT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'])

const TLS_CODES =
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$|PATH_LENGTH_|ERROR_IN_CERT|EPROTO$|UND_ERR_PRX_TLS$|ERR_OSSL)/

const CLEAN_CLOSE = new Set(['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/** llhttp's words for a message that the connection's end cut short. */
const UNFINISHED = 'Invalid EOF state'

/** The failure of an exchange as a MillError; one that is a MillError already stays as it is. */
export function connectionError(thrown: unknown, progress: Progress): MillError {
  if (thrown instanceof MillError) return thrown
  const error = innermost(thrown)
  const { code, name, message } = error
  const { host, connected, answered, receivedBytes, contentLength } = progress
  const give = (kind: ErrorCode, text: string): MillError => new MillError(kind, text, { cause: thrown })

  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return give('ABORTED', `${host}: downloads were stopped`)
  const proxyStatus = Number(/^Proxy .*\((\d{3})\)/.exec(message)?.[1])
  if (proxyStatus > 0) {
    const text = `${host}: the proxy answered ${proxyStatus}`
    return isTransient(proxyStatus)
      ? give('CONNECT_FAILED', text)
      : new MillError('HTTP_REFUSED', text, { status: proxyStatus, cause: thrown })
  }
  if (code === 'UND_ERR_INVALID_ARG')
    return give('OPTIONS_INVALID', `the request to ${host} cannot be sent: ${message}`)
  if (DNS.has(code)) return give('DNS_FAILED', `${host}: the name cannot be resolved (${code})`)
  if (TLS_CODES.test(code)) return give('TLS_FAILED', `${host}: ${tlsReason(code, message)}`)
  if (!connected) {
    if (TIMED_OUT.has(code)) return give('CONNECT_TIMEOUT', `${host}: no connection within --connect-timeout`)
    if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET')
      return give('CONNECT_FAILED', `${host} closed the connection before the request was sent`)
    return give('CONNECT_FAILED', `${host} ${UNREACHABLE[code] ?? `cannot be reached (${code || message})`}`)
  }
  if (answered && (CLEAN_CLOSE.has(code) || message.includes(UNFINISHED))) {
    const whole = contentLength === undefined ? 'before the last chunk' : `of the ${contentLength} announced`
    return give('BODY_TRUNCATED', `${host} closed the connection after ${receivedBytes} bytes ${whole}`)
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return give('HTTP_MALFORMED', `${host} sent more than 64 KiB of headers`)
  // A parse error before the body counts as a mismatch too: undici compares the length with the bytes it has by then.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return give('HTTP_MALFORMED', `${host} sent headers that do not say one length of the body`)
  // undici asserts that a status has three digits of which the first is none of 0.
  if (code === 'ERR_ASSERTION') return give('HTTP_MALFORMED', `${host} sent an answer with a status that is none`)
  // undici 8.12 looks its HPE_ codes up in the wrong direction and leaves them out: the class's name is what there is.
  if (code.startsWith('HPE_') || name === 'HTTPParserError') {
    if (message.includes(UNFINISHED)) return give('CONNECTION_LOST', `${host} closed the connection before it answered`)
    return give('HTTP_MALFORMED', `${host} sent what is not HTTP (${/\((.+)\)/.exec(message)?.[1] ?? message})`)
  }
  // RFC 9110 (15.2) lets a server send 1xx answers unasked. undici lets them pass, but for 100, at which it cuts the connection (still in 8.12,
  // onHeadersComplete in client-h1.js, and no option for it). An upgrade has no one to take it.
  if (code === 'UND_ERR_SOCKET' && message === 'bad response')
    return give(
      'HTTP_MALFORMED',
      `${host} sent 100 Continue unasked, which HTTP allows and the client in here (undici) does not`,
    )
  if (code === 'UND_ERR_SOCKET' && message.startsWith('bad '))
    return give('HTTP_MALFORMED', `${host} sent an answer that was not asked for (${message})`)
  const when = answered ? `after ${receivedBytes} bytes of the document` : 'before it answered'
  const how = code === 'ECONNRESET' ? 'reset' : code === 'UND_ERR_SOCKET' ? 'closed' : 'lost'
  return give(
    'CONNECTION_LOST',
    `${host} ${how} the connection ${when}${how === 'lost' ? ` (${code || message})` : ''}`,
  )
}

/** Whether the server cut a connection that it had kept alive, just as the next request went out over it. */
export function isClosedConnection(thrown: unknown): boolean {
  const { code } = innermost(thrown)
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}

interface CodedError {
  readonly code: string
  readonly name: string
  readonly message: string
}

/** With several addresses Node gives an AggregateError, and undici wraps what happened at a proxy: the reason is inside. */
function innermost(thrown: unknown): CodedError {
  if (!(thrown instanceof Error)) return { code: '', name: '', message: String(thrown) }
  if (thrown instanceof AggregateError && thrown.errors.length > 0 && !TIMED_OUT.has(codeOf(thrown)))
    return innermost(thrown.errors[0])
  if (codeOf(thrown) === 'UND_ERR_PRX_TLS' && thrown.cause instanceof Error) return innermost(thrown.cause)
  return { code: codeOf(thrown), name: thrown.name, message: thrown.message }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const TLS_REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain ends in a self-signed certificate that this machine does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server leaves out the certificate that signed its own',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of the issuer is missing',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is of an authority that this machine does not know',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate has been revoked',
  CERT_UNTRUSTED: 'the certificate is not trusted',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
}

function tlsReason(code: string, message: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate is for another host (${message.replace(/^.*?: /, '')})`
  // OpenSSL's own texts are `error:0A000438:SSL routines:function:reason:file:line`.
  const reason = TLS_REASONS[code] ?? /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message.trim()
  return `${reason} (${code})`
}
