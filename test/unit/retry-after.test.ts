import { expect, test } from 'vitest'
import { patienceCostMs } from '../../src/schedule/retry-after.ts'

test('counts a Retry-After as at least a second of patience', () => {
  expect([0, 1, 999, 1000, 60_000].map(patienceCostMs)).toEqual([1000, 1000, 1000, 1000, 60_000])
})
