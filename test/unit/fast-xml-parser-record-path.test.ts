import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { parseRecordPath, RecordMatcher, usesNamespaces } from '../../workers/xml/record-path.ts'

/** Which of the elements, given as nested arrays `[name, ...children]`, the paths name: their paths from the root. */
type Tree = readonly [string, ...Tree[]]

function matches(paths: string[], tree: Tree): string[] {
  const matcher = new RecordMatcher(paths.map(parseRecordPath))
  const found: string[] = []
  const walk = ([name, ...children]: Tree, parent: string) => {
    const [, namespace = '', written = ''] = /^(?:\{(.*)\})?(.*)$/.exec(name) ?? []
    const path = `${parent}/${written}`
    if (matcher.enter({ name: written, namespace })) found.push(path)
    for (const child of children) walk(child, path)
    matcher.leave()
  }
  walk(tree, '')
  return found
}

const TREE: Tree = [
  'volume',
  ['meta', ['editor']],
  ['paper', ['author'], ['editor']],
  ['part', ['paper', ['author', ['paper']]], ['volume', ['paper']]],
]

test.each([
  ['paper', ['/volume/paper', '/volume/part/paper', '/volume/part/paper/author/paper', '/volume/part/volume/paper']],
  ['/volume/paper', ['/volume/paper']],
  ['volume/paper', ['/volume/paper', '/volume/part/volume/paper']],
  ['/paper', []],
  ['/volume/*', ['/volume/meta', '/volume/paper', '/volume/part']],
  ['/*', ['/volume']],
  ['/volume/*/editor', ['/volume/meta/editor', '/volume/paper/editor']],
  ['/volume//author', ['/volume/paper/author', '/volume/part/paper/author']],
  ['//volume/paper', ['/volume/paper', '/volume/part/volume/paper']],
  ['part//paper', ['/volume/part/paper', '/volume/part/paper/author/paper', '/volume/part/volume/paper']],
  ['paper/*', ['/volume/paper/author', '/volume/paper/editor', '/volume/part/paper/author']],
])('finds %s', (path, expected) => {
  expect(matches([path], TREE)).toEqual(expected)
})

test('takes several paths at once, and the root for none', () => {
  expect(matches(['/volume/paper', 'meta/editor'], TREE)).toEqual(['/volume/meta/editor', '/volume/paper'])
  expect(matches([], TREE)).toEqual(['/volume'])
})

test('tells namespaces apart', () => {
  const tree: Tree = ['{urn:a}feed', ['{urn:a}entry'], ['{urn:b}x:entry'], ['entry'], ['{urn:b}x:note']]
  expect(matches(['{urn:a}entry'], tree)).toEqual(['/feed/entry'])
  expect(matches(['{urn:b}entry'], tree)).toEqual(['/feed/x:entry'])
  expect(matches(['{}entry'], tree)).toEqual(['/feed/entry'])
  expect(matches(['{urn:b}*'], tree)).toEqual(['/feed/x:entry', '/feed/x:note'])
  expect(matches(['x:entry'], tree)).toEqual(['/feed/x:entry'])
  expect(matches(['/{urn:a}feed/{urn:b}entry'], tree)).toEqual(['/feed/x:entry'])
})

test('keeps slashes that belong to a namespace name', () => {
  const path = parseRecordPath('/{http://www.w3.org/2005/Atom}feed/{http://www.w3.org/2005/Atom}entry')
  expect(path.steps.map(({ name, axis }) => [axis, name])).toEqual([
    ['child', 'feed'],
    ['child', 'entry'],
  ])
  expect(usesNamespaces([path])).toBe(true)
  expect(usesNamespaces([parseRecordPath('a/b')])).toBe(false)
})

test.each([
  '',
  ' ',
  '/',
  '//',
  'a/',
  'a//',
  'a///b',
  '///a',
  'a b',
  '1a',
  '@id',
  'a/@id',
  'a[1]',
  'text()',
  '..',
  './a',
  '-a',
  '{urn:a',
  '{urn:a}',
  '{urn:a}x:b',
  'a{urn:b}c',
  '<a>',
  'a'.concat('/a'.repeat(30)),
])('refuses the path %j with its reason', (path) => {
  let error: unknown
  try {
    parseRecordPath(path)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(MillError)
  expect(error).toMatchObject({ code: 'OPTIONS_INVALID', message: expect.stringContaining(JSON.stringify(path)) })
})

test('takes names of every script', () => {
  expect(parseRecordPath('/書籍/ns:章.1').steps.map(({ name }) => name)).toEqual(['書籍', 'ns:章.1'])
})
