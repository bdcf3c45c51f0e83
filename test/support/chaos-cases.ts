/**
 * Every way in which a server or a body can be hostile, with what must become of its document. Used one by one, and all mixed by a seed.
 * For runs with `HOSTILE_OPTIONS`.
 */
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { ERRORS, type ErrorCode, type LibraryOptions } from '../../src/index.ts'
import { answer, FAULTS, type Fault } from './fault-server.ts'

export interface HostileCase {
  readonly name: string
  readonly answer: Fault
  readonly ends: ErrorCode | 'done'
  /** Requests of the path until its end, with one retry. */
  readonly hits: number
  /** The same, where each request meets a connection that the server is just closing, and is sent again at no cost. */
  readonly maxHits: number
  /** It asks the whole host to be left alone, and must have one of its own. */
  readonly coolsHost?: boolean
}

const MIB = 1 << 20

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const GZIP_CODED = 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n'

/** Limits turned down so that each is met within seconds, and not by a server that waits for its processor. */
export const HOSTILE_OPTIONS = {
  record: 'b',
  retries: 1,
  retryMaxWait: 1.5,
  connectTimeout: 1,
  stallTimeout: 1.2,
  transformTimeout: 10,
  maxBytes: 2 * MIB,
  maxRecordBytes: 256 << 10,
  maxDepth: 64,
  hostFailures: 0,
} as const satisfies LibraryOptions

export const GOOD_BODY = '<a><b>text</b></a>'

function xml(body: string | Uint8Array, headers: readonly string[] = []): Fault {
  const bytes = answer(body, ['content-type: application/xml', ...headers])
  return ({ socket }) => socket.write(bytes)
}

function status(line: string, headers: readonly string[] = [], body = 'no document here'): Fault {
  return ({ socket }) => socket.write(answer(body, headers, line))
}

function redirect(location: string, code = 302): Fault {
  return status(`${code} Moved`, [`location: ${location}`])
}

/** The first request fails, the second is answered well. */
function onceOnly(fault: Fault): Fault {
  return (request) => (request.hit === 1 ? fault(request) : request.socket.write(answer(GOOD_BODY)))
}

function endless(socket: Parameters<Fault>[0]['socket'], head: string | Uint8Array, piece: string | Uint8Array): void {
  const bytes = Buffer.concat(Array<Buffer>(64).fill(Buffer.from(piece)))
  socket.write(head)
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', more)
  more()
}

/** Brotli's default quality would take seconds. */
const quick = (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })

const CODINGS = { gzip: gzipSync, deflate: deflateSync, br: quick, zstd: zstdCompressSync }

function bomb(coding: keyof typeof CODINGS): Fault {
  const packed = CODINGS[coding](Buffer.from(`<a><b>1</b>${' '.repeat(20 * MIB)}</a>`))
  return xml(packed, [`content-encoding: ${coding}`])
}

const laughs = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')
const BILLION_LAUGHS = `<!DOCTYPE a [<!ENTITY l0 "ha">${laughs}]><a><b>&l9;</b></a>`
const QUADRATIC = `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(50_000)}">]><a>${'<b>&x;</b>'.repeat(10_000)}</a>`
/** Just below the limit of a document: a name with a prefix is two names, and what is spent on each is many times its length. */
const MANY_NAMES = `<a>${Array.from({ length: 180_000 }, (_, n) => `<n${n.toString(36)}:a/>`).join('')}</a>`
const GZIPPED = gzipSync(`<a>${'<b>1</b>'.repeat(20_000)}</a>`)

type Row = readonly [name: string, ends: ErrorCode | 'done', answer: Fault, hits?: number]

/** Writes the same again and again until the connection is gone. */
function repeated(head: string | Uint8Array, piece: string, everyMs = 5): Fault {
  return ({ socket }) => {
    socket.write(head)
    const timer = setInterval(() => socket.write(piece), everyMs)
    socket.once('close', () => clearInterval(timer))
  }
}

