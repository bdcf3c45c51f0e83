import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactUrl } from '../../src/redact.ts'

test.each([
  ['http://user:pw@host/a?b#c', 'http://***@host/a?b#c'],
  ['https://token@host:8080/', 'https://***@host:8080/'],
  ['http://u:p@w@host/', 'http://***@host/'],
  ['HTTP:\\\\u:p@host\\a', 'HTTP:\\\\***@host\\a'],
  ['http:u:p@host/', 'http:***@host/'],
  ['ht\ttp://u:p@host/', 'http://***@host/'],
  ['postgres://u:p@host/db', 'postgres://***@host/db'],
  ['https://archive/2024/http://u:p@host/', 'https://archive/2024/http://***@host/'],
])('hides the user info of %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown)
})

test('hides a password that makes the URL invalid', () => {
  expect(redactUrl('http://user:se/cr#et@host/')).toBe('http://***@host/')
  expect(redactUrl('http://a b:pw@host/')).toBe('http://***@host/')
  expect(redactUrl('http://host/a http://u:pw@host/')).not.toContain('pw')
})

test.each([
  'http://host/',
  'http://host/a@b',
  'http://host/?mail=a@b',
  'a@b.xml',
  './dir/a@b.xml',
  'file:///me@home/a.xml',
  '',
])('leaves %s as it is', (url) => {
  expect(redactUrl(url)).toBe(url)
})

test('never shows a password that a URL parser finds', () => {
  const secret = fc.stringMatching(/^[A-Z]{12}$/)
  const dirt = fc.string({ unit: fc.constantFrom(...'@:/\\#?\t\n %[]a'), maxLength: 3 })
  fc.assert(
    fc.property(secret, dirt, dirt, dirt, (pw, before, inside, after) => {
      const url = `http:${before}//u:${inside}${pw}${after}@host/`
      const parsed = URL.parse(url)
      if (parsed === null || parsed.password.includes(pw)) expect(redactUrl(url)).not.toContain(pw)
    }),
    { numRuns: 5000 },
  )
})
