import { expect, test } from 'vitest'
import { type Doctype, DoctypeError, type DoctypeOptions, parseDoctype } from '../../workers/xml/dtd/doctype.ts'

const parse = (subset: string, options?: DoctypeOptions) => parseDoctype(`<!DOCTYPE a [${subset}]>`, options)

function objection(text: string, options?: DoctypeOptions): { message: string; offset: number } | undefined {
  try {
    parseDoctype(text, options)
    return undefined
  } catch (error) {
    if (!(error instanceof DoctypeError)) throw error
    return { message: error.message, offset: error.offset }
  }
}

const subsetObjection = (subset: string, options?: DoctypeOptions) =>
  objection(`<!DOCTYPE a [${subset}]>`, options)?.message

function entity(doctype: Doctype, name: string): string | undefined {
  const found = doctype.generalEntities.get(name)
  return found?.kind === 'internal' ? found.value : found?.kind
}

const attribute = (doctype: Doctype, name: string) => doctype.attributes.get('a')?.get(name)

test('reads the name and both identifiers', () => {
  expect(parseDoctype('<!DOCTYPE html>')).toMatchObject({ name: 'html', hasExternalSubset: false })
  expect(parseDoctype(`<!DOCTYPE\tTEI.2 PUBLIC '-//TEI P4//DTD Main' "tei2.dtd" >`)).toMatchObject({
    name: 'TEI.2',
    publicId: '-//TEI P4//DTD Main',
    systemId: 'tei2.dtd',
    hasExternalSubset: true,
  })
  expect(parseDoctype('<!DOCTYPE a SYSTEM "a.dtd"[]\n>')).toMatchObject({ systemId: 'a.dtd', hasExternalSubset: true })
})

test.each([
  '<!DOCTYPE>',
  '<!DOCTYPEa>',
  '<!DOCTYPE 1a>',
  '<!doctype a>',
  '<!DOCTYPE a b>',
  '<!DOCTYPE a SYSTEM>',
  '<!DOCTYPE a SYSTEM"x">',
  '<!DOCTYPE a PUBLIC "x">',
  '<!DOCTYPE a PUBLIC "x""y">',
  '<!DOCTYPE a PUBLIC "{" "y">',
  '<!DOCTYPE aSYSTEM "y" [>',
  '<!DOCTYPE a [',
  '<!DOCTYPE a []] >',
  '<!DOCTYPE a [] []>',
  '<!DOCTYPE a><b/>',
  '<!DOCTYPE a [\u0001]>',
  '<!DOCTYPE a [<!--\ud800-->]>',
])('refuses %s', (text) => {
  expect(objection(text)).toBeDefined()
})

test('says where the mistake is', () => {
  expect(objection('<!DOCTYPE a [\r\n<!ELEMENT b ANYTHING>]>')).toEqual({
    message: 'an element declaration needs ">" here, not "T"',
    offset: 30,
  })
  const inEntity = '<!DOCTYPE a [<!ENTITY % p "<!ELEMENT b"> %p;]>'
  expect(objection(inEntity)?.offset).toBe(inEntity.indexOf('%p;'))
  const inValue = '<!DOCTYPE a [<!ENTITY e "\r\n\r\n&x">]>'
  expect(objection(inValue)?.offset).toBe(inValue.indexOf('&x'))
})

test('keeps the replacement text of entities as the specification builds it', () => {
  // The examples of XML 1.0, 4.4.8 and appendix D.
  const doctype = parse(`
    <!ENTITY d "&#xD;"><!ENTITY a "&#xA;"><!ENTITY da "&#xD;&#xA;">
    <!ENTITY example "<p>An ampersand (&#38;#38;) may be escaped numerically (&#38;#38;#38;) or with a general entity (&amp;amp;).</p>">
    <!ENTITY bypassed '&later;&#60;'>
    <!ENTITY lines "one\r\ntwo\rthree">`)
  expect(entity(doctype, 'd')).toBe('\r')
  expect(entity(doctype, 'da')).toBe('\r\n')
  expect(entity(doctype, 'example')).toBe(
    '<p>An ampersand (&#38;) may be escaped numerically (&#38;#38;) or with a general entity (&amp;amp;).</p>',
  )
  expect(entity(doctype, 'bypassed')).toBe('&later;<')
  expect(entity(doctype, 'lines')).toBe('one\ntwo\nthree')
})

test('tells external and unparsed entities from internal ones', () => {
  const doctype = parse(`<!NOTATION n PUBLIC "x"><!ENTITY e SYSTEM "e.xml"><!ENTITY f PUBLIC "p" 'f.xml'
    ><!ENTITY g SYSTEM "g.gif" NDATA n>`)
  expect([...doctype.generalEntities]).toEqual([
    ['e', { kind: 'external' }],
    ['f', { kind: 'external' }],
    ['g', { kind: 'unparsed', notation: 'n' }],
  ])
})

