import { createServer, type Server } from 'node:net'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { type LibraryOptions, mill } from '../../src/index.ts'
import { GOOD_BODY, HOSTILE_OPTIONS } from '../support/chaos-cases.ts'
import { answer, EXPIRED, type Fault, faultServer, SELF_SIGNED } from '../support/fault-server.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const GOOD = 10

/** Code by URL; everything must end within the time. */
async function ends(urls: readonly string[], options: LibraryOptions = {}): Promise<Map<string, string>> {
  const codes = new Map<string, string>()
  const list = [...urls]
  for await (const document of mill(list, { ...HOSTILE_OPTIONS, concurrency: 16, perHost: 16, ...options })) {
    codes.set(document.url, document.status === 'failed' ? document.error.code : document.status)
  }
  return codes
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const well: Fault = ({ socket }) => socket.write(answer(GOOD_BODY))

test('hosts that cannot be reached, or not safely, cost their own documents alone', async () => {
  await using site = await faultServer(Object.fromEntries(Array.from({ length: GOOD }, (_, n) => [`/good/${n}`, well])))
  await using silent = await faultServer({})
  await using selfSigned = await faultServer({ '/': well }, SELF_SIGNED)
  await using expired = await faultServer({ '/': well }, EXPIRED)
  const clear = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  const clearPort = await listening(clear)
  await using gone = await refusingPort()

  const expected: Readonly<Record<string, string>> = {
    [`http://${gone.host}/`]: 'CONNECT_FAILED',
    'http://no-such-host.invalid/': 'DNS_FAILED',
    [`https://${silent.host}/`]: 'CONNECT_TIMEOUT',
    [selfSigned.url('/')]: 'TLS_FAILED',
    [expired.url('/')]: 'TLS_FAILED',
    [`https://127.0.0.1:${clearPort}/`]: 'TLS_FAILED',
    'http://127.0.0.1:1/': 'CONNECT_FAILED',
    'http://[::1]:1/': 'CONNECT_FAILED',
  }
  const good = Array.from({ length: GOOD }, (_, n) => site.url(`/good/${n}`))
  const codes = await ends([...Object.keys(expected), ...good])
  for (const [url, code] of Object.entries(expected)) expect(`${url} ${codes.get(url)}`).toBe(`${url} ${code}`)
  expect(good.map((url) => codes.get(url))).toEqual(Array(GOOD).fill('done'))
  expect([selfSigned.hits('/'), expired.hits('/')]).toEqual([0, 0])
  await Promise.all([site.allClosed(), silent.allClosed(), selfSigned.allClosed(), expired.allClosed()])
  clear.close()
})

test('--timeout ends a document that still moves', async () => {
  await using site = await faultServer({
    '/good': well,
    '/slow': ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n<a>')
      const timer = setInterval(() => socket.write(' '.repeat(200)), 20)
      socket.once('close', () => clearInterval(timer))
    },
  })
  const codes = await ends([site.url('/slow'), site.url('/good')], { timeout: 3, retries: 0 })
  expect([...codes.values()].toSorted()).toEqual(['TIMEOUT', 'done'])
  await site.allClosed()
})

test('with --public-only no form of a private address is contacted', async () => {
  await using canary = await faultServer({ '/': well })
  using folder = temporaryFolder()
  const { port } = canary
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00::1]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    'localhost',
  ]
  const good = Array.from({ length: GOOD }, (_, n) => pathToFileURL(folder.write(`${n}.xml`, GOOD_BODY)).href)
  // Several are one URL once they are parsed.
  const urls = new Set(hosts.map((host) => `http://user:word@${host}:${port}/`))
  const codes = await ends([...urls, ...good], { publicOnly: true, keepDuplicates: true })
  expect(good.map((url) => codes.get(url))).toEqual(Array(GOOD).fill('done'))
  const refused = [...codes].filter(([url]) => url.startsWith('http:'))
  expect(refused.filter(([, code]) => code !== 'ADDRESS_REFUSED')).toEqual([])
  expect(refused.length).toBeGreaterThan(20)
  expect(canary.connections).toBe(0)
})