/** What is before the answer, around it, or in another protocol. */
const PROTOCOL: readonly Row[] = [
  [
    '100 Continue that nobody waits for',
    'HTTP_MALFORMED',
    ({ socket }) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${answer(GOOD_BODY)}`),
  ],
  [
    '102 Processing before the answer',
    'done',
    ({ socket }) => socket.write(`HTTP/1.1 102 Processing\r\n\r\n${answer(GOOD_BODY)}`),
  ],
  [
    'switch of protocols',
    'HTTP_MALFORMED',
    ({ socket }) =>
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n${GOOD_BODY}`),
  ],
  ['hints without end', 'STALLED', repeated('', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['header by header without end', 'STALLED', repeated('HTTP/1.1 200 OK\r\n', 'x: y\r\n')],
  [
    'three thousand headers',
    'done',
    xml(
      GOOD_BODY,
      Array.from({ length: 3000 }, (_, n) => `x${n}: y`),
    ),
  ],
  ['status that is none', 'HTTP_MALFORMED', status('000 Nothing')],
  [
    'frames of HTTP/2',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(Buffer.from('00000604000000000000030000000064', 'hex')),
  ],
  [
    'headers that go on in the next line',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 18\r\n\r\n${GOOD_BODY}`),
  ],
  [
    'length beyond counting',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n${GOOD_BODY}`),
  ],
  ['extension of a chunk without end', 'STALLED', repeated(`${CHUNKED}12;`, 'x'.repeat(1000))],
  [
    'trailers without end',
    'HTTP_MALFORMED',
    repeated(`${CHUNKED}12\r\n${GOOD_BODY}\r\n0\r\n`, 'x: y\r\n'.repeat(1000)),
  ],
]

const FRAMING: readonly Row[] = [
  [
    'body longer than its length',
    'done',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n${GOOD_BODY}<junk/>`),
  ],
  ['body ended by the connection', 'done', ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${GOOD_BODY}`)],
  ['body cut where nobody can see it', 'XML_TRUNCATED', ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\n<a><b>te')],
  ['HTTP/1.0', 'done', ({ socket }) => socket.end(`HTTP/1.0 200 OK\r\n\r\n${GOOD_BODY}`)],
  ['close after each answer', 'done', ({ socket }) => socket.end(answer(GOOD_BODY, ['connection: close']))],
  ['cut once, then well', 'done', onceOnly(FAULTS['short body']), 2],
  ['reset once, then well', 'done', onceOnly(FAULTS['reset before the answer']), 2],
  [
    'hints before the answer',
    'done',
    ({ socket }) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${answer(GOOD_BODY)}`),
  ],
  [
    'continue before the answer',
    'HTTP_MALFORMED',
    ({ socket }) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${answer(GOOD_BODY)}`),
  ],
  [
    'reset content',
    'BODY_EMPTY',
    ({ socket }) => socket.write('HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n'),
  ],
  [
    'chunk size beyond all bounds',
    'HTTP_MALFORMED',
    ({ socket }) =>
      socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n${GOOD_BODY}`),
  ],
  [
    'negative chunk size',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n${GOOD_BODY}\r\n0\r\n\r\n`),
  ],
  [
    'chunks with extensions and trailers',
    'done',
    ({ socket }) =>
      socket.write(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x\r\n\r\n12;a=b\r\n${GOOD_BODY}\r\n0\r\nx: y\r\n\r\n`,
      ),
  ],
  [
    'length that is no number',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n${GOOD_BODY}`),
  ],
  ...PROTOCOL,
  ['status line of garbage', 'HTTP_MALFORMED', ({ socket }) => socket.end('HTTP/9.9 yes\r\n\r\n')],
  [
    'header with a control character',
    'HTTP_MALFORMED',
    ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\nx: \x00\r\n\r\n${GOOD_BODY}`),
  ],
]

const TIME: readonly Row[] = [
  [
    'dripping document',
    'STALLED',
    ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n<a>')
      const timer = setInterval(() => socket.write(' '), 5)
      socket.once('close', () => clearInterval(timer))
    },
  ],
  ['endless body', 'BODY_TOO_LARGE', ({ socket }) => endless(socket, 'HTTP/1.1 200 OK\r\n\r\n<a>', '<b>1</b>')],
  ['endless white space', 'BODY_TOO_LARGE', ({ socket }) => endless(socket, 'HTTP/1.1 200 OK\r\n\r\n', '        ')],
  [
    'announced beyond the limit',
    'BODY_TOO_LARGE',
    ({ socket }) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n${GOOD_BODY}`),
  ],
]

const CODES: readonly Row[] = [
  ...[
    '400 Bad Request',
    '401 Unauthorized',
    '403 Forbidden',
    '404 Not Found',
    '405 Method Not Allowed',
    '406 Not Acceptable',
    '410 Gone',
    '418 Teapot',
    '451 Unavailable',
  ].map((line): Row => [line, 'HTTP_REFUSED', status(line)]),
  ...[
    '408 Request Timeout',
    '425 Too Early',
    '429 Too Many Requests',
    '500 Internal Server Error',
    '501 Not Implemented',
    '502 Bad Gateway',
    '503 Service Unavailable',
    '504 Gateway Timeout',
    '599 Own',
  ].map((line): Row => [line, 'HTTP_UNAVAILABLE', status(line)]),
  ['unavailable once, then well', 'done', onceOnly(status('503 Service Unavailable')), 2],
  ['Retry-After of nonsense', 'HTTP_UNAVAILABLE', status('503 Service Unavailable', ['retry-after: soon'])],
  ['multiple choices', 'HTTP_REFUSED', status('300 Multiple Choices')],
  [
    'not modified, unasked',
    'BODY_EMPTY',
    ({ socket }) => socket.write('HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n'),
  ],
]