test('binds the first of several declarations', () => {
  const doctype = parse(`<!ENTITY e "1"><!ENTITY e SYSTEM "2"><!ENTITY % e "3">
    <!ATTLIST a x CDATA "1" x CDATA "2"><!ATTLIST a x NMTOKEN "3" y CDATA "4">`)
  expect(entity(doctype, 'e')).toBe('1')
  expect(attribute(doctype, 'x')).toEqual({ normalised: false, default: '1' })
  expect(attribute(doctype, 'y')).toEqual({ normalised: false, default: '4' })
})

test('leaves the five predefined entities what they are', () => {
  const doctype = parse('<!ENTITY lt "&#38;#60;"><!ENTITY amp "wrong"><!ATTLIST a x CDATA "&lt;&amp;">')
  expect(doctype.generalEntities.size).toBe(0)
  expect(attribute(doctype, 'x')?.default).toBe('<&')
})

test('normalises default values for their type', () => {
  const doctype = parse(`<!ENTITY s " \t&#9;x"><!ENTITY o "[&s;]">
    <!ATTLIST a c CDATA "  1\r\n2\t&#9;&#32;&o; " t NMTOKENS '  1\r\n 2 &#32; &s; ' e (yes|no) #FIXED "  yes " r ID #REQUIRED i CDATA #IMPLIED>`)
  // A character reference to a tab stays one in the value itself, but not in an entity's text (3.3.3).
  expect(attribute(doctype, 'c')).toEqual({ normalised: false, default: '  1 2 \t [  \u0020x] ' })
  expect(attribute(doctype, 't')).toEqual({ normalised: true, default: '1 2 x' })
  expect(attribute(doctype, 'e')).toEqual({ normalised: true, default: 'yes' })
  expect(attribute(doctype, 'r')).toEqual({ normalised: true })
  expect(attribute(doctype, 'i')).toEqual({ normalised: false })
})

test.each([
  ['"<" in the value', '<!ATTLIST a x CDATA "<">'],
  ['"<" in an entity', '<!ENTITY e "<"><!ATTLIST a x CDATA "&e;">'],
  ['"<" in an entity within', '<!ENTITY e "&#60;"><!ENTITY f "&e;"><!ATTLIST a x CDATA "&f;">'],
  ['external', '<!ENTITY e SYSTEM "e"><!ATTLIST a x CDATA "&e;">'],
  ['unparsed', '<!ENTITY e SYSTEM "e" NDATA n><!ATTLIST a x CDATA "&e;">'],
  ['undeclared', '<!ATTLIST a x CDATA "&e;">'],
  ['declared too late', '<!ATTLIST a x CDATA "&e;"><!ENTITY e "x">'],
  ['recursive', '<!ENTITY e "&f;"><!ENTITY f "&e;"><!ATTLIST a x CDATA "&e;">'],
  ['bare "&"', '<!ATTLIST a x CDATA "a & b">'],
])('refuses a default value with a wrong reference: %s', (_, subset) => {
  expect(subsetObjection(subset)).toBeDefined()
})

test('allows "<" in a default value through a double escape', () => {
  expect(attribute(parse('<!ENTITY e "&#38;#60;"><!ATTLIST a x CDATA "&e;&#60;">'), 'x')?.default).toBe('<<')
})

test('keeps an undeclared entity in a default value where something unread may declare it', () => {
  const subset = '<!ATTLIST a x CDATA "[&e;]">'
  expect(attribute(parse(`${subset}%p;`), 'x')?.default).toBe('[&e;]')
  const external = `<!DOCTYPE a SYSTEM "x" [${subset}]>`
  expect(attribute(parseDoctype(external), 'x')?.default).toBe('[&e;]')
  expect(objection(external, { standalone: true })).toBeDefined()
})

test('reads declarations out of parameter entities', () => {
  // XML 1.0, appendix D.
  const doctype = parse(`<!ELEMENT test (#PCDATA) >
    <!ENTITY % xx '&#37;zz;'><!ENTITY % zz '&#60;!ENTITY tricky "error-prone" >' >%xx;`)
  expect(entity(doctype, 'tricky')).toBe('error-prone')
  expect(doctype.hasParameterReference).toBe(true)
  expect(parse('<!ENTITY % p "">').hasParameterReference).toBe(false)
})

