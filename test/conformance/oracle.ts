/** Accept or refuse, and what the content is: xmlmill against libxml2, on random documents and damaged copies of them. */

import type { Parser } from '../../workers/xml/parser.ts'
import { libxml2Content, libxml2Objection } from '../support/libxml2-judge.ts'
import { between, chance, seededRandom } from '../support/seeded-random.ts'
import { comparisonFor, contentDifference, recordContent } from '../support/xml-content.ts'
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

/** Damaged documents made from one generated document: generating and judging cost about the same. */
const MUTATIONS_PER_DOCUMENT = 4

/**
 * Judges `count` documents for seeds from `firstSeed` up. Every tenth or so is left undamaged.
 * `maxFindings`: reducing a finding costs hundreds of judgements.
 */
export function consultOracle(parser: Parser, firstSeed: number, count: number, maxFindings = 20): OracleReport {
  const explained: Record<string, number> = {}
  const findings: Finding[] = []
  let accepted = 0
  for (let trial = 0; trial < count; trial++) {
    const seed = firstSeed + trial
    const { bytes, mutations } = damagedDocument(seed)
    const verdict = compare(parser, bytes, randomCuts(seed))
    if (verdict.milled.ok) accepted++
    if (verdict.agree) continue
    if (verdict.explanation !== undefined) explained[verdict.explanation] = (explained[verdict.explanation] ?? 0) + 1
    else if (findings.length < maxFindings) findings.push(reduceFinding(parser, seed, bytes, mutations))
  }
  return { trials: count, accepted, refused: count - accepted, explained, findings }
}

function damagedDocument(seed: number): { bytes: Uint8Array; mutations: readonly string[] } {
  const source = Buffer.from(randomDocument(seededRandom(Math.floor(seed / MUTATIONS_PER_DOCUMENT))))
  const random = seededRandom(seed ^ 0x5bd1e995)
  return chance(random, 0.1) ? { bytes: source, mutations: [] } : mutate(source, random)
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
  readonly milled: Milled
  readonly cuts: readonly number[]
}

function compare(parser: Parser, bytes: Uint8Array, cuts: Cuts): Comparison {
  const places = cuts(bytes.length)
  const milled = millBytes(parser, bytes, places)
  const refusal = milled.ok ? undefined : milled.failure.message
  const objection = libxml2Objection(bytes)
  const text = decoded(bytes)
  const difference = milled.ok && objection === undefined ? differenceInContent(bytes, text, milled) : undefined
  const agree = (refusal === undefined) === (objection === undefined) && difference === undefined
  const judge = (other: string) => compare(parser, Buffer.from(other), cuts)
  return {
    agree,
    milled,
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
function differenceInContent(
  bytes: Uint8Array,
  text: string,
  { records, notes }: Milled & { ok: true },
): string | undefined {
  if (notes.unresolvedEntities !== undefined || withoutUnreadReferences(text) !== text) return undefined
  const comparison = comparisonFor(text)
  const expected = libxml2Content(bytes, comparison)
  if (expected === undefined) return undefined
  const [root] = records
  if (root === undefined) return 'no record'
  if (root.name !== expected.name) return `the root is ${root.name}, not ${expected.name}`
  return contentDifference(expected.content, recordContent(root.record, comparison), root.name)
}

function decoded(bytes: Uint8Array): string {
  try {
    return decodeBytes(bytes)
  } catch {
    return new TextDecoder('latin1').decode(bytes)
  }
}

function reduceFinding(parser: Parser, seed: number, bytes: Uint8Array, mutations: readonly string[]): Finding {
  const original = compare(parser, bytes, randomCuts(seed))
  // A shorter document is cut elsewhere: a fault that depends on the cuts would be lost with only one way to cut.
  const ways: Cuts[] = [() => [], randomCuts(seed), ...Array.from({ length: 8 }, (_, way) => randomCuts(way))]
  const find = (candidate: Uint8Array): Comparison | undefined =>
    ways
      .map((cuts) => compare(parser, candidate, cuts))
      .find(
        ({ agree, explanation, refusal, difference }) =>
          !agree &&
          explanation === undefined &&
          (refusal === undefined) === (original.refusal === undefined) &&
          (difference === undefined) === (original.difference === undefined),
      )
  const reduced = reduceBytes(bytes, (candidate) => find(candidate) !== undefined)
  const { milled, objection, difference, cuts } = find(reduced) ?? original
  return {
    seed,
    mutations,
    document: decoded(reduced),
    cuts,
    xmlmill: milled.ok ? 'accepts' : `${milled.failure.code}: ${milled.failure.message}`,
    libxml2: objection ?? 'accepts',
    difference,
  }
}
