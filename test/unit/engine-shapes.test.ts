import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { cut, ENGINE_DEFAULTS, engineFailure, engineLine, engineLines, millPieces } from '../support/engine-lines.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { randomDocument } from '../support/xml-documents.ts'

test.each([
  '<a/>',
  '<a x="1">t<b/> u <!-- c --> v<b y="2">1</b></a>',
  '<a><![CDATA[]]>x<![CDATA[ y ]]></a>',
  '<a><?pi k="1"?><?q?>x</a>',
  '<a> <b> <c/> </b> </a>',
])('the ordered shape is that of preserveOrder for %s', (xml) => {
  const options = { ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false, preserveOrder: true }
  const [expected] = new XMLParser(options).parse(xml)
  expect(engineLine(xml, { shape: 'ordered' })).toBe(JSON.stringify(expected))
})

test('the ordered shape loses no order, however the document is cut', () => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, shape: 'ordered' })
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed)
    const bytes = Buffer.from(randomDocument(random))
    const whole = millPieces(engine, [bytes])
    expect(() => JSON.parse(whole.lines[0] ?? '')).not.toThrow()
    expect(millPieces(engine, cut(bytes, random, 9)).lines).toEqual(whole.lines)
  }
})

test('the xml shape is the text as it stands, with the namespaces in scope', () => {
  const xml =
    '<v xmlns="d" xmlns:p="u&amp;&quot;"><r a=\'"1"\'>t &amp; <!-- c --> <p:b/><![CDATA[<]]>\r\n</r><r xmlns="e"/><p:r/></v>'
  const { lines } = engineLines(xml, { shape: 'xml', record: ['r', 'p:r'] })
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    '<r xmlns="d" xmlns:p="u&amp;&quot;" a=\'"1"\'>t &amp; <!-- c --> <p:b/><![CDATA[<]]>\r\n</r>',
    '<r xmlns:p="u&amp;&quot;" xmlns="e"/>',
    '<p:r xmlns="d" xmlns:p="u&amp;&quot;"/>',
  ])
})

test('the xml shape needs no declarations of the document', () => {
  const xml = `<!DOCTYPE v [<!ENTITY e "x &lt; y"><!ENTITY m "<i>k</i>&e;"><!ATTLIST r d NMTOKEN "k" t NMTOKENS #IMPLIED>]>
<v><r t="  a\n b " z='"&e;"'>t &amp; &e; <b/><![CDATA[<]]> &m; <?pi <x> ?></r></v>`
  expect(JSON.parse(engineLine(xml, { shape: 'xml', record: ['r'] }) ?? '')).toBe(
    '<r t="a b" z="&quot;x &lt; y&quot;" d="k">t &amp; x &lt; y <b/><![CDATA[<]]> <i>k</i>x &lt; y <?pi <x> ?></r>',
  )
})

/** The members of a record but for the declarations of prefixes; text alone as if there were some. */
function withoutDeclarations(line = ''): [string, unknown][] {
  const content: unknown = JSON.parse(line)
  if (typeof content !== 'object' || content === null) return content === '' ? [] : [['#text', content]]
  return Object.entries(content).filter(([key]) => !key.startsWith('@_xmlns'))
}

test('a record of the xml shape gives the same content by itself as in its document', () => {
  const inDocument = createEngine({ ...ENGINE_DEFAULTS, record: ['item'] })
  const asXml = createEngine({ ...ENGINE_DEFAULTS, record: ['item'], shape: 'xml' })
  const alone = createEngine({ ...ENGINE_DEFAULTS, namespaces: 'strict' })
  let compared = 0
  for (let seed = 0; seed < 400; seed++) {
    const bytes = Buffer.from(randomDocument(seededRandom(seed), { recordName: 'item', namespaces: seed % 2 === 0 }))
    const { lines: expected, notes } = millPieces(inDocument, [bytes])
    if (notes.unresolvedEntities !== undefined) continue
    for (const [index, line] of millPieces(asXml, [bytes]).lines.entries()) {
      const source: string = JSON.parse(line)
      const [found] = millPieces(alone, [Buffer.from(source)]).lines
      expect(withoutDeclarations(found), source).toEqual(withoutDeclarations(expected[index]))
      compared++
    }
  }
  expect(compared).toBeGreaterThan(100)
})

