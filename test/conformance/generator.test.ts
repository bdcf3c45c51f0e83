import fc from 'fast-check'
import { expect, test } from 'vitest'
import { libxml2Objection } from '../support/libxml2-judge.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { randomDocument, xmlDocuments } from '../support/xml-documents.ts'
import { mutate } from '../support/xml-mutations.ts'
import { reduceBytes, reduceText } from '../support/xml-reduction.ts'

test('makes well-formed documents only', () => {
  fc.assert(
    fc.property(xmlDocuments(), (document) => {
      expect(libxml2Objection(Buffer.from(document))).toBeUndefined()
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('makes the same document from the same seed, and leaves out what it is asked to', () => {
  expect(randomDocument(seededRandom(7))).toBe(randomDocument(seededRandom(7)))
  for (let seed = 0; seed < 500; seed++) {
    const options = { doctype: false, namespaces: false, asides: false, awkwardNames: false }
    expect(randomDocument(seededRandom(seed), options)).not.toMatch(/<!DOCTYPE|xmlns|<!--|<\?(?!xml )|__proto__/)
  }
})

test('uses every kind of thing that a document may have', () => {
  const documents = Array.from({ length: 500 }, (_, seed) => randomDocument(seededRandom(seed))).join('\0')
  for (const kind of [
    /<!\[CDATA\[/,
    /&#x/,
    /&markup;/,
    /xmlns:p/,
    /<p:/,
    /\r\n/,
    /\r[^\n]/,
    /<!ATTLIST/,
    /😀/,
    /\/>/,
  ]) {
    expect(documents).toMatch(kind)
  }
})

test('damages documents so that some stay well-formed and most do not', () => {
  let refused = 0
  for (let seed = 0; seed < 1000; seed++) {
    const random = seededRandom(seed)
    const { bytes, mutations } = mutate(Buffer.from(randomDocument(random)), random)
    expect(mutations.length).toBeGreaterThan(0)
    if (libxml2Objection(bytes) !== undefined) refused++
  }
  expect(refused).toBeGreaterThan(500)
  expect(refused).toBeLessThan(950)
})

test('reduces an input to what a finding needs', () => {
  const found = reduceBytes(Buffer.from('aaaaXbbbbbbbbbbbbbYcc'), (bytes) => /X.*Y/.test(Buffer.from(bytes).toString()))
  expect(Buffer.from(found).toString()).toBe('XY')
  expect(reduceText('éé😀éé', (text) => text.includes('😀'))).toBe('😀')
})
