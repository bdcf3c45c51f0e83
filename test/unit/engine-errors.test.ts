import { expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { engineFailure, engineLine, engineLines } from '../support/engine-lines.ts'

/** Code, place and document: the place is where ¶ stands. */
test.each<[ErrorCode, string]>([
  ['XML_TAG_MISMATCH', '<a>\n  <b>¶</a>'],
  ['XML_TAG_MISMATCH', '<a><b>¶</bb></a>'],
  ['XML_TAG_MISMATCH', '<a/>¶</a>'],
  ['XML_ATTRIBUTE_DUPLICATE', '<a b="1" c="2" ¶b="3"/>'],
  ['XML_CHARACTER_INVALID', '<a>x¶\u0001</a>'],
  ['XML_CHARACTER_INVALID', '<a b="¶\uffff"/>'],
  ['XML_CHARACTER_INVALID', '<!-- ¶\u000b --><a/>'],
  ['XML_CHARACTER_INVALID', '<a>¶&#0;</a>'],
  ['XML_CHARACTER_INVALID', '<a>¶&#xD800;</a>'],
  ['XML_CHARACTER_INVALID', '<a b="¶&#x110000;"/>'],
  ['XML_CHARACTER_INVALID', '<a>¶&#99999999999999999999;</a>'],
  ['XML_SYNTAX', '<a b=¶1/>'],
  ['XML_SYNTAX', '<a b¶/>'],
  ['XML_SYNTAX', '<a b="1"¶c="2"/>'],
  ['XML_SYNTAX', '<a b="¶<"/>'],
  ['XML_SYNTAX', '<a ¶"b"/>'],
  ['XML_SYNTAX', '<a /¶ >'],
  ['XML_SYNTAX', '<a></a ¶b>'],
  ['XML_SYNTAX', '<a></¶ a>'],
  ['XML_SYNTAX', '<¶ a/>'],
  ['XML_SYNTAX', '<¶1/>'],
  ['XML_SYNTAX', '<a¶\u00d7/>'],
  ['XML_SYNTAX', '<é¶\u2190/>'],
  ['XML_SYNTAX', '<a>x ¶]]> y</a>'],
  ['XML_SYNTAX', '<a><!-- x ¶-- y --></a>'],
  ['XML_SYNTAX', '<!-- x ¶---><a/>'],
  ['XML_SYNTAX', '<a>&¶ b</a>'],
  ['XML_SYNTAX', '<a>&b¶ </a>'],
  ['XML_SYNTAX', '<a>&#¶;</a>'],
  ['XML_SYNTAX', '<a>&#x¶g;</a>'],
  ['XML_SYNTAX', '<a b="&¶"/>'],
  ['XML_SYNTAX', '<a>¶<![CDAT[x]]></a>'],
  ['XML_SYNTAX', '¶<!ELEMENT a ANY><a/>'],
  ['XML_SYNTAX', '<a>¶<?xml version="1.0"?></a>'],
  ['XML_SYNTAX', ' ¶<?xml version="1.0"?><a/>'],
  ['XML_SYNTAX', '<a>¶<?XmL x?></a>'],
  ['XML_SYNTAX', '<a><?¶ pi?></a>'],
  ['XML_SYNTAX', '<a><?pi¶+?></a>'],
  ['XML_SYNTAX', '<?xml¶ encoding="utf-8"?><a/>'],
  ['XML_SYNTAX', '<?xml version="¶2.0"?><a/>'],
  ['XML_SYNTAX', '<?xml version="1.0" encoding="¶8bit"?><a/>'],
  ['XML_SYNTAX', '<?xml version="1.0" standalone="¶maybe"?><a/>'],
  ['XML_SYNTAX', '<?xml version="1.0" ¶x="y"?><a/>'],
  ['XML_SYNTAX', '<?xml version="1.0" standalone="yes" ¶encoding="utf-8"?><a/>'],
  ['XML_ROOT_INVALID', '¶x<a/>'],
  ['XML_ROOT_INVALID', '<a/>\n¶x'],
  ['XML_ROOT_INVALID', '<a/>¶&amp;'],
  ['XML_ROOT_INVALID', '<a/>¶<b/>'],
  ['XML_ROOT_INVALID', '¶<![CDATA[x]]><a/>'],
  ['XML_DOCTYPE_INVALID', '<a/>¶<!DOCTYPE a>'],
  ['XML_DOCTYPE_INVALID', '<!DOCTYPE a>¶<!DOCTYPE a><a/>'],
  ['XML_DOCTYPE_INVALID', '<!DOCTYPE a [\n<!ELEMENT¶S a ANY>]><a/>'],
  ['XML_ENTITY_UNDECLARED', '<a>é\r\n<b>¶&e;</b></a>'],
  ['XML_ENTITY_UNDECLARED', '<a b="¶&e;"/>'],
  ['XML_ENTITY_UNDECLARED', '<?xml version="1.0" standalone="yes"?><!DOCTYPE a SYSTEM "x"><a>¶&e;</a>'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!ENTITY e "<b>">]><a>¶&e;</b></a>'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!ENTITY e "</a>">]><a>¶&e;'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!ENTITY e "<b x=\'1">]><a>¶&e;</a>'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!ENTITY e "x<y/>">]><a b="¶&e;"/>'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!ENTITY e SYSTEM "x">]><a b="¶&e;"/>'],
  ['XML_ENTITY_INVALID', '<!DOCTYPE a [<!NOTATION n SYSTEM "x"><!ENTITY e SYSTEM "x" NDATA n>]><a>¶&e;</a>'],
  ['XML_ENTITY_EXPANSION', '<!DOCTYPE a [<!ENTITY e "&f;"><!ENTITY f "&e;">]><a>¶&e;</a>'],
  ['XML_ENTITY_EXPANSION', '<!DOCTYPE a [<!ENTITY e "<b/>&f;"><!ENTITY f "<b/>&e;">]><a>¶&e;</a>'],
  ['XML_TRUNCATED', '<a><b>1</b>¶'],
  ['XML_TRUNCATED', '<a¶'],
  ['XML_TRUNCATED', '<a b="1¶'],
  ['XML_TRUNCATED', '<a><!-- x -¶'],
  ['XML_TRUNCATED', '<a><![CDATA[x]]¶'],
  ['XML_TRUNCATED', '<a><![CDA¶'],
  ['XML_TRUNCATED', '<a>&am¶'],
  ['XML_TRUNCATED', '<a/><?pi ¶'],
  ['XML_TRUNCATED', '<!DOCTYPE a [<!-- ]> -->¶'],
  ['XML_TRUNCATED', '¶'],
])('%s at the mark in %j', (code, marked) => {
  const mark = marked.indexOf('¶')
  const before = marked.slice(0, mark)
  const xml = before + marked.slice(mark + 1)
  const lines = before.split(/\r\n?|\n/)
  const place = {
    line: lines.length,
    column: [...(lines.at(-1) ?? '')].length + 1,
    byteOffset: Buffer.byteLength(before),
  }
  const whole = engineFailure(xml)
  expect({ code: whole.code, ...whole.details }).toEqual({ code, ...place })
})

