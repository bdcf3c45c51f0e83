import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { BATCH_BYTES } from '../../src/channel/protocol.ts'
import { createFastXmlParser } from '../../workers/xml/fast-xml-parser.ts'
import { DEFAULTS, failure, mill, root } from '../support/fast-xml-milling.ts'

const plain = new XMLParser({ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false })

/** What fast-xml-parser alone gives for the root. */
function plainRoot(xml: string): string {
  const parsed: Record<string, unknown> = plain.parse(xml)
  const name = Object.keys(parsed).find((key) => !key.startsWith('?'))
  return JSON.stringify(parsed[name ?? ''])
}

test.each([
  '<a/>',
  '<a></a>',
  '<a>  </a>',
  '<a>\n text \n</a>',
  '<a b="1"/>',
  '<a b="1">t</a>',
  "<a b=' 1 ' c=''>t<d/></a>",
  '<a><b>1</b></a>',
  '<a><b>1</b><c/><b>2</b><b x="y">3</b></a>',
  '<a>one <b>two</b> three <b>four</b> five</a>',
  '<a>007</a>',
  '<a>1.10 </a>',
  '<a>true</a>',
  '<a>x<!-- c --> y</a>',
  '<a><!-- only --></a>',
  '<a> x <?p?> y </a>',
  '<a><?p b="1"?></a>',
  '<a><![CDATA[ <x> & ]]></a>',
  '<a>x <![CDATA[ y ]]> z</a>',
  '<a><![CDATA[]]></a>',
  '<a><b><![CDATA[&amp;]]></b></a>',
  '<a>&lt;b&gt; &amp;amp; &quot;&apos;</a>',
  '<a b="&lt;&amp;lt;">x</a>',
  '<x:a xmlns:x="urn:x"><x:b x:c="1"/></x:a>',
  '<?xml version="1.0"?><!-- p --><a><b/></a><!-- q -->',
  '<a\n>\n<b\t/>\n</a\n>',
])('gives %j the shape that fast-xml-parser gives it', (xml) => {
  expect(root(xml)).toBe(plainRoot(xml))
})

test("trims XML's own white space and no other", () => {
  expect(root('<a> \t\r\n\u00a0x\u2003\n</a>')).toBe('"\u00a0x\u2003"')
  expect(root('<a b=" \u00a0 "/>')).toBe('{"@_b":"\u00a0"}')
  expect(root('<a>\u00a0</a>')).toBe('"\u00a0"')
  expect(root('<a>&#32;x&#10;</a>')).toBe('" x\\n"')
})

test('normalises line ends and the white space of attributes', () => {
  expect(root('<a>1\r\n2\r3\n4&#13;</a>')).toBe('"1\\n2\\n3\\n4\\r"')
  expect(root('<a><![CDATA[1\r\n2\r]]></a>')).toBe('"1\\n2\\n"')
  expect(root('<a\r\n b="1\r\n2\t3\n4&#10;5>6"\tc=\'"\n"\'/>')).toBe('{"@_b":"1 2 3 4\\n5>6","@_c":"\\" \\""}')
  expect(root('<a b="1\n2">\n<c d="\t|"/>\n</a>')).toBe('{"c":{"@_d":"|"},"@_b":"1 2"}')
})

test('takes names that every JavaScript object has for plain data', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__']
  for (const name of names) {
    expect(root(`<a><${name} b="1">x</${name}><${name}/></a>`)).toBe(`{"${name}":[{"#text":"x","@_b":"1"},""]}`)
    expect(root(`<a ${name}="1"/>`)).toBe(`{"@_${name}":"1"}`)
    expect(root(`<a ${name}="1"/>`, { parserOptions: { attributeNamePrefix: '' } })).toBe(`{"${name}":"1"}`)
    expect(mill(`<${name}>1</${name}>`, { envelope: true }).lines[0]).toContain(`"name":"${name}","record":"1"`)
    expect(root(`<a><${name}>x</${name}></a>`, { array: [name] })).toBe(`{"${name}":["x"]}`)
  }
})