const REDIRECTS: readonly Row[] = [
  ['redirect to itself', 'REDIRECT_REFUSED', (request) => redirect(request.head.split(' ')[1] ?? '')(request)],
  [
    'redirect without an end',
    'REDIRECT_REFUSED',
    ({ socket, head }) => {
      const [path = '', turn = '0'] = (head.split(' ')[1] ?? '').split('?')
      socket.write(answer('', [`location: ${path}?${Number(turn) + 1}`], '302 Moved'))
    },
  ],
  ['redirect to a file', 'REDIRECT_REFUSED', redirect('file:///etc/passwd')],
  ['redirect to ftp', 'REDIRECT_REFUSED', redirect('ftp://127.0.0.1/a.xml')],
  ['redirect to a script', 'REDIRECT_REFUSED', redirect('javascript:alert(1)')],
  ['redirect to data', 'REDIRECT_REFUSED', redirect('data:text/xml,%3Ca/%3E')],
  ['redirect to what is no URL', 'REDIRECT_REFUSED', redirect('http://')],
  ['redirect to another place in itself', 'REDIRECT_REFUSED', redirect('#top')],
  ['redirect to a name that is none', 'DNS_FAILED', redirect('http://\xc3\xa9xample.invalid/'), 2],
  ['redirect to nowhere', 'HTTP_REFUSED', status('302 Moved')],
  ...[301, 302, 303, 307, 308].map((code): Row => [`redirect ${code}`, 'done', redirect('/good', code)]),
]

const CODED: readonly Row[] = [
  ['gzip that is cut', 'BODY_TRUNCATED', xml(GZIPPED.subarray(0, -20), ['content-encoding: gzip'])],
  ['gzip that is damaged', 'BODY_CORRUPT', xml(Buffer.from(GZIPPED).fill(0x55, 30, 60), ['content-encoding: gzip'])],
  [
    'gzip with another checksum',
    'BODY_CORRUPT',
    xml(Buffer.concat([GZIPPED.subarray(0, -8), Buffer.alloc(8, 7)]), ['content-encoding: gzip']),
  ],
  [
    'gzip with junk behind it',
    'BODY_CORRUPT',
    xml(Buffer.concat([gzipSync(GOOD_BODY), Buffer.from('junk')]), ['content-encoding: gzip']),
  ],
  [
    'gzip of several members',
    'done',
    xml(Buffer.concat([gzipSync('<a><b>te'), gzipSync('xt</b></a>')]), ['content-encoding: gzip']),
  ],
  ['gzip said twice and done twice', 'done', xml(gzipSync(gzipSync(GOOD_BODY)), ['content-encoding: gzip, gzip'])],
  ['gzip said twice and done once', 'done', xml(gzipSync(GOOD_BODY), ['content-encoding: gzip, gzip'])],
  ['identity, then gzip', 'done', xml(gzipSync(GOOD_BODY), ['content-encoding: identity, gzip'])],
  ['coding of old', 'CODING_UNKNOWN', xml(gzipSync(GOOD_BODY), ['content-encoding: compress'])],
  [
    'gzip with a file name without end',
    'BODY_CORRUPT',
    ({ socket }) => {
      const head = Buffer.concat([Buffer.from(GZIP_CODED), Buffer.from('1f8b0808000000000003', 'hex')])
      endless(socket, head, 'name'.repeat(1000))
    },
  ],
  [
    'empty members of gzip without end',
    'BODY_CORRUPT',
    ({ socket }) => endless(socket, GZIP_CODED, Buffer.concat(Array<Buffer>(100).fill(gzipSync('')))),
  ],
  [
    'gzip with more around its content than content',
    'BODY_TOO_LARGE',
    ({ socket }) => {
      const header = Buffer.from('1f8b0804000000000003ffff', 'hex')
      endless(socket, GZIP_CODED, Buffer.concat([header, Buffer.alloc(0xffff), gzipSync(' ').subarray(10)]))
    },
  ],
  ['gzip that is none', 'done', xml(GOOD_BODY, ['content-encoding: gzip'])],
  ['gzip in gzip', 'done', xml(gzipSync(gzipSync(GOOD_BODY)), ['content-encoding: gzip'])],
  [
    'gzip within itself without end',
    'BODY_NOT_XML',
    xml(gzipSync(gzipSync(gzipSync(gzipSync(GOOD_BODY)))), ['content-encoding: gzip']),
  ],
  [
    'more codings than anybody needs',
    'CODING_UNKNOWN',
    xml(GOOD_BODY, ['content-encoding: gzip, gzip, gzip, gzip, gzip']),
  ],
  ['gzip of nothing', 'BODY_EMPTY', xml(gzipSync(''), ['content-encoding: gzip'])],
  [
    'zstd that is cut',
    'BODY_TRUNCATED',
    xml(zstdCompressSync(GOOD_BODY.repeat(99)).subarray(0, -4), ['content-encoding: zstd']),
  ],
  [
    'br that is cut',
    'BODY_TRUNCATED',
    xml(brotliCompressSync(GOOD_BODY.repeat(99)).subarray(0, -4), ['content-encoding: br']),
  ],
  ['gzip bomb', 'BODY_TOO_LARGE', bomb('gzip')],
  ['deflate bomb', 'BODY_TOO_LARGE', bomb('deflate')],
  ['br bomb', 'BODY_TOO_LARGE', bomb('br')],
  ['zstd bomb', 'BODY_TOO_LARGE', bomb('zstd')],
]

