/** Random DOCTYPE declarations with an internal subset, and the references that content may make to what they declare. */
import { chance, pick, type Random } from './seeded-random.ts'

export interface Subset {
  /** The whole `<!DOCTYPE … >`. */
  readonly text: string
  /** Names of attributes that are declared for the root. */
  readonly attributes: readonly [string, ...string[]]
  /** References that are right in content. */
  readonly contentReferences: readonly [string, ...string[]]
  /** References that are right in attribute values. */
  readonly valueReferences: readonly [string, ...string[]]
}

/** A declaration and the references that it makes possible. */
interface Declaration {
  readonly text: string
  readonly content?: string
  readonly value?: string
}

const ENTITIES: readonly Declaration[] = [
  { text: '<!ENTITY short "text">', content: '&short;', value: '&short;' },
  { text: "<!ENTITY empty ''>", content: '&empty;', value: '&empty;' },
  { text: '<!ENTITY markup "<b>bold</b> and <i a=\'1\'/>">', content: '&markup;' },
  { text: '<!ENTITY cdata "<![CDATA[<]]>x<!--c--><?p i?>">', content: '&cdata;' },
  { text: '<!ENTITY amp-twice "&#38;#38;">', content: '&amp-twice;', value: '&amp-twice;' },
  { text: '<!ENTITY less "&#38;#60;">', content: '&less;', value: '&less;' },
  { text: "<!ENTITY quotes '\"&#39;&apos;'>", content: '&quotes;', value: '&quotes;' },
  { text: '<!ENTITY inner "in"><!ENTITY outer "[&inner;|&inner;]">', content: '&outer;', value: '&outer;' },
  { text: '<!ENTITY later "&after;"><!ENTITY after "y">', content: '&later;', value: '&later;' },
  { text: '<!ENTITY lines " \n\t&#10;&#13; ">', content: '&lines;', value: '&lines;' },
  { text: '<!ENTITY signs "é😀&#x1F600;">', content: '&signs;', value: '&signs;' },
  { text: '<!ENTITY twice "first"><!ENTITY twice "second">', content: '&twice;', value: '&twice;' },
  { text: '<!ENTITY lt "&#38;#60;"><!ENTITY gt ">">', content: '&lt;&gt;', value: '&lt;' },
  { text: '<!ENTITY outside SYSTEM "nowhere.ent">', content: '&outside;' },
  { text: '<!ENTITY public PUBLIC \'-//X//Y\' "nowhere.ent">', content: '&public;' },
]

const OTHERS = [
  '<!ELEMENT a (#PCDATA)>',
  '<!ELEMENT b EMPTY>',
  '<!ELEMENT c ANY>',
  '<!ELEMENT d (a, (b | c)*, e?)+>',
  '<!ELEMENT e ( #PCDATA | a |\n b )*>',
  '<!NOTATION gif SYSTEM "viewer">',
  "<!NOTATION png PUBLIC 'a public id'>",
  '<!NOTATION n1 SYSTEM "x"><!ENTITY picture SYSTEM "p.gif" NDATA n1>',
  '<!ENTITY % pe "<!ELEMENT f (g)>"> %pe;',
  "<!ENTITY % none ''> %none;",
  '<!ENTITY % unread SYSTEM "nowhere.ent"> %unread;',
  '<!ENTITY % part "p&#37;q"><!ENTITY whole "x">',
  '<!-- a comment -->',
  '<?pi in the subset?>',
  '<!ATTLIST other kind NOTATION (n1 | n2) "n1">',
  '<!ATTLIST a id ID #IMPLIED ref IDREF #IMPLIED>',
  '<!ATTLIST b>',
] as const

/** Declarations for the root: defaults, and types whose values are normalised further. */
const ATTRIBUTE_LISTS = [
  'tok NMTOKENS #IMPLIED',
  'tok NMTOKENS "  x   y "',
  "opt (yes|no) 'no'",
  'opt ( yes | no ) #REQUIRED',
  'fix CDATA #FIXED "f &lt; &#65;"',
  'dflt CDATA " a  b\n"',
] as const

export function randomSubset(random: Random, root: string): Subset {
  const chosen = ENTITIES.filter(() => chance(random, 0.25))
  const declarations = chosen.map((entity) => entity.text)
  for (const other of OTHERS) if (chance(random, 0.15)) declarations.push(other)
  for (const list of ATTRIBUTE_LISTS) if (chance(random, 0.15)) declarations.push(`<!ATTLIST ${root} ${list}>`)
  // Reverse or not: what is declared first need not be used first.
  if (chance(random, 0.3)) declarations.reverse()
  const space = pick(random, ['', ' ', '\n', '\r\n'])
  const body = declarations.join(space)
  const external = pick(random, ['', '', '', ' SYSTEM "nowhere.dtd"', " PUBLIC '-//X//Y' 'nowhere.dtd'"])
  const text = `<!DOCTYPE ${root}${external}${body === '' && external !== '' ? '' : ` [${space}${body}${space}]`}${space}>`
  // What is not read may declare anything: then a reference to the unknown is right too.
  const unknown = external === '' && !body.includes('%unread;') ? [] : ['&unknown;']
  return {
    text,
    attributes: ['tok', 'opt', 'dflt'],
    contentReferences: ['&amp;', ...chosen.flatMap((entity) => entity.content ?? []), ...unknown],
    valueReferences: ['&amp;', ...chosen.flatMap((entity) => entity.value ?? []), ...unknown],
  }
}
