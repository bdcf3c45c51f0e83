import { expect, test } from 'vitest'
import { backoffMs } from '../../src/schedule/retry.ts'

const ALMOST_ONE = 1 - 2 ** -53

test('doubles the range of the wait with every try', () => {
  const longest = [1, 2, 3, 4, 5].map((tries) => Math.round(backoffMs(tries, 300_000, () => ALMOST_ONE)))
  expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000])
})

test('draws the wait evenly from the whole range', () => {
  expect(backoffMs(3, 300_000, () => 0)).toBe(0)
  expect(backoffMs(3, 300_000, () => 0.5)).toBe(2000)
})

test('never waits for longer than the limit, however many tries', () => {
  for (const tries of [1, 10, 40, 2000]) expect(backoffMs(tries, 700, () => ALMOST_ONE)).toBeLessThanOrEqual(700)
})