test('says which name fast-xml-parser cannot read', () => {
  expect(failure('<a><b\u1680c/></a>')).toMatchObject({
    code: 'PARSER_FAILED',
    message: expect.stringContaining('b\u1680c'),
  })
})

test('is not led astray by an instruction with an odd quote', () => {
  const { lines, notes } = mill(`<a><?p it's ok?><b>it's</b><?q a="?>?></a>`.replace('?>?>', '?>'))
  expect(lines).toEqual([`{"?p":"","b":"it's","?q":""}`])
  expect(notes).toEqual({ reducedInstructions: 2 })
})

test('makes arrays of the elements that are asked for, and never of the record itself', () => {
  const xml = '<r><p><q>1</q><s t="u"/></p></r>'
  expect(mill(xml, { record: ['p'], array: ['q', 's', 'p'] }).lines).toEqual(['{"q":["1"],"s":[{"@_t":"u"}]}'])
})

test('wraps records in url, number and name', () => {
  const xml = '<r><p>1</p><x:q xmlns:x="u" a="b"/><p><p>in</p></p></r>'
  expect(mill(xml, { record: ['p', 'x:q'], envelope: true }).lines.map((line) => JSON.parse(line))).toEqual([
    { url: 'http://x/"a"', n: 0, name: 'p', record: '1' },
    { url: 'http://x/"a"', n: 1, name: 'x:q', record: { '@_xmlns:x': 'u', '@_a': 'b' } },
    { url: 'http://x/"a"', n: 2, name: 'p', record: { p: 'in' } },
  ])
})

test('finds records by the namespaces in scope', () => {
  const xml =
    '<f xmlns="urn:a" xmlns:b="urn:b"><e>1</e><b:e>2</b:e><e xmlns="">3</e><c xmlns:b="urn:a"><b:e>4</b:e></c></f>'
  expect(mill(xml, { record: ['{urn:a}e'] }).lines).toEqual(['"1"', '"4"'])
  expect(mill(xml, { record: ['{}e'] }).lines).toEqual(['{"#text":"3","@_xmlns":""}'])
  expect(mill(xml, { record: ['/{urn:a}f/{urn:b}e'] }).lines).toEqual(['"2"'])
})

test('gives no line for a document without records', () => {
  expect(mill('<a/>', { record: ['b'] })).toEqual({ lines: [], batches: [], notes: {} })
})

test('hands lines on in batches of about a mebibyte, each of whole lines', () => {
  const xml = `<r>${`<p>${'é'.repeat(1000)}</p>`.repeat(2000)}<p>${'x'.repeat(3 << 20)}</p><p>last</p></r>`
  const { lines, batches } = mill(xml, { record: ['p'], maxRecordBytes: 4 << 20 })
  expect(lines).toHaveLength(2002)
  expect(lines.at(-1)).toBe('"last"')
  expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(2002)
  expect(batches.length).toBeGreaterThan(4)
  expect(Math.max(...batches.slice(0, 3).map(({ bytes }) => bytes))).toBeLessThanOrEqual(BATCH_BYTES)
})

test("lets the user's options for fast-xml-parser go before", () => {
  const with_ = (parserOptions: Record<string, unknown>, xml = '<a b="1"><c> 2 </c><!--x--></a>') =>
    root(xml, { parserOptions })
  expect(with_({ parseTagValue: true })).toBe('{"c":2,"@_b":"1"}')
  expect(with_({ parseAttributeValue: true })).toBe('{"c":"2","@_b":1}')
  expect(with_({ ignoreAttributes: true })).toBe('{"c":"2"}')
  expect(with_({ trimValues: false })).toBe('{"c":" 2 ","@_b":"1"}')
  expect(with_({ commentPropName: '#comment' })).toBe('{"c":"2","#comment":"x","@_b":"1"}')
  expect(with_({ preserveOrder: true })).toBe('{"a":[{"c":[{"#text":"2"}]}],":@":{"@_b":"1"}}')
  expect(with_({ attributeNamePrefix: '$' })).toBe('{"c":"2","$b":"1"}')
  expect(with_({ processEntities: false }, '<a> &amp; </a>')).toBe('"&amp;"')
  expect(with_({ removeNSPrefix: true }, '<x:a xmlns:x="u" x:c="1"><x:b/></x:a>')).toBe('{"b":"","@_c":"1"}')
  const html = '<!DOCTYPE a SYSTEM "x"><a>&nbsp;&copy;&unknown;&lt;</a>'
  expect(with_({ htmlEntities: true }, html)).toBe('"\u00a0©&unknown;<"')
})

