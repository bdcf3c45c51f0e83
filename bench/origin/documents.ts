/**
 * The documents of the benchmark: the same ones for the same seed, in three kinds that stress a parser differently. Every document is
 * `<volume>` of `<record>` elements, so that one `--record` fits them all.
 */
import { createRandom, integerBetween, oneOf, type Random } from './random.ts'

/** `data`: many attributes and short values. `records`: a bibliography. `text`: prose with markup in it, a third of it not ASCII. */
export type Kind = 'data' | 'records' | 'text'

export const KINDS: readonly Kind[] = ['data', 'records', 'text']

const MIN_BYTES = 2 << 10
const MAX_BYTES = 5 << 20
/** Sizes are MIN * (MAX / MIN)^(u^SKEW) for u evenly spread from 0 to 1: many small documents, and most bytes in large ones. */
const SKEW = 2.2

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<volume id="V1">\n'
const FOOT = '</volume>\n'

/** Different records made for each kind; documents are put together from them. */
const POOL = 400

// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const NAMES = [
  'Ada', 'Björn', 'Chiara', 'Đorđe', 'Élodie', 'Fatima', 'Grzegorz', 'Hanna', 'Ifeoma', 'Jiří', 'Kenji', 'Léa', 'Müller',
  'Nguyễn', 'O&apos;Brien', 'Papadopoulos', 'Rossi', 'Smith &amp; Sons', 'Tanaka', 'Wang', 'Žižka', '小林',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const WORDS = [
  'the', 'model', 'of', 'we', 'corpus', 'a', 'results', 'show', 'that', 'words', 'and', 'training', 'to', 'in', 'data',
  'improves', 'over', 'baseline', 'by', 'points', 'sentences', 'annotated', 'with', 'features', 'from', 'parsed', 'context',
  'for', 'each', 'language', 'this', 'paper', 'presents', 'method', 'is', 'evaluated', 'on', 'newspaper', 'text', 'accuracy',
  'large', 'unseen', 'distribution', 'which', 'outperforms',
] as const
// biome-ignore format: the formatter would give each word or row of this list a line or more of its own
const FOREIGN = [
  'μῆνιν', 'ἄειδε', 'θεὰ', 'Πηληϊάδεω', 'Ἀχιλῆος', 'οὐλομένην', 'ἣ', 'μυρί’', 'Ἀχαιοῖς', 'ἄλγε’', 'ἔθηκε', 'naïve', 'Zürich',
  '記録', 'été', '—',
] as const

const makers: Record<Kind, (random: Random, index: number) => string> = {
  data: dataRecord,
  records: bibliographicRecord,
  text: textRecord,
}

/** Documents of all kinds in turn, `totalBytes` of them together. */
export function mixedDocuments(seed: number, totalBytes: number): Buffer[] {
  const random = createRandom(seed)
  const pools = KINDS.map((kind) => recordPool(kind, seed))
  const documents: Buffer[] = []
  let left = totalBytes
  while (left > 0) {
    const target = Math.min(left, Math.round(MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** (random() ** SKEW)))
    const pool = pools[documents.length % pools.length]
    if (pool === undefined) break
    const document = documentOf(pool, target, random)
    documents.push(document)
    left -= document.length
  }
  return documents
}

/** `count` documents of one kind, of `bytes` each or a little more. */
export function equalDocuments(kind: Kind, seed: number, count: number, bytes: number): Buffer[] {
  const random = createRandom(seed)
  const pool = recordPool(kind, seed)
  return Array.from({ length: count }, () => documentOf(pool, bytes, random))
}

/** A document of nearly any length: its beginning, the block that is repeated, its end. */
export interface EndlessDocument {
  readonly head: Buffer
  readonly block: Buffer
  readonly foot: Buffer
}

export function endlessDocument(seed: number): EndlessDocument {
  return {
    head: Buffer.from(HEAD),
    block: Buffer.concat(KINDS.flatMap((kind) => recordPool(kind, seed))),
    foot: Buffer.from(FOOT),
  }
}

function recordPool(kind: Kind, seed: number): readonly Buffer[] {
  const random = createRandom(seed + KINDS.indexOf(kind))
  return Array.from({ length: POOL }, (_, index) => Buffer.from(makers[kind](random, index)))
}

function documentOf(pool: readonly Buffer[], target: number, random: Random): Buffer {
  const parts: Buffer[] = [Buffer.from(HEAD)]
  let bytes = HEAD.length + FOOT.length
  while (bytes < target) {
    const record = pool[Math.floor(random() * pool.length)]
    if (record === undefined) break
    parts.push(record)
    bytes += record.length
  }
  parts.push(Buffer.from(FOOT))
  return Buffer.concat(parts)
}

function dataRecord(random: Random, index: number): string {
  const reading = () => `    <v k="s${integerBetween(random, 1, 40)}" u="mm">${(random() * 100).toFixed(2)}</v>\n`
  const readings = Array.from({ length: integerBetween(random, 2, 6) }, reading).join('')
  const day = String(integerBetween(random, 1, 28)).padStart(2, '0')
  return (
    `  <record id="${index}" at="2026-03-${day}T12:00:00Z" lat="${(random() * 90).toFixed(5)}" ` +
    `lon="${(random() * 180).toFixed(5)}" ok="${random() < 0.9}" station="S-${integerBetween(random, 100, 999)}">\n` +
    `${readings}    <flags/>\n  </record>\n`
  )
}

function bibliographicRecord(random: Random, index: number): string {
  const author = () =>
    `    <author><first>${oneOf(random, NAMES)}</first><last>${oneOf(random, NAMES)}</last></author>\n`
  const authors = Array.from({ length: integerBetween(random, 1, 5) }, author).join('')
  const year = integerBetween(random, 1979, 2026)
  const abstract = random() < 0.7 ? `    <abstract>${words(random, integerBetween(random, 30, 150))}.</abstract>\n` : ''
  return (
    `  <record id="P${index}" type="${oneOf(random, ['long', 'short', 'demo'])}">\n` +
    `    <title>${words(random, integerBetween(random, 4, 12))}</title>\n${authors}    <year>${year}</year>\n` +
    `    <pages from="${index}" to="${index + 9}"/>\n${abstract}    <doi>10.5555/${year}.${index}</doi>\n  </record>\n`
  )
}

function textRecord(random: Random, index: number): string {
  const paragraph = () =>
    `    <p>${words(random, integerBetween(random, 20, 60))} <hi rend="it">${oneOf(random, FOREIGN)}</hi>, ` +
    `${foreignWords(random, integerBetween(random, 10, 30))} &amp; ${words(random, integerBetween(random, 20, 60))}.</p>\n`
  const paragraphs = Array.from({ length: integerBetween(random, 2, 6) }, paragraph).join('')
  return `  <record n="${index}">\n    <head>${words(random, 5)}</head>\n${paragraphs}  </record>\n`
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => oneOf(random, WORDS)).join(' ')
}

function foreignWords(random: Random, count: number): string {
  return Array.from({ length: count }, () => oneOf(random, FOREIGN)).join(' ')
}