const NESTED = '<v id="1"><s k="2"><p n="1">x<p n="2">y<p/></p></p></s><p>z</p></v>'

test('nested records get lines of their own, after that of the record around them', () => {
  expect(engineLines(NESTED, { record: ['p'], nested: true }).lines).toEqual([
    '{"p":{"p":"","#text":"y","@_n":"2"},"#text":"x","@_n":"1"}',
    '{"p":"","#text":"y","@_n":"2"}',
    '""',
    '"z"',
  ])
  const xml = engineLines('<v xmlns:p="u"><r>a<r xmlns:q="q"><r>x</r></r></r></v>', {
    record: ['r'],
    nested: true,
    shape: 'xml',
  })
  expect(xml.lines.map((line) => JSON.parse(line))).toEqual([
    '<r xmlns:p="u">a<r xmlns:q="q"><r>x</r></r></r>',
    '<r xmlns:p="u" xmlns:q="q"><r>x</r></r>',
    '<r xmlns:p="u" xmlns:q="q">x</r>',
  ])
})

test('many nested records do not gather in memory before they are handed on', () => {
  const depth = 200
  const xml = `${'<p>'.repeat(depth)}${'x'.repeat(100_000)}${'</p>'.repeat(depth)}`
  const { lines, batches } = engineLines(xml, { record: ['p'], nested: true })
  expect(lines).toHaveLength(depth)
  expect(Math.max(...batches.map(({ bytes }) => bytes))).toBeLessThan(2 << 20)
})

test('attributes of the elements around a record go into the envelope', () => {
  const options = { record: ['p'], envelope: true, withAttributesOf: 'ancestors' } as const
  const ancestors = (nested: boolean) =>
    engineLines(NESTED, { ...options, nested }).lines.map((line) => JSON.parse(line).ancestors)
  const v = { name: 'v', attributes: { '@_id': '1' } }
  const s = { name: 's', attributes: { '@_k': '2' } }
  expect(ancestors(false)).toEqual([[v, s], [v]])
  const p1 = { name: 'p', attributes: { '@_n': '1' } }
  const p2 = { name: 'p', attributes: { '@_n': '2' } }
  expect(ancestors(true)).toEqual([[v, s], [v, s, p1], [v, s, p1, p2], [v]])
})

test('keys of attributes and text may be others', () => {
  expect(engineLine('<a x="1">t<b/></a>', { attributePrefix: '$"', textKey: '_\n' })).toBe(
    JSON.stringify({ b: '', '_\n': 't', '$"x': '1' }),
  )
})

test('what would stand under the same key is left out and counted', () => {
  const xml = '<a y="2" z="9"><y>1</y>text<b>2</b><text>3</text></a>'
  const bare = engineLines(xml, { attributePrefix: '', textKey: 'text' })
  expect(bare.lines).toEqual(['{"b":"2","text":"text","y":"2","z":"9"}'])
  expect(bare.notes).toEqual({ keyCollisions: 2, mixedContent: 1 })
  const prefixed = engineLines('<a y="2" z="9"><_y>1</_y>text</a>', { attributePrefix: '_', textKey: '_z' })
  expect(prefixed.lines).toEqual(['{"_y":"2","_z":"9"}'])
  expect(prefixed.notes).toEqual({ keyCollisions: 2 })
})

test('names lose their prefixes when asked, and prefixes their declarations', () => {
  const xml = '<p:a p:y="1" y="2" xmlns:p="u" xmlns="d"><p:b>1</p:b><b>2</b></p:a>'
  const { lines, notes } = engineLines(xml, { stripNamespaces: true, record: ['p:a'], envelope: true })
  expect(lines).toEqual(['{"url":"http://x/","n":0,"name":"a","record":{"b":["1","2"],"@_y":"2","@_xmlns":"d"}}'])
  expect(notes).toEqual({ keyCollisions: 1 })
})

test('attributes are left out when asked', () => {
  expect(engineLine('<a x="1"><b y="2">t</b></a>', { noAttributes: true })).toBe('{"b":"t"}')
})

