import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { BATCH_BYTES } from '../../src/channel/protocol.ts'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { createFastXmlParser } from '../../workers/xml/fast-xml-parser.ts'
import { cut, ENGINE_DEFAULTS, engineLine, engineLines, millPieces } from '../support/engine-lines.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { randomDocument } from '../support/xml-documents.ts'

const fastXmlParser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false })

test.each([
  '<a/>',
  '<a></a>',
  '<a> </a>',
  '<a>x</a>',
  '<a b="1"/>',
  '<a b="1">x</a>',
  '<a b="1" c=\'"2"\'>x<d/>y</a>',
  '<a><b>1</b><c/><b>2</b></a>',
  '<a><b>1</b>x<c>2</c> y <b>3</b> z </a>',
  '<a> x <!-- comment --> y </a>',
  '<a> x <!-- --> <!-- --> </a>',
  '<a><!-- --> x</a>',
  '<a>x <![CDATA[ <y> & ]]> z</a>',
  '<a b="1"><![CDATA[]]></a>',
  '<a><?pi href="x" b="y"?>z<?q?></a>',
  '<a b=" x "> \t\r\n x\r\ny\rz </a>',
  '<a>&lt;&gt;&amp;&quot;&apos;</a>',
  '<a>\\ " / \u007f \u2028.</a>',
  '<a-b.c_d:e x-y.z="1"/>',
  '<данные ключ="значение">текст 😀</данные>',
])('has the shape of fast-xml-parser for %s', (xml) => {
  const [expected] = Object.values(fastXmlParser.parse(xml))
  expect(engineLine(xml)).toBe(JSON.stringify(expected))
})

test('decodes references once, in text and in attributes', () => {
  expect(engineLine('<a b="&#65;&#x1F600;&amp;lt;&#10;">&#233;&amp;#233;&#x10FFFF;&#13;</a>')).toBe(
    JSON.stringify({ '#text': 'é&#233;\u{10ffff}\r', '@_b': 'A😀&lt;\n' }),
  )
})

test('trims the white space of XML, and no other', () => {
  expect(engineLine('<a b="\u00a0">\n\u00a0\u2003x\u3000 </a>')).toBe(
    JSON.stringify({ '#text': '\u00a0\u2003x\u3000', '@_b': '\u00a0' }),
  )
})

test('keeps white space that is written as a reference', () => {
  expect(engineLine('<a b="&#32;x"> &#32;x&#9; </a>')).toBe(JSON.stringify({ '#text': ' x\t', '@_b': ' x' }))
})

test('makes white space in attributes spaces, and line ends in text line feeds', () => {
  expect(engineLine('<a b="1\r\n2\t3\r4">1\r\n2\t3\r4<![CDATA[\r\n\r]]></a>')).toBe(
    JSON.stringify({ '#text': '1\n2\t3\n4\n\n', '@_b': '1 2 3 4' }),
  )
})

test('treats the names of properties of objects as any others', () => {
  const xml = '<a><__proto__ constructor="1">x</__proto__><toString/><hasOwnProperty/></a>'
  expect(engineLine(xml)).toBe('{"__proto__":{"#text":"x","@_constructor":"1"},"toString":"","hasOwnProperty":""}')
})

test('makes arrays of the elements that are to be arrays', () => {
  expect(engineLine('<a><b>1</b><c>2</c></a>', { array: ['b'] })).toBe('{"b":["1"],"c":"2"}')
})

test('writes url, number and name around each record', () => {
  const { lines } = engineLines('<v><p x="1"/><q/><p>t</p></v>', { record: ['p', 'q'], envelope: true })
  expect(lines).toEqual([
    '{"url":"http://x/","n":0,"name":"p","record":{"@_x":"1"}}',
    '{"url":"http://x/","n":1,"name":"q","record":""}',
    '{"url":"http://x/","n":2,"name":"p","record":"t"}',
  ])
})

test.each<[string, string[], string[]]>([
  ['a name at any depth, the outermost of nested ones', ['p'], ['1', '4']],
  ['a path from the root', ['/v/p'], ['4']],
  ['any name', ['/v/*'], ['s', '4', 'e']],
  ['any depth in between', ['/v//q'], ['3']],
  ['the end of a path', ['s/p'], ['1']],
  ['several paths', ['q', '/v/p'], ['3', '4']],
  ['a namespace', ['{urn:e}x'], ['e']],
  ['no namespace', ['{}q'], ['3']],
  ['any name of a namespace', ['{urn:e}*'], ['e']],
  ['a prefix as written', ['e:x'], ['e']],
])('finds records by %s', (_, record, ids) => {
  const xml = '<v><s i="s"><p i="1"><p i="2"><q i="3"/></p></p></s><p i="4"/><e:x xmlns:e="urn:e" i="e"/></v>'
  const found = engineLines(xml, { record }).lines.map((line) => JSON.parse(line)['@_i'])
  expect(found).toEqual(ids)
})

