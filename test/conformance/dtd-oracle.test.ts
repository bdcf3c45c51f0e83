import { expect, test } from 'vitest'
import { DoctypeError, parseDoctype } from '../../workers/xml/dtd/doctype.ts'
import { libxml2Objection } from '../support/libxml2-judge.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { mutate } from '../support/xml-mutations.ts'
import { reduceText } from '../support/xml-reduction.ts'
import { randomSubset } from '../support/xml-subsets.ts'
import { explanation, type Judgements } from './disagreements.ts'

const FIRST = '<!DOCTYPE a'

function refusalOf(doctype: string): string | undefined {
  try {
    parseDoctype(doctype)
    return undefined
  } catch (error) {
    if (!(error instanceof DoctypeError)) throw error
    return error.message
  }
}

const judge = (doctype: string): Judgements => ({
  refusal: refusalOf(doctype),
  objection: libxml2Objection(Buffer.from(`${doctype}<a/>`)),
})

/** Undefined where both agree, or part for a known reason. */
function disagreement(doctype: string): string | undefined {
  // Only where a declaration begins and nothing but it stands is the rest of the document none of its business.
  if (!doctype.startsWith(FIRST)) return undefined
  const { refusal, objection } = judge(doctype)
  if (refusal?.includes('the document type declaration ends before this')) return undefined
  if ((refusal === undefined) === (objection === undefined)) return undefined
  if (explanation({ text: doctype, refusal, objection, judge }) !== undefined) return undefined
  return `${JSON.stringify(doctype)}: ${refusal ?? 'accepted'}; libxml2: ${objection ?? 'accepted'}`
}

test('judges 10,000 damaged document type declarations as libxml2 does', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const findings: string[] = []
  let accepted = 0
  for (let seed = 0; seed < 10_000; seed++) {
    const random = seededRandom(seed)
    const { bytes } = mutate(Buffer.from(randomSubset(random, 'a').text), random)
    let doctype: string
    try {
      doctype = decoder.decode(bytes)
    } catch {
      continue
    }
    if (refusalOf(doctype) === undefined) accepted++
    if (disagreement(doctype) === undefined) continue
    const smallest = reduceText(doctype, (candidate) => disagreement(candidate) !== undefined)
    findings.push(disagreement(smallest) ?? '')
  }
  expect(findings).toEqual([])
  expect(accepted).toBeGreaterThan(2000)
})
