import { beforeAll, expect, test } from 'vitest'
import { EXCEPTIONS } from './exceptions.ts'
import { type Judgement, judge } from './judgement.ts'
import { productMills } from './product.ts'
import { readSuite } from './suite.ts'

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

test('lists no exception that is none', () => {
  const exceptions = judgements.filter(({ verdict }) => verdict === 'exception')
  expect(exceptions.map(({ suiteCase }) => suiteCase.id)).toEqual([...EXCEPTIONS.keys()])
})
