/** The rows of docs/fidelity.md: where fast-xml-parser changes the data, and what xmlmill gives instead. */
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { engineLine } from '../support/engine-lines.ts'

const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false })

/** What xmlmill gives as the content of the root element. */
function ours(xml: string): unknown {
  return JSON.parse(engineLine(xml) ?? 'null')
}

/** What fast-xml-parser gives as the content of the root element, or `throws`. */
function theirs(xml: string): unknown {
  try {
    return Object.values(parser.parse(xml))[0]
  } catch {
    return 'throws'
  }
}

test.each([
  ['decodes numeric references', '<a>&#233;</a>', '&#233;', 'é'],
  ['decodes numeric references in attributes', '<a b="&#233;"/>', { '@_b': '&#233;' }, { '@_b': 'é' }],
  ['keeps white space that is not of XML', '<a>\u00a0x\u00a0</a>', 'x', '\u00a0x\u00a0'],
  ['keeps white space that is written as a reference', '<a>&#32;x&#32;</a>', '&#32;x&#32;', ' x '],
  ['normalises attribute values', '<a b="x\ny"/>', { '@_b': 'x\ny' }, { '@_b': 'x y' }],
  ['takes constructor for a name', '<a><constructor>1</constructor></a>', 'throws', { constructor: '1' }],
  ['takes toString for a name', '<a><toString>1</toString></a>', { __toString: '1' }, { toString: '1' }],
  ['reads processing instructions with quotes', "<a><?p it's ok?></a>", 'throws', { '?p': '' }],
  ['expands entities with markup', '<!DOCTYPE a [<!ENTITY e "<b>x</b>">]><a>&e;</a>', '<b>x</b>', { b: 'x' }],
  ['adds declared defaults', '<!DOCTYPE a [<!ATTLIST a c CDATA "d">]><a/>', '', { '@_c': 'd' }],
])('%s', (_, xml, fastXmlParser, xmlmill) => {
  expect(theirs(xml)).toEqual(fastXmlParser)
  expect(ours(xml)).toEqual(xmlmill)
})

test('takes __proto__ for a name, also through JSON.parse', () => {
  const xml = '<a><__proto__>1</__proto__></a>'
  expect(theirs(xml)).toBe('throws')
  expect(Object.entries(Object(ours(xml)))).toEqual([['__proto__', '1']])
})

test.each([
  ['a cut document', '<a><b>1</b><b>', 'XML_TRUNCATED'],
  ['an end tag that closes another element', '<a><b></a></b>', 'XML_TAG_MISMATCH'],
  ['an attribute that stands twice', '<a b="1" b="2"/>', 'XML_ATTRIBUTE_DUPLICATE'],
  ['text behind the root element', '<a/>trailing', 'XML_ROOT_INVALID'],
  ['a control character', '<a>\u0001</a>', 'XML_CHARACTER_INVALID'],
  ['an undeclared entity', '<a>&nope;</a>', 'XML_ENTITY_UNDECLARED'],
])('refuses %s, which fast-xml-parser reads', (_, xml, code) => {
  expect(theirs(xml)).not.toBe('throws')
  expect(() => engineLine(xml)).toThrow(expect.objectContaining({ code }))
})

test('the json shape does not keep the order of mixed content', () => {
  expect(ours('<a>1<b/>2</a>')).toEqual({ b: '', '#text': '12' })
})
