import { expect, test } from 'vitest'
import { libxml2Content } from '../support/libxml2-judge.ts'
import { jsonDifference, orderedDifference } from '../support/milled-content.ts'
import { comparisonFor } from '../support/xml-content.ts'
import { millBytes } from '../support/xml-milling.ts'
import { canonicalContent } from './canonical.ts'
import { productParsers } from './product.ts'

const { json, ordered } = productParsers()

/** What both shapes of `found` lack against `expected`, as libxml2 reads it. */
function differences(expected: string, found: string): (string | undefined)[] {
  const comparison = comparisonFor(expected + found)
  const element = libxml2Content(Buffer.from(expected), comparison)
  if (element === undefined) throw new Error('libxml2 gives no tree')
  return [
    jsonDifference(element, millBytes(json, Buffer.from(found)), comparison),
    orderedDifference(element, millBytes(ordered, Buffer.from(found)), comparison),
  ]
}

test('finds documents equal that differ in nothing but how they are written', () => {
  expect(differences('<a x="1" y="&#50;"><b/>t<?p i?></a>', "<a y='2' x='1'> <b></b><![CDATA[t]]>\n</a>")).toEqual([
    undefined,
    undefined,
  ])
})

test.each([
  ['an attribute', '<a x="1"/>', '<a x="2"/>'],
  ['an attribute too many', '<a/>', '<a x=""/>'],
  ['text', '<a>x y</a>', '<a>x  y</a>'],
  ['text beside elements', '<a>x<b/></a>', '<a>y<b/></a>'],
  ['a missing element', '<a><b/><b/></a>', '<a><b/></a>'],
  ['an element elsewhere', '<a><b><c/></b></a>', '<a><b/><c/></a>'],
  ['order within a name', '<a><b>1</b><b>2</b></a>', '<a><b>2</b><b>1</b></a>'],
  ['the root', '<a/>', '<b/>'],
])('sees a difference in %s', (_, expected, found) => {
  for (const difference of differences(expected, found)) expect(difference).toBeDefined()
})

test('sees a difference in order through the ordered shape alone', () => {
  const [inJson, inOrdered] = differences('<a><b/>x<c/></a>', '<a><c/>x<b/></a>')
  expect(inJson).toBeUndefined()
  expect(inOrdered).toBeDefined()
})

test('reads canonical output and the document itself alike', () => {
  const comparison = { inPieces: false }
  const document = '<a y="2" x="1"><b>t</b> <c></c></a>'
  expect(canonicalContent(document, comparison)).toEqual(libxml2Content(Buffer.from(document), comparison))
})