test.each(['engine', 'fast-xml-parser'] as const)(
  'nothing that a document or a redirect names is ever fetched, with %s',
  async (parser) => {
    await using canary = await faultServer({})
    const there = (path: string): string => `http://${canary.host}${path}`
    const documents: Readonly<Record<string, string>> = {
      '/external-entity': `<!DOCTYPE a [<!ENTITY x SYSTEM "${there('/entity')}">]><a><b>&x;</b></a>`,
      '/public-entity': `<!DOCTYPE a [<!ENTITY x PUBLIC "-//x//y" "${there('/entity')}">]><a><b>&x;</b></a>`,
      '/file-entity': '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>',
      '/external-subset': `<!DOCTYPE a SYSTEM "${there('/subset.dtd')}"><a><b>1</b></a>`,
      '/public-subset': `<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "${there('/x.dtd')}"><a><b>&nbsp;</b></a>`,
      '/parameter-entity': `<!DOCTYPE a [<!ENTITY % x SYSTEM "${there('/parameter')}">%x;]><a><b>1</b></a>`,
      '/stolen-file': `<!DOCTYPE a [<!ENTITY % f SYSTEM "file:///etc/hostname"><!ENTITY % d SYSTEM "${there('/take')}">%d;]><a><b>1</b></a>`,
      '/unparsed-entity': `<!DOCTYPE a [<!NOTATION n SYSTEM "${there('/n')}"><!ENTITY x SYSTEM "${there('/x')}" NDATA n>]><a><b>1</b></a>`,
      '/schema': `<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x ${there('/s.xsd')}" xsi:noNamespaceSchemaLocation="${there('/t.xsd')}"><b>1</b></a>`,
      '/namespace': `<a xmlns="${there('/namespace')}"><b>1</b></a>`,
      '/stylesheet': `<?xml-stylesheet href="${there('/style.xsl')}" type="text/xsl"?><a><b>1</b></a>`,
      '/model': `<?xml-model href="${there('/model.rng')}"?><a><b>1</b></a>`,
      '/xinclude': `<a xmlns:xi="http://www.w3.org/2001/XInclude"><b><xi:include href="${there('/included')}"/></b></a>`,
      '/xlink': `<a xmlns:x="http://www.w3.org/1999/xlink"><b x:href="${there('/linked')}" x:actuate="onLoad"/></a>`,
      '/base': `<a xml:base="${there('/base')}"><b src="x.png">1</b></a>`,
    }
    const routes: Record<string, Fault> = {}
    for (const [path, body] of Object.entries(documents)) {
      routes[path] = ({ socket }) => socket.write(answer(body, [`link: <${there('/link')}>; rel=describedby`]))
    }
    const redirects: Readonly<Record<string, string>> = {
      '/to-ftp': `ftp://${canary.host}/a.xml`,
      '/to-ws': `ws://${canary.host}/a.xml`,
      '/to-view-source': `view-source:${there('/')}`,
      '/to-blob': `blob:${there('/')}`,
      '/hop/0': '/hop/1',
    }
    for (let hop = 1; hop < 10; hop++) routes[`/hop/${hop}`] = redirectTo(`/hop/${hop + 1}`)
    routes['/hop/10'] = redirectTo(there('/eleventh'))
    for (const [path, location] of Object.entries(redirects)) routes[path] = redirectTo(location)
    routes['/refresh'] = ({ socket }) => socket.write(answer(GOOD_BODY, [`refresh: 0; url=${there('/refresh')}`]))
    routes['/push'] = ({ socket }) =>
      socket.write(`HTTP/1.1 103 Early Hints\r\nlink: <${there('/push')}>; rel=preload\r\n\r\n${answer(GOOD_BODY)}`)
    routes['/elsewhere'] = ({ socket }) => socket.write(answer(GOOD_BODY, [`content-location: ${there('/c')}`]))
    await using site = await faultServer(routes)
    const asked = [...Object.keys(documents), ...Object.keys(redirects), '/refresh', '/push', '/elsewhere']
    const { record, retries } = HOSTILE_OPTIONS
    const codes = await ends(
      asked.map((path) => site.url(path)),
      { parser, record, retries },
    )
    expect(codes.size).toBe(asked.length)
    expect(canary.heads).toEqual([])
    expect(canary.connections).toBe(0)
    const refused = [...codes].filter(([url]) => /\/(?:to-|hop)/.test(url)).map(([, code]) => code)
    expect(refused).toEqual(Array(Object.keys(redirects).length).fill('REDIRECT_REFUSED'))
    // What the documents themselves hold is milled.
    expect([codes.get(site.url('/schema')), codes.get(site.url('/refresh'))]).toEqual(['done', 'done'])
  },
)

function redirectTo(location: string): Fault {
  return ({ socket }) => socket.write(answer('', [`location: ${location}`], '302 Found'))
}