test('finds a namespace wherever it is declared, and no longer than it is', () => {
  const xml = '<a><p xmlns="u" i="1"><p xmlns="" i="2"/></p><p i="3"/><x:p xmlns:x="&#117;" i="4"/></a>'
  const found = engineLines(xml, { record: ['{u}p'] }).lines.map((line) => JSON.parse(line)['@_i'])
  expect(found).toEqual(['1', '4'])
})

test('gives the same lines as fast-xml-parser behind its gate for generated documents, however they are cut', () => {
  const options = {
    ...ENGINE_DEFAULTS,
    envelope: true,
    record: ['item', '/*/*/b'],
    array: ['title'],
    parserOptions: {},
  }
  const engine = createEngine(options)
  const slow = createFastXmlParser(options)
  for (let seed = 0; seed < 600; seed++) {
    const random = seededRandom(seed)
    const bytes = Buffer.from(randomDocument(random, { doctype: false, recordName: 'item' }))
    const expected = millPieces(slow, [bytes]).lines
    expect(millPieces(engine, [bytes]).lines).toEqual(expected)
    expect(millPieces(engine, cut(bytes, random, seed % 2 === 0 ? 3 : 40)).lines).toEqual(expected)
  }
})

const acl = new URL('../../../shared/corpus/acl/', import.meta.url)
const hasAcl = existsSync(acl)
if (!hasAcl) process.stderr.write('the acl corpus is absent: its documents are not compared\n')

test.runIf(hasAcl)('equals fast-xml-parser, byte for byte, on every fifth document of the acl corpus', () => {
  const engine = createEngine(ENGINE_DEFAULTS)
  const slow = createFastXmlParser({ ...ENGINE_DEFAULTS, parserOptions: {} })
  const files = readdirSync(acl).filter((name) => name.endsWith('.xml'))
  for (const [index, name] of files.entries()) {
    if (index % 5 !== 0) continue
    const bytes = readFileSync(new URL(name, acl))
    const [line] = millPieces(engine, cut(bytes, seededRandom(index), 5000)).lines
    expect(line === millPieces(slow, [bytes]).lines[0], name).toBe(true)
  }
})

test.runIf(hasAcl)('finds the 48,272 papers of the acl corpus', () => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, record: ['paper'] })
  let papers = 0
  for (const name of readdirSync(acl)) {
    if (name.endsWith('.xml')) papers += millPieces(engine, [readFileSync(new URL(name, acl))]).lines.length
  }
  expect(papers).toBe(48_272)
})

test('hands lines on in batches of about a mebibyte, each of whole lines', () => {
  const xml = `<v>${`<p>${'x'.repeat(1000)}</p>`.repeat(5000)}</v>`
  const { lines, batches } = engineLines(xml, { record: ['p'] })
  expect(lines).toHaveLength(5000)
  expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(5000)
  for (const { bytes } of batches.slice(0, -1)) {
    expect(bytes).toBeGreaterThanOrEqual(BATCH_BYTES)
    expect(bytes).toBeLessThan(BATCH_BYTES + 2000)
  }
})

test('reads several documents at once, each by itself', () => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, record: ['p'] })
  const texts = ['', '', '']
  const documents = texts.map((_, index) =>
    engine.open({ url: `http://x/${index}` }, (lines) => {
      texts[index] += Buffer.from(lines).toString()
    }),
  )
  for (const part of ['<v><p', '>', '</p></', 'v>']) {
    for (const [index, document] of documents.entries()) {
      document.write(Buffer.from(part === '>' ? ` i="${index}">` : part))
    }
  }
  for (const document of documents) {
    document.end()
    document.close()
  }
  expect(texts).toEqual(['{"@_i":"0"}\n', '{"@_i":"1"}\n', '{"@_i":"2"}\n'])
})

test('reads on after a document that was refused', () => {
  const engine = createEngine(ENGINE_DEFAULTS)
  for (const bad of [
    '<a xmlns:p="u"><b>',
    '<!DOCTYPE a [<!ENTITY e "x"><!ATTLIST a k CDATA "v">]><a>&e;</b>',
    '<a>&#0;',
  ]) {
    expect(() => millPieces(engine, [Buffer.from(bad)])).toThrow()
    expect(() => millPieces(engine, [Buffer.from('<a>&e;</a>')])).toThrow('not declared')
    const { lines, notes } = millPieces(engine, [Buffer.from('<a><p:b/></a>')])
    expect(lines).toEqual(['{"p:b":""}'])
    expect(notes).toEqual({ unboundPrefixes: 1 })
  }
})

test('an error thrown by whoever takes the lines comes through, and the engine goes on', () => {
  const engine = createEngine(ENGINE_DEFAULTS)
  const document = engine.open({ url: 'http://x/' }, () => {
    throw new Error('no room')
  })
  document.write(Buffer.from('<a/>'))
  expect(() => document.end()).toThrow('no room')
  document.close()
  expect(millPieces(engine, [Buffer.from('<b>1</b>')]).lines).toEqual(['"1"'])
})
