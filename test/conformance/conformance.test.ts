import { beforeAll, expect, test } from 'vitest'
import { type Milled, millBytes } from '../support/xml-milling.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { type Judgement, judge } from './judgement.ts'
import { createProductParser, productMills } from './product.ts'
import { readCaseFile, readSuite } from './suite.ts'

let judgements: readonly Judgement[] = []

beforeAll(() => {
  const mills = productMills()
  judgements = readSuite().map((suiteCase) => judge(suiteCase, mills))
})

const failures = (types: readonly string[]) =>
  judgements
    .filter(({ verdict, suiteCase }) => verdict === 'fail' && types.includes(suiteCase.type))
    .map(({ suiteCase, reason }) => `${suiteCase.id} (${suiteCase.path}): ${reason}. ${suiteCase.description}`)

test('reads the whole suite', () => {
  expect(judgements).toHaveLength(2585)
  expect(judgements.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(1600)
})

test('refuses every document that is not well-formed and needs nothing external to be seen as such', () => {
  expect(failures(['not-wf'])).toEqual([])
})

test('accepts every valid and every invalid document, with the content of the canonical output', () => {
  expect(failures(['valid', 'invalid'])).toEqual([])
  expect(judgements.filter(({ compared }) => compared).length).toBeGreaterThan(250)
})

test('makes an exception only of encodings that the bytes contradict, and notes each', () => {
  const exceptions = judgements.filter(({ verdict }) => verdict === 'exception')
  expect(exceptions.map(({ suiteCase }) => suiteCase.id)).toEqual([...EXCEPTIONS.keys()])
  for (const { notes } of exceptions) expect(notes).toContain('encodingRedeclared')
})

test('answers the same in whatever pieces a document arrives', () => {
  const parser = createProductParser()
  // Not the message: it quotes what has arrived so far.
  const answer = (milled: Milled) => (milled.ok ? milled : { ...milled.failure, message: '' })
  const differing: string[] = []
  for (const { id, path } of readSuite()) {
    const bytes = readCaseFile(path)
    const step = bytes.length < 4096 ? 1 : 61
    const cuts = Array.from({ length: Math.floor(bytes.length / step) }, (_, index) => index * step)
    const [inPieces, whole] = [millBytes(parser, bytes, cuts), millBytes(parser, bytes)]
      .map(answer)
      .map((a) => JSON.stringify(a))
    if (inPieces !== whole) differing.push(`${id} (${path}): ${inPieces} in pieces, ${whole} whole`)
  }
  expect(differing).toEqual([])
})