test('stops processing declarations behind an unread parameter entity, unless standalone', () => {
  const subset = '<!ENTITY % p SYSTEM "p"><!ENTITY e "1">%p;<!ENTITY f "2"><!ATTLIST a x CDATA "3">'
  const doctype = parse(subset)
  expect([...doctype.generalEntities.keys()]).toEqual(['e'])
  expect(doctype.attributes.size).toBe(0)
  const standalone = parse(subset, { standalone: true })
  expect([...standalone.generalEntities.keys()]).toEqual(['e', 'f'])
  expect(attribute(standalone, 'x')?.default).toBe('3')
})

test('goes on checking declarations that it does not process', () => {
  expect(subsetObjection('%p;<!ENTITY f>')).toBeDefined()
  expect(subsetObjection('%p;<!ATTLIST a x CDATA "<">')).toBeDefined()
})

test.each([
  ['in a declaration', '<!ENTITY % p "ANY"><!ELEMENT a %p;>', /cannot stand inside a declaration/],
  ['in an entity value', '<!ENTITY % p "ANY"><!ENTITY e "%p;">', /cannot stand inside a declaration/],
  ['in an entity value within an entity', `<!ENTITY % t "x"><!ENTITY % p "<!ENTITY e '&#37;t;'>">%p;`, /cannot stand/],
  ['half a declaration', '<!ENTITY % p "<!ELEMENT a ">%p; ANY>', /contentspec|declaration/],
  ['not a declaration', '<!ENTITY % p "text">%p;', /a declaration is expected/],
  ['the end of the subset', '<!ENTITY % p "]">%p;', /a declaration is expected/],
  ['itself', '<!ENTITY % p "&#37;p;">%p;', /contains itself/],
  ['without semicolon', '%p ', /";"/],
  ['undeclared and standalone', '%p;', /not declared/],
])('refuses a parameter entity: %s', (_, subset, message) => {
  expect(subsetObjection(subset, { standalone: true })).toMatch(message)
})

test.each([
  '<!ELEMENT a EMPTY>',
  '<!ELEMENT a ANY\n>',
  '<!ELEMENT a (#PCDATA)>',
  '<!ELEMENT a (#PCDATA)*>',
  '<!ELEMENT a ( #PCDATA | b| c )*>',
  '<!ELEMENT a (b)>',
  '<!ELEMENT a ((b))>',
  '<!ELEMENT a (b?,(c|d+)*,(e)+)?>',
  '<!ELEMENT a:b (c:d)>',
  '<!ATTLIST a>',
  '<!ATTLIST a >',
  '<!ATTLIST a x NOTATION (n|m ) #IMPLIED y ( 1| -b) "1">',
  '<!NOTATION n SYSTEM "x">',
  '<!NOTATION n PUBLIC "x" >',
  '<!NOTATION n PUBLIC "x" \'y\'>',
  '<!ENTITY e "">',
  "<!ENTITY e '\"'>",
  '<!ENTITY % e PUBLIC "x" "y" >',
  '<!ENTITY e "&e;">',
  '<!-- a -->  <?p?><?p  x?>\n',
])('accepts %s', (declaration) => {
  expect(subsetObjection(declaration)).toBeUndefined()
})

test.each([
  '<!ELEMENT a>',
  '<!ELEMENT a ()>',
  '<!ELEMENT a b>',
  '<!ELEMENT a(b)>',
  '<!ELEMENT a (b c)>',
  '<!ELEMENT a (b,c|d)>',
  '<!ELEMENT a (b|(c,d),e)>',
  '<!ELEMENT a (b *)>',
  '<!ELEMENT a (b) *>',
  '<!ELEMENT a (b,)>',
  '<!ELEMENT a (b>',
  '<!ELEMENT a (b))>',
  '<!ELEMENT a (b)**>',
  '<!ELEMENT a (#PCDATA|b)>',
  '<!ELEMENT a (b|#PCDATA)*>',
  '<!ELEMENT a (#PCDATA,b)*>',
  '<!ELEMENT a (#PCDATA)+>',
  '<!ELEMENT a empty>',
  '<!ELEMENT a EMPTYx>',
  '<!ATTLIST>',
  '<!ATTLIST a x>',
  '<!ATTLIST a x CDATA>',
  '<!ATTLIST a x CDATA"y">',
  '<!ATTLIST a x CDATA "y"z CDATA "y">',
  '<!ATTLIST a x IDREFX "y">',
  '<!ATTLIST a x NOTATION(n) "n">',
  '<!ATTLIST a x NOTATION (1) "n">',
  '<!ATTLIST a x () "n">',
  '<!ATTLIST a x (b|) "n">',
  '<!ATTLIST a x (b,c) "n">',
  '<!ATTLIST a x CDATA #FIXED>',
  '<!ATTLIST a x CDATA #FIXED"y">',
  '<!ATTLIST a x CDATA #DEFAULT "y">',
  '<!ENTITY>',
  '<!ENTITY e>',
  '<!ENTITY e"v">',
  '<!ENTITY %e "v">',
  '<!ENTITY % % "v">',
  '<!ENTITY e "v" NDATA n>',
  '<!ENTITY e SYSTEM "v"NDATA n>',
  '<!ENTITY e SYSTEM "v" NDATA>',
  '<!ENTITY % e SYSTEM "v" NDATA n>',
  '<!ENTITY e "v\'>',
  '<!ENTITY e "&">',
  '<!ENTITY e "&x">',
  '<!ENTITY e "& x;">',
  '<!ENTITY e "100%">',
  '<!ENTITY e "&#;">',
  '<!ENTITY e "&#x;">',
  '<!ENTITY e "&#X41;">',
  '<!ENTITY e "&#0;">',
  '<!ENTITY e "&#xD800;">',
  '<!ENTITY e "&#xFFFE;">',
  '<!ENTITY e "&#x110000;">',
  '<!ENTITY e "&#99999999999999999999;">',
  '<!NOTATION n>',
  '<!NOTATION n "x">',
  '<!NOTATION n PUBLIC "x""y">',
  '<!NOTATION n SYSTEM>',
  '<![INCLUDE[ ]]>',
  '<![IGNORE[ ]]>',
  '<!-- -- -->',
  '<!-- --->',
  '<!-->',
  '<?xml version="1.0"?>',
  '<?XmL x?>',
  '<? p?>',
  '<?p/x?>',
  '<?p x>',
  '<!element a ANY>',
  'text',
  '&lt;',
  '<a/>',
])('refuses %s', (declaration) => {
  expect(subsetObjection(declaration)).toBeDefined()
})

