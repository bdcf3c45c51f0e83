/** Accept or refuse, and what the content is: xmlmill against libxml2, on random documents and damaged copies of them. */

import type { Parser } from '../../workers/xml/parser.ts'
import { libxml2Content, libxml2Objection } from '../support/libxml2-judge.ts'
import { jsonDifference, orderedDifference, recordsDifference } from '../support/milled-content.ts'
import { between, chance, type Random, seededRandom } from '../support/seeded-random.ts'
import { comparisonFor } from '../support/xml-content.ts'
import { randomDocument } from '../support/xml-documents.ts'
import { decodeBytes, type Milled, millBytes } from '../support/xml-milling.ts'
import { mutate } from '../support/xml-mutations.ts'
import { reduceBytes } from '../support/xml-reduction.ts'
import { explanation, type Judgements, withoutUnreadReferences } from './disagreements.ts'

export interface Finding {
  readonly seed: number
  readonly mutations: readonly string[]
  /** The smallest document found on which both still disagree without an explanation. */
  readonly document: string
  /** Where it was cut into chunks. */
  readonly cuts: readonly number[]
  readonly xmlmill: string
  readonly libxml2: string
  /** Where both accept the document, but not with the same content. */
  readonly difference: string | undefined
}

export interface OracleReport {
  readonly trials: number
  readonly accepted: number
  readonly refused: number
  /** By kind of disagreement. */
  readonly explained: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/** The product's parser as it is by default, and as it might do otherwise while reading the same document. */
export interface Parsers {
  readonly json: Parser
  readonly ordered: Parser
  /** The json shape for records of `RECORD_NAMES`. */
  readonly records: Parser
}

/** Frequent names of random documents (xml-documents.ts), so that records stand at any depth, and in one another. */
export const RECORD_NAMES = ['item', 'title', 'a'] as const

/** The kind of disagreement that a document, in one piece, shows; undefined where both agree or nothing explains it. */
export function explainedDisagreement(parsers: Parsers, bytes: Uint8Array): string | undefined {
  return compare(parsers, bytes, () => []).explanation
}

/** Damaged documents made from one generated document: generating and judging cost about the same. */
const MUTATIONS_PER_DOCUMENT = 4

/**
 * Judges `count` documents for seeds from `firstSeed` up. Every tenth or so is left undamaged.
 * `maxFindings`: reducing a finding costs hundreds of judgements.
 */
export function consultOracle(parsers: Parsers, firstSeed: number, count: number, maxFindings = 20): OracleReport {
  const explained: Record<string, number> = {}
  const findings: Finding[] = []
  let accepted = 0
  for (let trial = 0; trial < count; trial++) {
    const seed = firstSeed + trial
    const { bytes, mutations } = damagedDocument(seed)
    const verdict = compare(parsers, bytes, randomCuts(seed))
    if (verdict.refusal === undefined) accepted++
    if (verdict.agree) continue
    if (verdict.explanation !== undefined) explained[verdict.explanation] = (explained[verdict.explanation] ?? 0) + 1
    else if (findings.length < maxFindings) findings.push(reduceFinding(parsers, seed, bytes, mutations))
  }
  return { trials: count, accepted, refused: count - accepted, explained, findings }
}

function damagedDocument(seed: number): { bytes: Uint8Array; mutations: readonly string[] } {
  const document = randomDocument(seededRandom(Math.floor(seed / MUTATIONS_PER_DOCUMENT)))
  const random = seededRandom(seed ^ 0x5bd1e995)
  const source = encoded(document, random)
  return chance(random, 0.1) ? { bytes: source, mutations: [] } : mutate(source, random)
}

/** Mostly UTF-8 without a mark; the declaration, if there is one, says UTF-8. */
function encoded(document: string, random: Random): Buffer {
  if (chance(random, 0.9)) return Buffer.from(document)
  if (chance(random, 0.3)) return Buffer.from(`\ufeff${document}`)
  if (chance(random, 0.3)) return Buffer.from(withEncoding(document, 'ISO-8859-1'), 'latin1')
  const utf16 = Buffer.from(`\ufeff${withEncoding(document, 'UTF-16')}`, 'utf16le')
  return chance(random, 0.5) ? utf16 : utf16.swap16()
}

function withEncoding(document: string, encoding: string): string {
  const rest = document.replace(/^<\?xml.*?\?>/, '')
  return `<?xml version="1.0" encoding="${encoding}"?>${encoding === 'UTF-16' ? rest : rest.replace(/[^\0-\xff]/gu, 'x')}`
}

/** Where a document of this length is cut into chunks. */
type Cuts = (length: number) => number[]

/** Chunks as a download might deliver them: one, or many down to single bytes. */
function randomCuts(seed: number): Cuts {
  return (length) => {
    const random = seededRandom(seed ^ 0x2545f491)
    const cuts: number[] = []
    const most = chance(random, 0.3) ? length : chance(random, 0.5) ? 3 : 64
    for (let at = between(random, 1, most); at < length; at += between(random, 1, most)) cuts.push(at)
    return cuts
  }
}

interface Comparison extends Judgements {
  readonly agree: boolean
  readonly explanation: string | undefined
  /** What xmlmill threw that is no verdict on the document: a trap, or output that is no JSON. */
  readonly fault: string | undefined
  readonly cuts: readonly number[]
}

function compare(parsers: Parsers, bytes: Uint8Array, cuts: Cuts): Comparison {
  try {
    return compareVerdicts(parsers, bytes, cuts)
  } catch (error) {
    const fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const nothing = { refusal: undefined, objection: undefined, explanation: undefined }
    return { agree: false, fault, cuts: cuts(bytes.length), ...nothing }
  }
}

function compareVerdicts(parsers: Parsers, bytes: Uint8Array, cuts: Cuts): Comparison {
  const places = cuts(bytes.length)
  const milled = millBytes(parsers.json, bytes, places)
  const refusal = milled.ok ? undefined : `${milled.failure.code}: ${milled.failure.message}`
  const objection = libxml2Objection(bytes)
  const text = decoded(bytes)
  const difference = objection === undefined ? differenceInContent(parsers, bytes, text, milled) : undefined
  checkRecordsVerdict(milled, millBytes(parsers.records, bytes, places))
  const agree = (refusal === undefined) === (objection === undefined) && difference === undefined
  const judge = (other: string) => compare(parsers, Buffer.from(withoutEncoding(other)), cuts)
  return {
    agree,
    fault: undefined,
    cuts: places,
    refusal,
    objection,
    difference,
    explanation: agree ? undefined : explanation({ text, refusal, objection, difference, judge }),
  }
}

/**
 * Between libxml2's tree and our record; undefined as well where libxml2's says nothing: it gives no tree for an unbound
 * prefix, drops references to what it has not read, and processes declarations that XML 1.0, 5.1 says not to.
 */
function differenceInContent(parsers: Parsers, bytes: Uint8Array, text: string, json: Milled): string | undefined {
  if (!json.ok || json.notes.unresolvedEntities !== undefined || withoutUnreadReferences(text) !== text)
    return undefined
  const comparison = comparisonFor(text)
  const expected = libxml2Content(bytes, comparison)
  if (expected === undefined) return undefined
  return (
    jsonDifference(expected, json, comparison) ??
    orderedDifference(expected, millBytes(parsers.ordered, bytes), comparison) ??
    recordsDifference(expected, RECORD_NAMES, millBytes(parsers.records, bytes), comparison)
  )
}

/**
 * Every byte is checked, in records and outside: neither verdict nor place may depend on where the records are. Only what
 * the decoder refuses may come before or after a mistake in the text that was not yet complete.
 */
function verdictOf(milled: Milled): string {
  if (milled.ok) return 'accepts'
  const { code, message, line = 0, column = 0, byteOffset = 0 } = milled.failure
  if (code.startsWith('CHARSET_') || message.includes('inside a character')) return DECODER_REFUSES
  return `${code} at ${line}:${column}, byte ${byteOffset}`
}

const DECODER_REFUSES = 'refused by the decoder'

function checkRecordsVerdict(json: Milled, records: Milled): void {
  const verdicts = [json, records].map(verdictOf)
  const [one, other] = verdicts
  if (one === other) return
  if (json.ok === records.ok && verdicts.includes(DECODER_REFUSES)) return
  throw new Error(`with records ${other}, without ${one}`)
}

/** Text from a document of any encoding is judged as UTF-8. */
function withoutEncoding(text: string): string {
  return text.replace(/^(<\?xml\s[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')/, '$1')
}

function decoded(bytes: Uint8Array): string {
  try {
    return decodeBytes(bytes)
  } catch {
    return new TextDecoder('latin1').decode(bytes)
  }
}

function reduceFinding(parsers: Parsers, seed: number, bytes: Uint8Array, mutations: readonly string[]): Finding {
  const original = compare(parsers, bytes, randomCuts(seed))
  // A shorter document is cut elsewhere: a fault that depends on the cuts would be lost with only one way to cut.
  const ways: Cuts[] = [() => [], randomCuts(seed), ...Array.from({ length: 8 }, (_, way) => randomCuts(way))]
  const find = (candidate: Uint8Array): Comparison | undefined =>
    ways
      .map((cuts) => compare(parsers, candidate, cuts))
      .find(
        ({ agree, explanation, fault, refusal, difference }) =>
          !agree &&
          explanation === undefined &&
          (fault === undefined) === (original.fault === undefined) &&
          (refusal === undefined) === (original.refusal === undefined) &&
          (difference === undefined) === (original.difference === undefined),
      )
  const reduced = reduceBytes(bytes, (candidate) => find(candidate) !== undefined)
  const { fault, refusal, objection, difference, cuts } = find(reduced) ?? original
  return {
    seed,
    mutations,
    document: decoded(reduced),
    cuts,
    xmlmill: fault ?? refusal ?? 'accepts',
    libxml2: objection ?? 'accepts',
    difference,
  }
}
