import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ElementProfile, PROFILE_LIMITS } from '../../src/channel/document-profile.ts'
import { mergeElements } from '../../src/peek/merge.ts'
import { listPlaces } from '../../src/peek/places.ts'
import { ProfileReader } from '../../workers/peek/reader.ts'
import { valueKind } from '../../workers/peek/value-kind.ts'

function read(xml: string, chunk = xml.length, isWhole = true) {
  const reader = new ProfileReader(256)
  for (let at = 0; at < xml.length; at += chunk) reader.write(xml.slice(at, at + chunk))
  const profile = reader.finish(isWhole)
  return { profile, fault: reader.fault }
}

function at(tree: ElementProfile, ...names: string[]): ElementProfile {
  const found = names.reduce<ElementProfile | undefined>((element, name) => element?.children.get(name), tree)
  if (found === undefined) throw new Error(`there is no ${names.join('/')}`)
  return found
}

test('counts children by parent', () => {
  const { profile } = read('<r><p><a/></p><p><a/><a/><b/></p><p><b/></p></r>')
  const { count, parents, parentsOfMany, minPerParent, maxPerParent } = at(profile.tree, 'r', 'p', 'a')
  expect({ count, parents, parentsOfMany, minPerParent, maxPerParent }).toEqual({
    count: 3,
    parents: 2,
    parentsOfMany: 1,
    minPerParent: 1,
    maxPerParent: 2,
  })
})

test('tells text, objects with text, and mixed content apart', () => {
  const { profile } = read('<r><t>plain</t><t lang="en">with attribute</t><t>mixed <i>content</i></t><t> <i/> </t></r>')
  const { whole, plain, withText, mixed } = at(profile.tree, 'r', 't')
  expect({ whole, plain, withText, mixed }).toEqual({ whole: 4, plain: 1, withText: 2, mixed: 1 })
})

test('sees children of different names that take turns', () => {
  const { profile } = read('<r><x><a/><a/><b/></x><x><a/><b/><a/></x></r>')
  expect(at(profile.tree, 'r', 'x').interleaved).toBe(1)
})

test('does not take what is missing at the cut for missing', () => {
  const { profile } = read('<r><p><a/><b/></p><p><a/>', undefined, false)
  const p = at(profile.tree, 'r', 'p')
  const b = at(profile.tree, 'r', 'p', 'b')
  expect([p.count, p.whole, b.wholeParents]).toEqual([2, 1, 1])
})

test('resolves prefixes where they are bound', () => {
  const { profile } = read('<a:r xmlns:a="urn:1"><x xmlns="urn:2"><y/></x><z/><a:s xmlns:a="urn:3"/><a:t/></a:r>')
  const names = listPlaces(profile.tree).map(({ expanded }) => expanded.at(-1))
  expect(names).toEqual(['{urn:1}r', '{urn:2}x', '{urn:2}y', 'z', '{urn:3}s', '{urn:1}t'])
})

test('names the fault and keeps what came before it', () => {
  const { profile, fault } = read('<r><p>1</p><p>2</q></r>')
  expect(fault).toMatchObject({ code: 'XML_NOT_WELL_FORMED', line: 1 })
  expect(at(profile.tree, 'r', 'p').count).toBe(2)
})

test('says that a whole document ends too early', () => {
  expect(read('<r><p>1').fault).toMatchObject({ code: 'XML_TRUNCATED' })
  expect(read('<r><p>1', undefined, false).fault).toBeUndefined()
})

test('stops where --max-depth would', () => {
  expect(read('<a>'.repeat(300)).fault).toMatchObject({ code: 'DEPTH_TOO_GREAT' })
})

test('counts references to entities of a DTD instead of refusing them', () => {
  const { profile, fault } = read('<!DOCTYPE r SYSTEM "r.dtd"><r>&dagger; &amp; &ddagger;</r>')
  expect(fault).toBeUndefined()
  expect([profile.entityReferences, profile.doctype]).toEqual([2, 'r SYSTEM "r.dtd"'])
})

test('stays small whatever names a document has', () => {
  const names = Array.from({ length: 20_000 }, (_, n) => `<n${n} a${n}="1"><m${n}/></n${n}>`).join('')
  const attributes = Array.from({ length: 5000 }, (_, n) => ` a${n}="1"`).join('')
  const { profile, fault } = read(`<r${attributes}>${names}<${'x'.repeat(10_000)}/></r>`)
  expect(fault).toBeUndefined()
  expect(listPlaces(profile.tree).length).toBeLessThanOrEqual(PROFILE_LIMITS.maxElements)
  expect(at(profile.tree, 'r').children.size).toBe(PROFILE_LIMITS.maxNames)
  expect(at(profile.tree, 'r').attributes.size).toBe(PROFILE_LIMITS.maxNames)
  expect(profile.hidden).toBeGreaterThan(40_000)
})

test('stays small whatever texts a document has', () => {
  const { profile } = read(`<r a="${'y'.repeat(100_000)}">${'z'.repeat(100_000)}</r>`)
  const { values, attributes } = at(profile.tree, 'r')
  expect(values.maxLength).toBe(100_000)
  expect(JSON.stringify([values, ...attributes.values()]).length).toBeLessThan(1000)
})

test('profiles the same however the text is cut', () => {
  const xml = '<r xmlns="urn:x"><p n="1">a&amp;b <![CDATA[ c ]]><i>x</i> tail</p><!-- c --><p>007</p><?pi?></r>'
  const whole = read(xml).profile
  fc.assert(
    fc.property(fc.integer({ min: 1, max: xml.length }), (chunk) => {
      expect(read(xml, chunk).profile).toEqual(whole)
    }),
    { numRuns: 60 },
  )
})

test('merges the profiles of several documents', () => {
  const documents = ['<r><p><a/></p></r>', '<r><p><a/><a/></p><q x="1"/></r>'].map((xml) => read(xml).profile.tree)
  const tree = mergeElements(documents)
  expect(at(tree, 'r').count).toBe(2)
  expect(at(tree, 'r', 'p', 'a')).toMatchObject({ count: 3, parents: 2, parentsOfMany: 1, minPerParent: 1 })
  expect(at(tree, 'r', 'q').attributes.get('x')?.values.count).toBe(1)
  // The documents' own profiles stay as they were.
  expect(documents.map((one) => at(one, 'r').count)).toEqual([1, 1])
})

test.each([
  ['', 'empty'],
  ['0', 'integer'],
  ['-17', 'integer'],
  ['007', 'padded'],
  ['12345678901234567890', 'long'],
  ['1.5', 'decimal'],
  ['1.10', 'inexact'],
  ['1e5', 'inexact'],
  ['-0', 'inexact'],
  ['+1', 'inexact'],
  ['0.1234567890123456789', 'inexact'],
  ['true', 'boolean'],
  ['2024-02-29', 'date'],
  ['2024-13-01', 'text'],
  ['2024-01-01T10:00:00Z', 'datetime'],
  ['2024-01-01 10:00', 'datetime'],
  ['Mon, 01 Jan 2024', 'text'],
  ['1'.repeat(100), 'text'],
  ['one', 'text'],
])('takes %j for %s', (text, kind) => {
  expect(valueKind(text)).toBe(kind)
})
