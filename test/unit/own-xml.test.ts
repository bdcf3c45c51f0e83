/** The own XML of records, which goes with those that are refused. */
import { expect, test } from 'vitest'
import { createDecoder } from '../../workers/charset/decoder.ts'
import { createEngine, type EngineOptions } from '../../workers/xml/engine/engine.ts'
import { createFastXmlParser } from '../../workers/xml/fast-xml-parser.ts'
import type { Parser } from '../../workers/xml/parser.ts'
import { cut, ENGINE_DEFAULTS, type LineWithXml, millWithXml } from '../support/engine-lines.ts'
import { between, pick, seededRandom } from '../support/seeded-random.ts'
import { randomDocument } from '../support/xml-documents.ts'

const COUNT = 1500

const engineOf = (options: Partial<EngineOptions>) =>
  createEngine({ ...ENGINE_DEFAULTS, envelope: true, withXml: true, ...options })

const fastXmlParser = (record: readonly string[]) =>
  createFastXmlParser({ ...ENGINE_DEFAULTS, envelope: true, withXml: true, record, parserOptions: {} })

/** The own XML of each record of a document. */
function ownXml(xml: string, options: Partial<EngineOptions> = {}): (string | undefined)[] {
  return millWithXml(engineOf(options), [Buffer.from(xml)]).map((line) => line.xml)
}

/** What a record is, wherever it is. */
function recordIn({ line }: LineWithXml): unknown {
  const { name, record }: { name: string; record: unknown } = JSON.parse(line)
  return { name, record }
}

const EVERYTHING = `<!DOCTYPE a [<!ENTITY t "text"><!ENTITY e "<r n='e'>in &t; <r/>&amp;</r><s/>"><!ATTLIST r k CDATA "given">]>
<a>\r\n<r n="1&quot;é">\r\n "w" \\ &t; &e;<![CDATA[<r>]]><!-- <r> é --><?p r?></r >12{"r":1}&e;<r
/>\r<p:r xmlns:p="urn:p">😀漢<r>}\t</r></p:r></a>`

test('it reaches from the first to the last byte of the element, and leaves everything as it stands', () => {
  expect(ownXml(EVERYTHING, { record: ['a/r'] })).toEqual([
    '<r n="1&quot;é">\r\n "w" \\ &t; &e;<![CDATA[<r>]]><!-- <r> é --><?p r?></r >',
    "<r n='e'>in &t; <r/>&amp;</r>",
    '<r\n/>',
  ])
})

test('a record inside a record has its own, also where both, or the inner one alone, are in the text of an entity', () => {
  expect(ownXml(EVERYTHING, { record: ['r', 'p:r'], nested: true })).toEqual([
    '<r n="1&quot;é">\r\n "w" \\ &t; &e;<![CDATA[<r>]]><!-- <r> é --><?p r?></r >',
    "<r n='e'>in &t; <r/>&amp;</r>",
    '<r/>',
    "<r n='e'>in &t; <r/>&amp;</r>",
    '<r/>',
    '<r\n/>',
    '<p:r xmlns:p="urn:p">😀漢<r>}\t</r></p:r>',
    '<r>}\t</r>',
  ])
})

test('without --record it is the root element, without what stands around it', () => {
  expect(ownXml('<?xml version="1.0"?><!-- c --><a>\n<b/></a ><!-- d -->\n')).toEqual(['<a>\n<b/></a >'])
})

test('it does not change what the record is, whatever the shape', () => {
  for (const options of [
    {},
    { shape: 'ordered' },
    { shape: 'xml' },
    { record: ['r'], nested: true, withAttributesOf: 'ancestors' },
  ] as const) {
    const bytes = [Buffer.from(EVERYTHING)]
    const lines = millWithXml(engineOf(options), bytes)
    const plain = millWithXml(engineOf({ ...options, withXml: false }), bytes)
    expect(lines.map(({ line }) => line)).toEqual(plain.map(({ line }) => line))
    expect(plain.every(({ xml }) => xml === undefined)).toBe(true)
  }
})

