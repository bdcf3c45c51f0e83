import { expect, test } from 'vitest'
import { DISAGREEMENTS } from './disagreements.ts'
import { consultOracle, explainedDisagreement } from './oracle.ts'
import { productParsers } from './product.ts'

test('agrees with libxml2 on 5,000 damaged documents, but for what is explained', () => {
  const report = consultOracle(productParsers(), 0, 5000)
  expect(report.findings).toEqual([])
  // Both verdicts must be frequent, or agreement says little.
  expect(report.accepted).toBeGreaterThan(1000)
  expect(report.refused).toBeGreaterThan(1000)
})

test.each(DISAGREEMENTS.map(({ name, example }) => ({ name, example })))(
  'disagrees with libxml2: $name',
  ({ name, example }) => {
    expect(explainedDisagreement(productParsers(), Buffer.from(example))).toBe(name)
  },
)

test('finds what agrees to need no explanation', () => {
  for (const document of ['<a/>', '<a>', '<a:b:c/>', '<a xmlns:p="u" p:b="1"/>']) {
    expect(explainedDisagreement(productParsers(), Buffer.from(document))).toBeUndefined()
  }
})