test.each([
  ...['0', '7', '-3', '1.5', '0.000001', '123456789012345', '-0.25', 'true', 'false'].map(
    (text) => [text, true] as const,
  ),
  ...[
    '007',
    '1.10',
    '+1',
    '1e5',
    '-0',
    '.5',
    '1.',
    '0.0000001',
    '12345678901234567890',
    '1 2',
    'True',
    'NaN',
    '-',
    '',
  ].map((text) => [text, false] as const),
])('of values, %s is exact: %s', (text, isExact) => {
  const expected = isExact ? text : JSON.stringify(text)
  expect(engineLine(`<a><b x="${text}">${text}</b></a>`, { values: true })).toBe(
    text === '' ? '{"b":{"@_x":""}}' : `{"b":{"#text":${expected},"@_x":${expected}}}`,
  )
})

test.each<[string[], string]>([
  [['title'], '{"title":{"b":"x","#text":"T"}}'],
  [['author.last', '@_id'], '{"author":[{"last":{"#text":"B","@_l":"1"}},{"last":"C"}],"@_id":"1"}'],
  [['author.@_n', '#text'], '{"author":[{"@_n":"1"},""],"#text":"tx"}'],
  [['author.last.#text'], '{"author":[{"last":"B"},{"last":"C"}]}'],
  [['p\\.q'], '{"p.q":"d"}'],
  [['none'], '""'],
])('of a record only what is selected is written: %s', (select, expected) => {
  const xml =
    '<paper id="1" k="2">t<title>T <b>x</b></title><author n="1"><first>A</first> z <last l="1">B</last></author>' +
    '<author><last>C</last></author><![CDATA[x]]><?pi a?><p.q>d</p.q></paper>'
  expect(engineLine(xml, { select })).toBe(expected)
  const engine = createEngine({ ...ENGINE_DEFAULTS, select })
  for (const most of [1, 2, 7]) {
    expect(millPieces(engine, cut(Buffer.from(xml), seededRandom(most), most)).lines).toEqual([expected])
  }
})

test('what is not selected is checked all the same', () => {
  expect(engineFailure('<a><b>&e;</b></a>', { select: ['c'] }).code).toBe('XML_ENTITY_UNDECLARED')
  expect(engineFailure('<a><b x="1" x="2"/></a>', { select: ['c'] }).code).toBe('XML_ATTRIBUTE_DUPLICATE')
})

test('entities of the internal subset are expanded, in text, with markup and in attributes', () => {
  const xml = `<!DOCTYPE a [<!ENTITY t "x &amp; &#60;b>"><!ENTITY m "p <i>q</i>&t2;"><!ENTITY t2 "r"><!ENTITY n "1\t&#38;#10;&t2;">]>
<a k="&n;">&t2; &m; s<c>&m;</c></a>`
  expect(engineLine(xml)).toBe(
    JSON.stringify({ i: 'q', c: { i: 'q', '#text': 'pr' }, '#text': 'r pr s', '@_k': '1 \nr' }),
  )
})

test('attributes get the defaults and the white space of their types', () => {
  const xml = '<!DOCTYPE a [<!ATTLIST a d CDATA "x  y" t NMTOKENS #IMPLIED e (y|n) "y">]><a t="  1 \n 2 " e="n"/>'
  expect(engineLine(xml)).toBe(JSON.stringify({ '@_t': '1 2', '@_e': 'n', '@_d': 'x  y' }))
})

test('what only an external subset could declare is kept as it stands, and counted', () => {
  const { lines, notes } = engineLines('<!DOCTYPE a SYSTEM "a.dtd"><a k="&x;">&dagger; <b>&x;</b></a>')
  expect(lines).toEqual(['{"b":"&x;","#text":"&dagger;","@_k":"&x;"}'])
  expect(notes).toEqual({ unresolvedEntities: 3, mixedContent: 1 })
  expect(engineLine('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>')).toBe('"&e;"')
})

test('options that do not fit together are refused by name', () => {
  for (const options of [
    { shape: 'xml', values: true },
    { shape: 'ordered', select: ['a'] },
    { select: [] },
    { record: Array.from({ length: 65 }, (_, index) => `n${index}`) },
  ] as const) {
    expect(() => createEngine({ ...ENGINE_DEFAULTS, ...options })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID' }),
    )
  }
})
