import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressOf, quote } from '../../src/sources/address.ts'

const CWD = resolve('/data')

test.each([
  ['http://Host.Example/a', 'host.example:80'],
  ['HTTPS://host/a', 'host:443'],
  ['http://host:8080/', 'host:8080'],
  ['https://host:443/', 'host:443'],
  ['http://user:pw@host./', 'host:80'],
  ['http://[::1]/', '[::1]:80'],
  ['http://bücher.example/', 'xn--bcher-kva.example:80'],
  ['http://0x7f.1/', '127.0.0.1:80'],
])('counts %s towards the host %s', (text, host) => {
  expect(addressOf(text, CWD)).toMatchObject({ url: text, host })
})

test.each([
  ['http://h', 'http://h/'],
  ['HTTP://H:80/a/../b', 'http://h/b'],
  ['http://h/a#x', 'http://h/a#y'],
  ['https://h:443/ä', 'https://h/%C3%A4'],
  ['a.xml', './b/../a.xml'],
  ['a.xml', pathToFileURL(resolve(CWD, 'a.xml')).href],
  ['a.xml', 'file:a.xml'],
])('takes %s and %s for the same document', (one, other) => {
  const address = addressOf(one, CWD)
  expect(address).toHaveProperty('key')
  expect(addressOf(other, CWD)).toHaveProperty('key', 'key' in address ? address.key : undefined)
})

test.each([
  ['http://h/a', 'https://h/a'],
  ['http://h/a', 'http://h/A'],
  ['http://h/a', 'http://h/a?'],
  ['http://h/a', 'http://u@h/a'],
])('takes %s and %s for two documents', (one, other) => {
  const address = addressOf(one, CWD)
  expect('key' in address && address.key).not.toBe(Reflect.get(addressOf(other, CWD), 'key'))
})

test('makes a local path an absolute file URL, whatever is in its name', () => {
  const url = pathToFileURL(resolve(CWD, 'sub dir/100%#?.xml')).href
  expect(addressOf('sub dir/100%#?.xml', CWD)).toEqual({ url, host: '', key: url })
})

test.each([
  ['htp://x', '"htp://x" is not an http, https or file URL (its scheme is htp:)'],
  ['localhost:8080/a.xml', 'a host takes http:// in front of it, a local path with a colon in its name ./'],
  ['http://', 'is not a valid URL'],
  ['http://h:99999/', 'is not a valid URL'],
  ['http://h/a http://h/b', 'has a space in it; write it as %20'],
  ['http://h/a\tAlpha', 'has a control character in it'],
  ['a\0b', 'has a control character in it'],
  ['', 'an empty text is no URL'],
  ['file:///a%2Fb', 'is not a valid file URL'],
])('refuses %j and says why', (text, reason) => {
  expect(addressOf(text, CWD)).toEqual({ fault: expect.stringContaining(reason) })
})

test.skipIf(process.platform === 'win32')('refuses a file URL of another machine (on Windows it is a share)', () => {
  expect(addressOf('file://server/a.xml', CWD)).toEqual({ fault: expect.stringContaining('not a valid file URL') })
})

test('shows no password in a reason', () => {
  expect(addressOf('htp://user:secret@h/', CWD)).toEqual({ fault: expect.stringContaining('"htp://***@h/"') })
})

test('quotes what a terminal would obey', () => {
  expect(quote('a\u001b[31m\u009b\u202e"')).toBe('"a\\u001b[31m\\u009b\\u202e\\""')
  expect(quote('x'.repeat(1000)).length).toBeLessThan(300)
})

test('gives an address or a reason for any text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.webUrl(),
        fc.string().map((text) => `file:${text}`),
      ),
      (text) => {
        const address = addressOf(text, CWD)
        if ('fault' in address) expect(address.fault).not.toBe('')
        else expect(URL.canParse(address.url)).toBe(true)
      },
    ),
    { numRuns: 2000 },
  )
})
