import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../workers/download/address.ts'
import { contentCodings } from '../../workers/download/content.ts'
import { netrcAuthorization, parseNetrc } from '../../workers/download/netrc.ts'
import { proxyFor } from '../../workers/download/proxies.ts'
import { requestHeaders, urlAuthorization } from '../../workers/download/request-headers.ts'
import { retryAfterMs } from '../../workers/download/retry-after.ts'
import { SpeedWindow } from '../../workers/download/watchdog.ts'

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0)

  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['1.5', 1500],
    ['Sun, 22 Nov 2026 12:01:00 GMT', 60_000],
    ['Sunday, 22-Nov-26 12:01:00 GMT', 60_000],
    ['Sun Nov 22 12:01:00 2026', 60_000],
    ['Sun Nov  1 12:01:00 2026', 0],
    ['Sun, 22 Nov 2026 11:59:59 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('%s is a wait', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })

  test.each([
    undefined,
    '',
    'soon',
    '-1',
    '1e3',
    '0x10',
    '12 s',
    '2026-11-22',
    'Sun, 22 Nov 2026 12:01:00',
    'Sun, 99 Foo 2026 12:01:00 GMT',
  ])('%s is none', (header) => {
    expect(retryAfterMs(header, now)).toBeUndefined()
  })
})

describe('an address', () => {
  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '[2a00:1450:4001::1]',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '[::1]',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '[::ffff:a9fe:a9fe]',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'localhost',
    'example.org',
    '',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('a speed window of ten seconds', () => {
  const ticks = (window: SpeedWindow, count: number, bytes: number): readonly boolean[] =>
    Array.from({ length: count }, () => window.isTooSlow(1000, bytes))

  test('is too slow after ten seconds of nothing, not before', () => {
    const window = new SpeedWindow(10_000)
    expect(ticks(window, 9, 0)).not.toContain(true)
    expect(window.isTooSlow(1000, 0)).toBe(true)
  })

  test('lets 1 KiB a second pass and nothing less', () => {
    expect(ticks(new SpeedWindow(10_000), 100, 1024)).not.toContain(true)
    expect(ticks(new SpeedWindow(10_000), 10, 1023)).toContain(true)
  })

  test('forgets a fast start ten seconds later', () => {
    const window = new SpeedWindow(10_000)
    window.isTooSlow(1000, 1 << 30)
    expect(ticks(window, 9, 0)).not.toContain(true)
    expect(window.isTooSlow(1000, 0)).toBe(true)
  })

  test('counts only time in which the server could send', () => {
    const window = new SpeedWindow(10_000)
    expect(ticks(window, 9, 0)).not.toContain(true)
    for (let n = 0; n < 100; n++) expect(window.isTooSlow(0, 0)).toBe(false)
    expect(window.isTooSlow(1000, 0)).toBe(true)
  })
})

describe('.netrc', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

  test('is read by tokens, with quotes, comments and macros', () => {
    const entries = parseNetrc(`# mine
machine a.example
  login alice
  password "two words \\"and\\" quotes"
macdef init
machine trap login x password y
put file

machine B.example login bob account ignored password p#2
default login anonymous password me@`)
    expect(netrcAuthorization(entries, 'a.example', true)).toBe(basic('alice:two words "and" quotes'))
    expect(netrcAuthorization(entries, 'b.example', true)).toBe(basic('bob:p#2'))
    expect(netrcAuthorization(entries, 'trap', true)).toBe(basic('anonymous:me@'))
    expect(netrcAuthorization(entries, 'c.example', false)).toBeUndefined()
  })

  test('gives nothing where it says nothing', () => {
    expect(netrcAuthorization(parseNetrc(''), 'a.example', true)).toBeUndefined()
    expect(netrcAuthorization(parseNetrc('machine'), 'a.example', true)).toBeUndefined()
  })
})

describe('the proxy', () => {
  const http = new URL('http://www.example.org:8080/')
  const https = new URL('https://www.example.org/')
  const environment = { http_proxy: 'http://p', HTTPS_PROXY: 'http://s' }

  test('is the given one, else the environment has one by scheme', () => {
    expect(proxyFor(http, 'http://given', environment)).toBe('http://given')
    expect(proxyFor(http, undefined, environment)).toBe('http://p')
    expect(proxyFor(https, undefined, environment)).toBe('http://s')
    expect(proxyFor(https, undefined, { http_proxy: 'http://p' })).toBeUndefined()
    expect(proxyFor(https, undefined, { all_proxy: 'http://a' })).toBe('http://a')
    expect(proxyFor(http, undefined, {})).toBeUndefined()
  })

  test('is never HTTP_PROXY in capitals, which a CGI request could set', () => {
    expect(proxyFor(http, undefined, { HTTP_PROXY: 'http://evil' })).toBeUndefined()
  })

  test.each([
    '*',
    'example.org',
    '.example.org',
    '*.example.org',
    'a, WWW.example.org',
    'www.example.org:8080',
    'org.',
  ])('is not asked when no_proxy is %s', (no_proxy) => {
    expect(proxyFor(http, undefined, { ...environment, no_proxy })).toBeUndefined()
  })

  test.each(['', 'ample.org', 'example.com', 'www.example.org:80'])('is asked when no_proxy is %s', (no_proxy) => {
    expect(proxyFor(http, undefined, { ...environment, no_proxy })).toBe('http://p')
  })

  test('is not asked for addresses of no_proxy', () => {
    for (const no_proxy of ['::1', '[::1]', '[::1]:8080'])
      expect(proxyFor(new URL('http://[::1]:8080/'), undefined, { ...environment, no_proxy })).toBeUndefined()
    expect(proxyFor(new URL('http://[::1]:8080/'), undefined, { ...environment, no_proxy: '[::1]:80' })).toBe(
      'http://p',
    )
  })
})

describe('request headers', () => {
  test('of the user replace ours and repeat when given twice', () => {
    const given = [
      ['User-Agent', 'mine'],
      ['X-A', '1'],
      ['x-a', '2'],
      ['Authorization', 'Bearer x'],
    ] as const
    expect(requestHeaders(given, 'ours', true, 'Basic y')).toEqual({
      accept: '*/*',
      'accept-encoding': 'gzip, deflate, br, zstd',
      'user-agent': 'mine',
      authorization: 'Bearer x',
      'x-a': ['1', '2'],
    })
  })

  test('never carry a Proxy-Authorization to a server', () => {
    expect(requestHeaders([['Proxy-Authorization', 'x']], '', true, undefined)).not.toHaveProperty(
      'proxy-authorization',
    )
  })

  test('have the credentials of a URL in UTF-8, percent signs resolved where they can be', () => {
    const decoded = (url: string): string | undefined => {
      const value = urlAuthorization(new URL(url))
      return value && Buffer.from(value.slice('Basic '.length), 'base64').toString()
    }
    expect(decoded('http://us%40er:p%C3%A4ss@h/')).toBe('us@er:päss')
    expect(decoded('http://user@h/')).toBe('user:')
    expect(decoded('http://a:100%@h/')).toBe('a:100%')
    expect(decoded('http://h/')).toBeUndefined()
  })
})

test('Content-Encoding is a list in any case and spacing', () => {
  expect(contentCodings(undefined, 'h')).toEqual([])
  expect(contentCodings('', 'h')).toEqual([])
  expect(contentCodings(' GZip ,identity, X-gzip,br', 'h')).toEqual(['gzip', 'gzip', 'br'])
  expect(() => contentCodings('constructor', 'h')).toThrow(/Content-Encoding is constructor/)
})
