import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { expandRanges } from '../../src/sources/range.ts'

/** What curl 7.88 asks for, tried with each of these. */
const LIKE_CURL: readonly (readonly [string, readonly string[]])[] = [
  ['h/[1-3]', ['h/1', 'h/2', 'h/3']],
  ['h/[001-003]', ['h/001', 'h/002', 'h/003']],
  ['h/[09-11]', ['h/09', 'h/10', 'h/11']],
  ['h/[0-10:5]', ['h/0', 'h/5', 'h/10']],
  ['h/[a-e:2]', ['h/a', 'h/c', 'h/e']],
  ['h/[1-1]', ['h/1']],
  ['h/[1- 2]', ['h/1', 'h/2']],
  ['h/{a,b}/[1-2]', ['h/a/1', 'h/a/2', 'h/b/1', 'h/b/2']],
  ['h/{a,}x', ['h/ax', 'h/x']],
  ['h/{,a}x', ['h/x', 'h/ax']],
  ['h/{a}', ['h/a']],
  ['h/{a\\,b,c}', ['h/a,b', 'h/c']],
  ['h/{\\{,b}', ['h/{', 'h/b']],
  ['h/\\[1\\]', ['h/[1]']],
  ['h/\\{x\\}', ['h/{x}']],
  ['h/a\\b', ['h/a\\b']],
  ['h/[]', ['h/[]']],
  ['h/?a[]=1', ['h/?a[]=1']],
  ['http://[::1]/[1-2]', ['http://[::1]/1', 'http://[::1]/2']],
  ['http://[2001:db8::7]:80{/a,/b}', ['http://[2001:db8::7]:80/a', 'http://[2001:db8::7]:80/b']],
]

test.each(LIKE_CURL)('expands %s as curl does', (template, urls) => {
  expect([...expandRanges(template)]).toEqual(urls)
})

const MALFORMED: readonly (readonly [string, RegExp])[] = [
  ['h/{}', /empty set \(character 3;/],
  ['h/{a{b,c}}', /do not nest \(character 5;/],
  ['h/{a,b]}', /do not nest/],
  ['h/{a,b', /\{ is not closed/],
  ['h/[1-3', /\[ is not closed/],
  ['h/a]', /\] closes nothing/],
  ['h/a}', /\} closes nothing/],
  ['h/[3-1]', /runs backwards/],
  ['h/[a-Z]', /runs backwards/],
  ['h/[1-3:5]', /step beyond its end/],
  ['h/[0-3:0]', /step of 0/],
  ['h/[1-3:]', /is no range/],
  ['h/[ab]', /is no range/],
  ['h/[1-a]', /is no range/],
  ['h/[é-z]', /is no range/],
  ['h/[0-99999999999999999999]', /beyond 2\^53/],
  ['h/[1-99999999][1-99999999][1-9]', /more than 2\^53/],
]

test.each(MALFORMED)('refuses %s, as curl does, and says why', (template, reason) => {
  expect(() => expandRanges(template)).toThrow(MillError)
  expect(() => expandRanges(template)).toThrow(reason)
})

test('does not hold what a range stands for', () => {
  const urls = expandRanges('h/[1-900000000]/{a,b}/[000-999]')
  expect(urls.next().value).toBe('h/1/a/000')
  expect(urls.next().value).toBe('h/1/a/001')
})

const literal = fc.string({ maxLength: 6 }).map((text) => ({
  template: text.replaceAll(/[[\]{}]/g, '\\$&'),
  texts: [text],
}))
const set = fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 4 }).map((texts) => ({
  template: `{${texts.map((text) => text.replaceAll(/[[\]{},\\]/g, '\\$&')).join(',')}}`,
  texts,
}))
const range = fc
  .record({
    first: fc.nat(2000),
    length: fc.integer({ min: 1, max: 20 }),
    step: fc.integer({ min: 1, max: 9 }),
    width: fc.nat(6),
  })
  .map(({ first, length, step, width }) => {
    const texts = Array.from({ length }, (_, index) => String(first + index * step))
    const from = texts[0] ?? ''
    const padded = width > from.length ? from.padStart(width, '0') : from
    const pad = padded.startsWith('0') ? padded.length : 0
    // A step may not reach beyond the end, so one value goes without.
    const suffix = length === 1 ? '' : `:${step}`
    return { template: `[${padded}-${texts.at(-1)}${suffix}]`, texts: texts.map((text) => text.padStart(pad, '0')) }
  })
// A lone backslash before a bracket of the next part would escape it, and `{}` is an empty set.
const part = fc.oneof(literal, set, range).filter(({ template }) => !template.endsWith('\\') && template !== '{}')

test('gives the product of all parts, the last one running fastest', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 3 }), (parts) => {
      const product = parts.reduce<string[]>(
        (urls, { texts }) => urls.flatMap((url) => texts.map((text) => url + text)),
        [''],
      )
      expect([...expandRanges(parts.map(({ template }) => template).join(''))]).toEqual(product)
    }),
  )
})

test('either expands or refuses any text whatever', () => {
  const text = fc.string({ unit: fc.constantFrom(...'[]{},-:\\019azAZ é'), maxLength: 24 })
  fc.assert(
    fc.property(text, (template) => {
      try {
        expect(typeof expandRanges(template).next().value).toBe('string')
      } catch (error) {
        expect(error).toMatchObject({ code: 'URL_INVALID' })
      }
    }),
    { numRuns: 2000 },
  )
})