test.each([
  ['·a', false],
  ['a·', true],
  ['×', false],
  ['é', true],
  ['\u037e', false],
  ['a\u0300', true],
  ['\u0300', false],
  ['\u3001', true],
  ['\u3000', false],
  ['\u{10000}', true],
  ['\u{effff}', true],
  ['\u{f0000}', false],
  ['-a', false],
  [':', true],
])('knows whether %s is a name', (name, isName) => {
  expect(subsetObjection(`<!ELEMENT ${name} ANY>`) === undefined).toBe(isName)
})

test('reports what namespaces forbid without refusing it', () => {
  expect(parse('<!ENTITY a:b "x"><?p:q?><!NOTATION n:m SYSTEM "x">').namespaceErrors).toHaveLength(3)
  expect(parse('<!ELEMENT a:b:c ANY><!ATTLIST x :y CDATA #IMPLIED>').namespaceErrors).toHaveLength(2)
  expect(parse('<!ELEMENT a:b (c)><!ATTLIST a:b xml:lang CDATA #IMPLIED>').namespaceErrors).toEqual([])
})

test('bounds what entities expand to', () => {
  const laughs = (levels: number) =>
    `<!ENTITY e0 "ha ha ha ha">${Array.from({ length: levels }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')}<!ATTLIST a x CDATA "&e${levels};">`
  expect(attribute(parse(laughs(3)), 'x')?.default).toHaveLength(11_000)
  expect(subsetObjection(laughs(12))).toMatch(/expand to more than 100 times/)
  const chain = (length: number) =>
    `<!ENTITY e0 "x">${Array.from({ length }, (_, i) => `<!ENTITY e${i + 1} "&e${i};">`).join('')}<!ATTLIST a x CDATA "&e${length};">`
  expect(attribute(parse(chain(39)), 'x')?.default).toBe('x')
  expect(subsetObjection(chain(40))).toMatch(/more than 40 deep/)
})

test('bounds what parameter entities expand to', () => {
  const comment = `<!--${'x'.repeat(1000)}-->`
  const references = (count: number) => `<!ENTITY % p "${comment}">${'%p;'.repeat(count)}`
  expect(subsetObjection(references(1000))).toBeUndefined()
  const nested = `<!ENTITY % p0 "${comment}">${Array.from({ length: 6 }, (_, i) => `<!ENTITY % p${i + 1} "${`&#37;p${i};`.repeat(10)}">`).join('')}%p6;`
  expect(subsetObjection(nested)).toMatch(/expand to more than/)
})

test('takes time in proportion to the length, whatever the nesting', () => {
  const deep = `<!ELEMENT a ${'('.repeat(500_000)}b${')'.repeat(500_000)}>`
  expect(subsetObjection(deep)).toBeUndefined()
  expect(subsetObjection(`<!ELEMENT ${'é'.repeat(2_000_000)} ANY>`)).toBeUndefined()
  expect(subsetObjection(`<!ENTITY e "${'&#65;'.repeat(500_000)}">`)).toBeUndefined()
})