test('is the same wherever the document is cut', () => {
  const bytes = Buffer.from(EVERYTHING)
  for (const options of [
    { record: ['a/r'] },
    { record: ['r', 'p:r'], nested: true },
    { select: ['@_n'], record: ['r'] },
  ]) {
    const parser = engineOf(options)
    const whole = millWithXml(parser, [bytes])
    for (let at = 1; at < bytes.length; at++) {
      expect(millWithXml(parser, [bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole)
    }
    expect(
      millWithXml(
        parser,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole)
  }
})

test('is whole for a record larger than any chunk, and for one behind much that is no record', () => {
  const large = `<r a="${'x'.repeat(300_000)}">${'<b>text "é" &amp;\n</b>'.repeat(200_000)}</r>`
  const xml = `<a>${'<other>text</other>'.repeat(50_000)}${large}<r>2</r>${'<other/>'.repeat(50_000)}<r>3</r></a>`
  const found = millWithXml(engineOf({ record: ['r'] }), cut(Buffer.from(xml), seededRandom(1), 200_000))
  expect(found.map((line) => line.xml)).toEqual([large, '<r>2</r>', '<r>3</r>'])
})

test('counts for nothing in the limit on a record', () => {
  const parser = engineOf({ record: ['r'], maxRecordBytes: 100 })
  const record = `<r>${'"'.repeat(93)}</r>`
  expect(millWithXml(parser, [Buffer.from(`<a>${record}</a>`)]).map(({ xml }) => xml)).toEqual([record])
  expect(() => millWithXml(parser, [Buffer.from(`<a><r>${'"'.repeat(94)}</r></a>`)])).toThrow(/max-record-bytes/)
})

test.each(['utf-16le', 'utf-16be', 'iso-8859-1'])('of a document in %s it is UTF-8', (encoding) => {
  const declared = `<?xml version="1.0" encoding="${encoding === 'iso-8859-1' ? encoding : 'utf-16'}"?>`
  const record = '<r a="é">\r\n"ü"</r>'
  const text = `${encoding === 'iso-8859-1' ? '' : '\uFEFF'}${declared}<a>${record}</a>`
  const bytes = encoding === 'iso-8859-1' ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf16le')
  if (encoding === 'utf-16be') bytes.swap16()
  for (const parser of [engineOf({ record: ['r'] }), fastXmlParser(['r'])]) {
    const decoder = createDecoder(undefined)
    const pieces = Array.from(bytes, (byte) => Uint8Array.from(decoder.decode(Uint8Array.of(byte))))
    expect(millWithXml(parser, [...pieces, decoder.end()]).map(({ xml }) => xml)).toEqual([record])
  }
})

const OPTIONS: readonly Partial<EngineOptions>[] = [
  {},
  { record: ['item'], array: ['item'] },
  { record: ['item', '//b', '/*/*'], nested: true },
  { record: ['a', 'item'], shape: 'ordered', nested: true, withAttributesOf: 'ancestors' },
  { record: ['item', 'p:item', 'title'], stripNamespaces: true, values: true },
  { record: ['{urn:p}*', 'item'], attributePrefix: '', textKey: 'b' },
  { record: ['item'], select: ['a', 'item.b', '@_id', 'b.@_n'] },
]

test('milled alone, behind the declarations of the document, it gives the same record', () => {
  let records = 0
  for (let seed = 0; seed < COUNT; seed++) {
    const random = seededRandom(seed)
    const text = randomDocument(random, { recordName: 'item', maxDepth: between(random, 2, 5) })
    const options = OPTIONS[seed % OPTIONS.length] ?? {}
    const parser = engineOf(options)
    const lines = millWithXml(parser, cut(Buffer.from(text), random, pick(random, [1, 2, 7, 50, 5000])))
    const [root = ''] = ownXml(text)
    const declarations = text.slice(0, text.lastIndexOf(root))
    const alone = engineOf({ ...options, record: [], nested: false })
    for (const line of lines) {
      const again = millWithXml(alone, [Buffer.from(declarations + line.xml)])
      expect(again.map(({ xml }) => xml)).toEqual([line.xml])
      expect(again.map(recordIn), `seed ${seed}: ${text}`).toEqual([recordIn(line)])
      records++
    }
  }
  expect(records).toBeGreaterThan(COUNT)
})

test('both parsers have the same', () => {
  const records = ['item', 'a', 'p:b']
  const parsers: readonly Parser[] = [engineOf({ record: records }), fastXmlParser(records)]
  let found = 0
  for (let seed = 0; seed < COUNT; seed++) {
    const text = randomDocument(seededRandom(seed), { recordName: 'item', doctype: false })
    const [engine, fast] = parsers.map((parser) => millWithXml(parser, [Buffer.from(text)]).map(({ xml }) => xml))
    expect(fast, text).toEqual(engine)
    found += engine?.length ?? 0
  }
  expect(found).toBeGreaterThan(COUNT / 2)
})
