/** References, entities and what the internal subset declares, with fast-xml-parser. */
import { expect, test } from 'vitest'
import { failure, mill, root } from '../support/fast-xml-milling.ts'

test('decodes every reference exactly once', () => {
  expect(root('<a>&#233;&#xe9;&#x1D11E;&amp;#233;&amp;lt;</a>')).toBe('"éé𝄞&#233;&lt;"')
  expect(root('<a b="&#38;lt; &#34;"/>')).toBe('{"@_b":"&lt; \\""}')
  expect(root('<a><![CDATA[&#233;]]></a>')).toBe('"&#233;"')
})

test('decodes what the internal subset declares, and nothing inside it twice', () => {
  const dtd = `<!DOCTYPE a [
    <!-- <!ENTITY x "comment"> -->
    <!ENTITY x "ex &amp; &y;"> <!ENTITY y 'why &#38;#60;'> <!ENTITY x "second">
    <!ENTITY % p "parameter"> <!ENTITY lines "1&#10;2">
  ]>`
  expect(root(`${dtd}<a b="&y;&x;">&x;|&y;</a>`)).toBe('{"#text":"ex & why <|why <","@_b":"why <ex & why <"}')
  expect(root(`${dtd}<a b="&lines;">&lines;</a>`)).toBe('{"#text":"1\\n2","@_b":"1 2"}')
})

test('keeps references whose entity may be declared elsewhere, and counts them', () => {
  const external = mill('<!DOCTYPE a SYSTEM "a.dtd"><a b="&x;">&dagger;<c>&amp;&dagger;</c></a>')
  expect(external.lines).toEqual(['{"c":"&&dagger;","#text":"&dagger;","@_b":"&x;"}'])
  expect(external.notes).toEqual({ unresolvedEntities: 3 })
  expect(root('<!DOCTYPE a [<!ENTITY % p SYSTEM "p"> %p;]><a>&x;</a>')).toBe('"&x;"')
  expect(root('<!DOCTYPE a [<!ENTITY x SYSTEM "x.xml">]><a>&x;</a>')).toBe('"&x;"')
  const standalone = '<?xml version="1.0" standalone="yes"?><!DOCTYPE a SYSTEM "a.dtd"><a>&x;</a>'
  expect(failure(standalone).code).toBe('XML_NOT_WELL_FORMED')
  expect(failure('<!DOCTYPE a [<!ENTITY y "1">]><a>\n&nbsp;</a>')).toMatchObject({
    code: 'XML_NOT_WELL_FORMED',
    message: expect.stringContaining('the entity nbsp is not declared'),
    details: { line: 2, column: 1 },
  })
})

test('refuses what entities must not do', () => {
  expect(failure('<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>').message).toMatch(/x > y > x/)
  expect(failure('<!DOCTYPE a [<!ENTITY x "<b/>">]><a b="&x;"/>').code).toBe('XML_NOT_WELL_FORMED')
  expect(failure('<!DOCTYPE a [<!ENTITY x SYSTEM "x">]><a b="&x;"/>').code).toBe('XML_NOT_WELL_FORMED')
  expect(failure('<!DOCTYPE a [<!ENTITY x SYSTEM "x" NDATA n>]><a>&x;</a>').code).toBe('XML_NOT_WELL_FORMED')
})

test('adds and normalises attributes as the internal subset declares them', () => {
  const dtd = `<!DOCTYPE a [
    <!ATTLIST a id ID #IMPLIED kind NMTOKENS "x  y" lang CDATA "d&#10;e&quot;" fixed CDATA #FIXED "f">
  ]>`
  expect(root(`${dtd}<a kind="&#32;x&#x20;&#32;y\n"/>`)).toBe('{"@_kind":"x y","@_lang":"d\\ne\\"","@_fixed":"f"}')
  expect(root(`${dtd}<a id="  one " lang="l  l"/>`)).toBe('{"@_id":"one","@_lang":"l  l","@_kind":"x y","@_fixed":"f"}')
  expect(root(`${dtd}<a\n>1</a>`)).toBe('{"#text":"1","@_kind":"x y","@_lang":"d\\ne\\"","@_fixed":"f"}')
  const bound = '<!DOCTYPE a [<!ATTLIST a xmlns CDATA #FIXED "urn:a">]><a><b>1</b></a>'
  expect(mill(bound, { record: ['{urn:a}b'] }).lines).toEqual(['"1"'])
})

test('refuses an internal subset that is not well-formed, with its place', () => {
  const error = failure('<!-- é -->\r\n<!DOCTYPE a [\r\n  <!ENTITY x y>\r\n]><a/>')
  expect(error).toMatchObject({ code: 'XML_NOT_WELL_FORMED', details: { line: 3, column: 14, byteOffset: 41 } })
})

test.each([
  ['<!ENTITY x "&#38;">', '&x;'],
  ['<!ENTITY x "&#38;#9">', '&x;7;'],
  ['<!ENTITY x "&#38;#0;">', '&x;'],
  ['<!ENTITY x "&y;">', '&x;'],
  ['<!ENTITY x "&y;"><!ENTITY y SYSTEM "y" NDATA n>', '&x;'],
])('checks what is inside an entity, as in %s', (declarations, reference) => {
  const error = failure(`<!DOCTYPE a [${declarations}]><a>\n${reference}</a>`)
  expect(error).toMatchObject({ code: 'XML_NOT_WELL_FORMED', details: { line: 2, column: 1 } })
})

test('says that it does not expand markup', () => {
  expect(failure('<!DOCTYPE a [<!ENTITY x "<b/>">]><a>&x;</a>')).toMatchObject({ code: 'PARSER_FAILED' })
})

test('stops a billion laughs', () => {
  const levels = Array.from({ length: 12 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`)
  const nested = `<!DOCTYPE a [<!ENTITY l0 "lol">${levels.join('')}]><a>&l12;</a>`
  expect(failure(nested)).toMatchObject({ code: 'XML_ENTITY_EXPANSION' })
  const flat = `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(10_000)}">]><a>${'<b>&x;</b>'.repeat(2000)}</a>`
  expect(failure(flat)).toMatchObject({ code: 'XML_ENTITY_EXPANSION' })
})
