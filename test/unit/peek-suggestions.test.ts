import { expect, test } from 'vitest'
import type { PeekedDocument } from '../../src/channel/document-profile.ts'
import { advisedOptions, losslessOptions } from '../../src/peek/advice.ts'
import { chosenElement } from '../../src/peek/chosen-record.ts'
import { mergeElements } from '../../src/peek/merge.ts'
import { suggest } from '../../src/peek/suggestions.ts'
import { ProfileReader } from '../../workers/peek/reader.ts'

function treeOf(...documents: string[]) {
  return mergeElements(
    documents.map((xml) => {
      const reader = new ProfileReader(256)
      reader.write(xml)
      return reader.finish(true).tree
    }),
  )
}

const book = (n: number) => `<book id="${n}"><title>Title ${n}</title><year>${1990 + n}</year></book>`
const books = (count: number) => Array.from({ length: count }, (_, n) => book(n)).join('')

test('takes the whole document for the record when nothing repeats', () => {
  const suggestions = suggest(treeOf('<article><title>One</title><body>text</body></article>'))
  expect(suggestions.record).toEqual([])
  expect(suggestions.element.name).toBe('article')
})

test('prefers the things on the shelves to the shelves', () => {
  const tree = treeOf(`<library>${`<shelf name="s">${books(6)}</shelf>`.repeat(8)}</library>`)
  expect(suggest(tree).record).toEqual(['book'])
})

test('names records that stand in several places by their name', () => {
  const tree = treeOf(`<library><fiction>${books(9)}</fiction><science>${books(9)}</science></library>`)
  const { record, element } = suggest(tree)
  expect([record, element.count]).toEqual([['book'], 18])
})

test('gives a path with a star where the same name means something else elsewhere', () => {
  const other = '<loans><loan><book ref="1"/></loan><loan><book ref="2"/></loan></loans>'
  const tree = treeOf(`<library><fiction>${books(9)}</fiction><science>${books(9)}</science>${other}</library>`)
  expect(suggest(tree).record).toEqual(['/library/*/book'])
})

test('gives the namespace where documents write other prefixes', () => {
  const document = (prefix: string) =>
    `<l xmlns:${prefix}="urn:b">${books(8).replaceAll(/<(\/?)book/g, `<$1${prefix}:book`)}</l>`
  const { record, element } = suggest(treeOf(document('a'), document('b')))
  expect([record, element.count]).toEqual([['{urn:b}book'], 16])
})

test('warns of numbers that are none', () => {
  const rows = ['007', '12345678901234567890', '1.10'].map((v) => `<row><v>${v}</v><w>12</w></row>`).join('')
  const { values } = suggest(treeOf(`<t>${rows}</t>`))
  expect(values).toMatchObject([
    {
      path: 'v',
      looksLike: 'number',
      traps: [/leading zeros/, /more digits/, /differently/].map((text) => expect.stringMatching(text)),
    },
    { path: 'w', looksLike: 'integer', traps: [] },
  ])
})

test.each([
  ['book', 18],
  ['/library/fiction/book', 9],
  ['//science//book', 9],
  ['library/*', 2],
  ['/*', 1],
  ['{}book', 18],
  ['journal', undefined],
])('finds what --record %s names', (path, count) => {
  const tree = treeOf(`<library><fiction>${books(9)}</fiction><science>${books(9)}</science></library>`)
  expect(chosenElement(tree, [path])?.count).toBe(count)
})

const NO_DOCUMENTS: readonly PeekedDocument[] = []

test('adds to the options that were given, and changes none of them', () => {
  const tree = treeOf(`<r>${'<p><a>1</a></p><p><a>1</a><a>2</a></p>'.repeat(5)}</r>`)
  const suggestions = suggest(tree)
  expect(advisedOptions({}, suggestions, NO_DOCUMENTS)).toEqual({ record: 'p', array: 'a', output: 'p.ndjson' })
  const given = { record: '/r/p', array: ['b'], output: 'x.ndjson', concurrency: 2 }
  expect(advisedOptions(given, suggestions, NO_DOCUMENTS)).toEqual({ ...given, array: 'b,a' })
})

test('raises --max-bytes for a document that says it is larger', () => {
  const tree = treeOf('<r/>')
  const reader = new ProfileReader(256)
  const document: PeekedDocument = {
    url: 'https://example.org/a.xml',
    finalUrl: 'https://example.org/a.xml',
    encoding: 'utf-8',
    decodedBytes: 1000,
    wireLength: 5 * 2 ** 30,
    isWhole: false,
    fault: undefined,
    profile: reader.finish(false),
  }
  expect(advisedOptions({}, suggest(tree), [document]).maxBytes).toBe('6g')
  expect(advisedOptions({ maxBytes: '8g' }, suggest(tree), [document]).maxBytes).toBe('8g')
})

test('offers the shape that loses nothing only where something is lost', () => {
  const mixed = suggest(treeOf(`<r>${'<p><t>a <i>b</i> c</t><u>1</u></p>'.repeat(5)}</r>`))
  const plain = suggest(treeOf(`<r>${'<p><t>a</t><u>1</u></p>'.repeat(5)}</r>`))
  const lossless = (suggestions: typeof mixed, given = {}) =>
    losslessOptions(advisedOptions(given, suggestions, NO_DOCUMENTS), suggestions)
  expect(lossless(mixed)).toEqual({ record: 'p', shape: 'ordered', output: 'p.ndjson' })
  expect(lossless(plain)).toBeUndefined()
  expect(lossless(mixed, { shape: 'json' })).toBeUndefined()
  expect(lossless(mixed, { parser: 'fast-xml-parser' })).toBeUndefined()
})