test('says what closes what, where that began, in which element, and what stands around', () => {
  expect(engineFailure('<volume>\n  <paper>\n    <title>x</paper>\n</volume>').message).toBe(
    '</paper> closes <title> opened at 3:5, in /volume/paper/title, near "<paper>\\n    <title>x</paper>\\n</volume>"',
  )
})

test('counts lines and columns through all that was read before', () => {
  const line = `<p t="é">${'😀'.repeat(50)}</p>\r\n`
  const xml = `<v>\n${line.repeat(20_000)}  <q>\n${line.repeat(5000)}<b></v>`
  const error = engineFailure(xml, { record: ['p'] })
  expect(error.message).toContain('</v> closes <b> opened at 25003:1,')
  expect(error.details).toMatchObject({ line: 25_003, column: 4 })
  const other = engineFailure(xml.replace('<b></v>', '</v>'), { record: ['p'] })
  expect(other.message).toContain('</v> closes <q> opened at 20002:3,')
})

test('says what the document ends in', () => {
  expect(engineFailure('<a>\n<b><!-- x').message).toContain(
    'the document ends inside a comment, with <b> opened at 2:1 not closed',
  )
  expect(engineFailure(`<a><!--${'x'.repeat(1 << 20)}`).message).toContain('inside a comment')
  expect(engineFailure('<!-- x -->').message).toContain('ends before its root element')
})

test('an invalid character in a document of XML 1.1 is refused like any other', () => {
  expect(engineFailure('<?xml version="1.1"?><a>&#1;</a>').code).toBe('XML_CHARACTER_INVALID')
  expect(engineLine('<?xml version="1.1"?><a>x\u0085</a>')).toBe('"x\u0085"')
})

test.each(['<a b="c"', '<a>&amp', '<a><![CDATA[x]]', '<a></', '<a><?p', '<!DOCTYPE a [', '<?xml version="1.0"'])(
  'a document that ends after %s may be whole another time',
  (xml) => {
    expect(engineFailure(xml)).toMatchObject({ code: 'XML_TRUNCATED', disposition: 'retry' })
  },
)

test('with strict namespaces their rules are errors, else they are counted', () => {
  const breaches: [string, Record<string, number>][] = [
    ['<p:a/>', { unboundPrefixes: 1 }],
    ['<a p:b=""/>', { unboundPrefixes: 1 }],
    ['<a><p:b xmlns:p="u"/><p:c/></a>', { unboundPrefixes: 1 }],
    ['<a:b:c/>', { namespaceErrors: 1 }],
    ['<a xmlns:p=""/>', { namespaceErrors: 1 }],
    ['<a xmlns:xml="u"/>', { namespaceErrors: 1 }],
    ['<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>', { namespaceErrors: 1 }],
    ['<a xmlns:xmlns="u"/>', { namespaceErrors: 1 }],
    ['<a xmlns="http://www.w3.org/2000/xmlns/"/>', { namespaceErrors: 1 }],
    ['<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', { namespaceErrors: 1 }],
    ['<a><?p:i?></a>', { namespaceErrors: 1 }],
    ['<!DOCTYPE a [<!ENTITY a:b "x">]><a/>', { namespaceErrors: 1 }],
  ]
  for (const [xml, notes] of breaches) {
    expect(engineFailure(xml, { namespaces: 'strict' }).code, xml).toBe('XML_NAMESPACE_INVALID')
    expect(engineLines(xml).notes, xml).toEqual(notes)
  }
})

test('accepts what Namespaces in XML allows', () => {
  const xml = '<p:a xmlns:p="u" xmlns="u" p:b="1" b="2" xml:lang="en"><c xmlns=""/><p:c xmlns:p="v" p:b=""/></p:a>'
  expect(engineLines(xml, { namespaces: 'strict' }).notes).toEqual({})
})