const KINDS: readonly Row[] = [
  ['HTML page', 'BODY_NOT_XML', xml('<!DOCTYPE html><html><body>Please log in<br></body></html>')],
  ['JSON', 'BODY_NOT_XML', xml('{"error":"no such document"}')],
  ['PDF', 'BODY_NOT_XML', xml('%PDF-1.7 and so on')],
  ['ZIP', 'BODY_NOT_XML', xml('PK\x03\x04 and so on')],
  ['plain text', 'BODY_NOT_XML', xml('Service temporarily overloaded.')],
  ['white space alone', 'XML_TRUNCATED', xml(' \n\t ')],
]

const ENCODINGS: readonly Row[] = [
  ['bytes that are no UTF-8', 'CHARSET_INVALID', xml(Buffer.from('<a><b>caf\xe9</b></a>', 'latin1'))],
  [
    'byte order mark of another encoding',
    'BODY_NOT_XML',
    xml(Buffer.concat([Buffer.from('\xff\xfe', 'latin1'), Buffer.from('<a><b>odd</b></a> ')])),
  ],
  ['half a UTF-16 pair', 'CHARSET_INVALID', xml(Buffer.from('\ufeff<a><b>\ud800</b></a>', 'utf16le'))],
  ['encoding that nobody knows', 'CHARSET_UNKNOWN', xml('<?xml version="1.0" encoding="x-klingon"?><a><b>1</b></a>')],
  [
    'UTF-32',
    'CHARSET_UNKNOWN',
    xml(Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c, 0, 0, 0, 0x61, 0, 0, 0, 0x2f, 0, 0, 0, 0x3e])),
  ],
  ['EBCDIC', 'CHARSET_UNKNOWN', xml(Buffer.from([0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x40]))],
  [
    'charset beside another type',
    'done',
    xml(GOOD_BODY, ['content-type: text/xml; charset=utf-8', 'content-type: text/plain']),
  ],
  [
    'charset that the header has wrong',
    'CHARSET_INVALID',
    ({ socket }) =>
      socket.write(answer(Buffer.from('<a><b>caf\xe9</b></a>', 'latin1'), ['content-type: text/xml; charset=utf-8'])),
  ],
]

