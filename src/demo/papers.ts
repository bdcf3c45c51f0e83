/** Papers that look like those of a real bibliography: names in several scripts, references, CDATA, single and repeated children. */
import { createRandom, integerBetween, oneOf, type Random } from './random.ts'

// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const FIRST_NAMES = [
  'Ada', 'Björn', 'Chiara', 'Đorđe', 'Élodie', 'Fatima', 'Grzegorz', 'Hanna', 'Ifeoma', 'Jiří', 'Kenji', 'Léa',
  'María José', 'Nikos', 'Ólafur', 'Priya', 'Quang', 'Rosa', 'Søren', 'Tomáš', 'Ümit', 'Vera', 'Wei', 'Yael',
  '明',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const LAST_NAMES = [
  'Abadi', 'Brown', 'Castro-Ruiz', 'Dvořák', 'Eriksson', 'Fischer', 'García Márquez', 'Hüttner', 'Ivanova',
  'Jónsdóttir', 'Kowalczyk', 'Lindqvist', 'Müller', 'Nguyễn', 'O&apos;Brien', 'Papadopoulos', 'Quispe', 'Rossi',
  'Şahin', 'Tanaka', 'Úlfarsson', 'van den Berg', 'Wang', 'Yılmaz', 'Žižka', '小林', 'Smith &amp; Sons',
  'Bj&#246;rk',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const TOPICS = [
  'Dependency Parsing', 'Machine Translation', 'Word Alignment', 'Question Answering', 'Speech Recognition',
  'Named Entities', 'Discourse Structure', 'Semantic Roles', 'Morphological Analysis', 'Text Summarisation',
  'Coreference', 'Sentiment', 'Information Extraction', 'Lexical Acquisition', 'Dialogue Systems',
  'Grammar Induction',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const MANNERS = [
  'A Statistical Approach to', 'Towards Robust', 'Unsupervised', 'On the Limits of', 'Fast &amp; Simple',
  'Revisiting', 'Scaling', 'An Empirical Study of', 'Multilingual', 'Weakly Supervised',
  'What Do We Know About', 'Efficient',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const ENDINGS = [
  '', '', ' for Low-Resource Languages', ' &#x2014; A Survey', ': the Case of Icelandic',
  ' with n &lt; 100 Examples', ' “in the Wild”', ' in Τhessaloniki', ' (日本語)', ' at &#8364;0 Cost',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const WORDS = [
  'the', 'model', 'of', 'we', 'corpus', 'a', 'results', 'show', 'that', 'words', 'and', 'training', 'to', 'in',
  'data', 'improves', 'over', 'baseline', 'by', 'points', 'sentences', 'annotated', 'with', 'features', 'from',
  'parsed', 'naïve', 'context', 'for', 'each', 'language', 'this', 'paper', 'presents', 'method', 'is',
  'evaluated', 'on', 'newspaper', 'text', 'AT&amp;T', 'p &lt; 0.01', 'accuracy', 'F₁', 'large', 'unseen',
  'distribution', 'which', 'outperforms', 'Zürich',
] as const
const KEYWORDS = ['parsing', 'corpora', 'evaluation', 'semantics', 'speech', 'R&amp;D', 'été', '翻訳'] as const

/** Where a paper's number stands between `PAPER_START` and the text of the pool. */
export const PAPER_START = '  <paper id="'

/** Different papers, each from the quote after its number to its end, as UTF-8. */
export function createPapers(seed: number, count: number): [Buffer, ...Buffer[]] {
  const random = createRandom(seed)
  const next = (): Buffer => Buffer.from(paper(random))
  return [next(), ...Array.from({ length: count - 1 }, next)]
}

/** A paper that closes another tag than it opened. */
export const MISMATCHED_PAPER = Buffer.from('">\n    <title>Towards Robust Parsing</titel>\n  </paper>\n')

/** A paper with a reference to an entity that nothing declares. */
export const UNDEFINED_ENTITY_PAPER = Buffer.from('">\n    <title>Parsing &undeclared; Entities</title>\n  </paper>\n')

function paper(random: Random): string {
  const year = integerBetween(random, 1979, 2026)
  const firstPage = integerBetween(random, 1, 900)
  const lines = [
    `" type="${oneOf(random, ['long', 'short', 'demo'])}"${random() < 0.2 ? ' award="best paper &quot;runner-up&quot;"' : ''}>`,
    `    <title>${oneOf(random, MANNERS)} ${oneOf(random, TOPICS)}${oneOf(random, ENDINGS)}</title>`,
  ]
  for (let left = integerBetween(random, 1, 5); left > 0; left--) lines.push(author(random))
  lines.push(
    `    <year>${year}</year>`,
    `    <pages from="${firstPage}" to="${firstPage + integerBetween(random, 1, 20)}"/>`,
  )
  if (random() < 0.3) lines.push(`    <editor>${oneOf(random, LAST_NAMES)}, ${oneOf(random, FIRST_NAMES)}</editor>`)
  if (random() < 0.8) lines.push(`    <abstract>${abstract(random)}</abstract>`)
  for (let left = integerBetween(random, 0, 3); left > 0; left--) {
    lines.push(`    <keyword>${oneOf(random, KEYWORDS)}</keyword>`)
  }
  if (random() < 0.1) lines.push('    <!-- checked against the printed volume -->')
  lines.push(
    `    <doi>10.5555/${year}.${String(integerBetween(random, 0, 99_999)).padStart(5, '0')}</doi>`,
    '  </paper>',
    '',
  )
  return lines.join('\n')
}

function author(random: Random): string {
  const orcid =
    random() < 0.25 ? ` orcid="0000-000${integerBetween(random, 1, 3)}-${integerBetween(random, 1000, 9999)}"` : ''
  const affiliation = random() < 0.3 ? '<affiliation country="is">Háskóli Íslands</affiliation>' : ''
  return `    <author${orcid}><first>${oneOf(random, FIRST_NAMES)}</first><last>${oneOf(random, LAST_NAMES)}</last>${affiliation}</author>`
}

function abstract(random: Random): string {
  const words = Array.from({ length: integerBetween(random, 30, 180) }, () => oneOf(random, WORDS))
  const text = `${words.join(' ')}.`
  return random() < 0.2 ? `${text} <![CDATA[See <http://example.org/?a=1&b=2> for code.]]>` : text
}