test('refuses options that fast-xml-parser does not take', () => {
  const parserOptions = { textNodeName: '__proto__' }
  expect(failure('<a/>', { parserOptions })).toMatchObject({ code: 'OPTIONS_INVALID' })
  expect(failure('<a/>', { record: ['a['] })).toMatchObject({ code: 'OPTIONS_INVALID' })
})

test('names the record when fast-xml-parser fails', () => {
  const error = failure('<r><p><note></note></p></r>', { record: ['p'], parserOptions: { commentPropName: 'note' } })
  expect(error).toMatchObject({ code: 'PARSER_FAILED', message: expect.stringContaining('<p>') })
})

test('survives a depth that its recursion does not', () => {
  const xml = `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`
  expect(failure(xml, { maxDepth: 1_000_000 })).toMatchObject({ code: 'PARSER_FAILED' })
})

test.each([
  ['<a><b></a></b>', 1, 7, '</a> closes <b> opened at 1:4'],
  ['<a>\n  <é>𝄞</x></a>', 2, 7, '</x> closes <é> opened at 2:3'],
  ['<a/></a>', 1, 5, '</a> closes nothing'],
  ['<a/><b/>', 1, 7, 'only one root'],
  ['<a b="1" b="2"/>', 1, 1, 'duplicate attribute: b'],
  ['<a b=1/>', 1, 6, 'unquoted'],
  ['<a b/>', 1, 5, 'attribute'],
  ['<a b="<"/>', 1, 7, 'the character < is not allowed'],
  ['<a>\u0001</a>', 1, 4, 'U+0001'],
  ['<a>\uFFFF</a>', 1, 4, 'U+FFFF'],
  ['<a>\r\n\r\n𝄞\u0000</a>', 3, 2, 'U+0000'],
  ['<a>]]></a>', 1, 6, ']]>'],
  ['<a><!-- -- --></a>', 1, 11, 'comment'],
  ['<a>&;</a>', 1, 5, 'empty entity name'],
  ['<a>&#0;</a>', 1, 7, 'character'],
  ['<a>&#xD800;</a>', 1, 11, 'character'],
  ['<a><?xml version="1.0"?></a>', 1, 9, 'XML declaration'],
  [' <?xml version="1.0"?><a/>', 1, 7, 'XML declaration'],
  ['x<a/>', 1, 1, 'text data outside'],
  ['<!-- > -->\n <![CDATA[x]]><a/>', 2, 2, 'text data outside'],
  ['<a/><?p?> &amp;', 1, 11, 'text data outside'],
  ['<a/>x', 1, 5, 'text data outside'],
  ['\uFEFF<a/>', 1, 1, 'byte order mark'],
  ['<a><1/></a>', 1, 5, 'disallowed character'],
])('refuses %j with its place', (xml, line, column, sentence) => {
  const error = failure(xml)
  expect(error).toMatchObject({ code: 'XML_NOT_WELL_FORMED', details: { line, column } })
  expect(error.message).toContain(sentence)
})

test('gives the place in bytes of the document as it came', () => {
  const error = failure('<a>é\r\n\r\n</b>')
  expect(error.details).toMatchObject({ line: 3, column: 1, byteOffset: 9 })
})