const XML: readonly Row[] = [
  ['text that ends in a tag', 'XML_TRUNCATED', xml('<a><b')],
  ['text that ends in a comment', 'XML_TRUNCATED', xml('<a><b>1</b><!-- ')],
  ['tags that cross', 'XML_TAG_MISMATCH', xml('<a><b></a></b>')],
  ['attribute that stands twice', 'XML_ATTRIBUTE_DUPLICATE', xml('<a><b x="1" x="2"/></a>')],
  ['attribute without quotes', 'XML_SYNTAX', xml('<a><b x=1/></a>')],
  ['two roots', 'XML_ROOT_INVALID', xml('<a><b>1</b></a><a/>')],
  ['control character', 'XML_CHARACTER_INVALID', xml('<a><b>\x07</b></a>')],
  ['entity that nobody declares', 'XML_ENTITY_UNDECLARED', xml('<a><b>&nothing;</b></a>')],
  [
    'entity that contains itself',
    'XML_ENTITY_EXPANSION',
    xml('<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a><b>&x;</b></a>'),
  ],
  ['billion laughs', 'XML_ENTITY_EXPANSION', xml(BILLION_LAUGHS)],
  ['quadratic blow-up', 'XML_ENTITY_EXPANSION', xml(QUADRATIC)],
  ['nesting beyond the limit', 'DEPTH_TOO_GREAT', xml(`<a>${'<b>'.repeat(100)}${'</b>'.repeat(100)}</a>`)],
  ['record beyond the limit', 'RECORD_TOO_LARGE', xml(`<a><b>${'x'.repeat(600 << 10)}</b></a>`)],
  ['attribute beyond the limit', 'RECORD_TOO_LARGE', xml(`<a><b x="${'x'.repeat(600 << 10)}"/></a>`)],
  ['more names than memory is for', 'NAMES_TOO_MANY', xml(MANY_NAMES)],
  ['doctype that is malformed', 'XML_DOCTYPE_INVALID', xml('<!DOCTYPE a [<!ENTITY>]><a><b/></a>')],
  [
    'names out of the prototype',
    'done',
    xml('<a><b><__proto__>1</__proto__><constructor>2</constructor><toString>3</toString></b></a>'),
  ],
]

const OWN_HOST: readonly Row[] = [
  ['Retry-After in seconds, then well', 'done', onceOnly(status('503 Busy', ['retry-after: 1'])), 2],
  [
    'Retry-After as a date, then well',
    'done',
    (request) => onceOnly(status('429 Busy', [`retry-after: ${new Date(Date.now() + 1000).toUTCString()}`]))(request),
    2,
  ],
  [
    'Retry-After of a date gone by, then well',
    'done',
    onceOnly(status('503 Busy', ['retry-after: Sun, 06 Nov 1994 08:49:37 GMT'])),
    2,
  ],
  ['Retry-After of an hour', 'RETRY_AFTER_TOO_LONG', status('503 Busy', ['retry-after: 3600']), 1],
  ['Retry-After: 0 for ever', 'RETRY_AFTER_TOO_LONG', status('503 Busy', ['retry-after: 0']), 2],
]

/** What each of the fault server's own faults must end as. */
const SERVER: Readonly<Record<keyof typeof FAULTS, ErrorCode>> = {
  'reset before the answer': 'CONNECTION_LOST',
  'close before the answer': 'CONNECTION_LOST',
  'reset in the headers': 'CONNECTION_LOST',
  'close in the headers': 'CONNECTION_LOST',
  'reset in the body': 'CONNECTION_LOST',
  'short body': 'BODY_TRUNCATED',
  'short body, close announced': 'BODY_TRUNCATED',
  'cut between chunks': 'BODY_TRUNCATED',
  'cut in a chunk': 'BODY_TRUNCATED',
  'cut in a chunk, close announced': 'BODY_TRUNCATED',
  'broken chunk size': 'HTTP_MALFORMED',
  'another protocol': 'HTTP_MALFORMED',
  'page without headers': 'HTTP_MALFORMED',
  'headers without end': 'HTTP_MALFORMED',
  'two lengths': 'HTTP_MALFORMED',
  'length and chunks': 'HTTP_MALFORMED',
  'no answer': 'STALLED',
  'half a head': 'STALLED',
  'dripping head': 'STALLED',
  'stall in the body': 'STALLED',
  'dripping body': 'BODY_NOT_XML',
  'empty body': 'BODY_EMPTY',
  'no chunk': 'BODY_EMPTY',
  'no content': 'BODY_EMPTY',
  'not modified': 'BODY_EMPTY',
  'part of it': 'HTTP_REFUSED',
  'unknown coding': 'CODING_UNKNOWN',
  'endless error page': 'HTTP_REFUSED',
}

function defaultHits(ends: ErrorCode | 'done'): number {
  return ends !== 'done' && ERRORS[ends].disposition === 'retry' ? 2 : 1
}

function toCase([name, ends, fault, hits = defaultHits(ends)]: Row): HostileCase {
  return { name, answer: fault, ends, hits, maxHits: 2 * hits }
}

export const HOSTILE_CASES: readonly HostileCase[] = [
  ...Object.entries(SERVER).map(([name, ends]) => toCase([name, ends, FAULTS[name as keyof typeof FAULTS]])),
  ...[...FRAMING, ...TIME, ...CODES, ...REDIRECTS, ...CODED, ...KINDS, ...ENCODINGS, ...XML].map(toCase),
  ...OWN_HOST.map((row) => ({ ...toCase(row), coolsHost: true })),
]

/** A path for a case. */
export function pathOf({ name }: HostileCase, n = 0): string {
  return `/${name.replaceAll(/[^\w]+/g, '-')}/${n}`
}