test.each([
  '',
  ' ',
  '<',
  '<a',
  '<a>',
  '<a><b/>',
  '<a b="',
  '<a><!-- ',
  '<a><![CDATA[x]]',
  '<?xml version="1.0"?>',
  '<a>&am',
  '<a>& </a>',
  '<!DOCTYPE a [',
])('says that a document is cut where %j ends', (xml) => {
  expect(failure(xml)).toMatchObject({ code: 'XML_TRUNCATED', disposition: 'retry' })
})

test('says in which element a document is cut', () => {
  expect(failure('<a>\n<b>').message).toContain('inside <b> opened at 2:1')
})

test('keeps to the limits of depth and of size, and names their flags', () => {
  const nested = '<a><a><a/></a></a>'
  expect(root(nested, { maxDepth: 3 })).toBe('{"a":{"a":""}}')
  expect(failure(nested, { maxDepth: 2 })).toMatchObject({
    code: 'DEPTH_TOO_GREAT',
    message: expect.stringContaining('--max-depth'),
    details: { line: 1, column: 7 },
  })
  const xml = '<r><p>éé</p></r>'
  expect(mill(xml, { record: ['p'], maxRecordBytes: 11 }).lines).toEqual(['"éé"'])
  expect(failure(xml, { record: ['p'], maxRecordBytes: 10 })).toMatchObject({
    code: 'RECORD_TOO_LARGE',
    message: expect.stringContaining('--max-record-bytes'),
  })
})

test('reads two documents of one thread that interleave', () => {
  const parser = createFastXmlParser(DEFAULTS)
  const seen: string[] = []
  const emit = (lines: Uint8Array) => seen.push(Buffer.from(lines).toString())
  const [one, two] = [parser.open({ url: '1' }, emit), parser.open({ url: '2' }, emit)]
  one.write(Buffer.from('<!DOCTYPE a [<!ENTITY e "one">]><a>&e;'))
  two.write(Buffer.from('<!DOCTYPE a [<!ENTITY e "two">]><a>&e;'))
  two.write(Buffer.from('</a>'))
  one.write(Buffer.from('</a>'))
  two.end()
  one.end()
  one.close()
  two.close()
  expect(seen).toEqual(['"two"\n', '"one"\n'])
})

const CORPUS = new URL('../../../shared/corpus/', import.meta.url)

test('counts the papers of the ACL Anthology as libxml2 does, in the shape of fast-xml-parser', () => {
  if (!existsSync(CORPUS)) {
    process.stderr.write('../shared/corpus is absent: generated documents are used instead\n')
    const xml = `<volume>${'<paper id="1"><title>T &amp; <b>U</b></title></paper>'.repeat(500)}</volume>`
    expect(mill(xml, { record: ['paper'] }).lines).toHaveLength(500)
    expect(root(xml)).toBe(plainRoot(xml))
    return
  }
  const rows = readFileSync(new URL('acl.counts.tsv', CORPUS), 'utf8').trim().split('\n').slice(1)
  const expected = new Map(rows.map((row) => row.split('\t')).map(([file, , papers]) => [file, Number(papers)]))
  const counted = new Map<string, number>()
  let differing = 0
  for (const file of readdirSync(new URL('acl/', CORPUS))) {
    const xml = readFileSync(new URL(`acl/${file}`, CORPUS), 'utf8')
    counted.set(file, mill(xml, { record: ['paper'], maxRecordBytes: 64 << 20 }).lines.length)
    const json = root(xml, { maxRecordBytes: 64 << 20 }) ?? ''
    if (json === plainRoot(xml)) continue
    differing++
    expect(JSON.stringify(JSON.parse(json, asPlain)), file).toBe(JSON.stringify(JSON.parse(plainRoot(xml), asPlain)))
  }
  expect(counted).toEqual(expected)
  expect([...counted.values()].reduce((sum, count) => sum + count)).toBe(48_272)
  expect(differing).toBe(5)
})

/** Without the documented differences: NBSP and the like at the edges of text stay, and numeric references are decoded. */
function asPlain(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))).trim()
}
