import { expect, test } from 'vitest'
import { longList } from '../../src/cli/small-heap.ts'
import type { RunEvent } from '../../src/report/events.ts'

const started: RunEvent = { type: 'attempt-started', at: 0, id: 0, url: 'http://a/', host: 'a:80', attempt: 1 }

test('a list is long once, with its two hundredth document', () => {
  const isLong = longList()
  expect(Array.from({ length: 199 }, () => isLong(started)).some(Boolean)).toBe(false)
  expect([isLong(started), isLong(started)]).toEqual([true, false])
})

test('documents that an earlier run has done make a list long as well', () => {
  const isLong = longList()
  expect(isLong({ type: 'documents-skipped', at: 0, documents: 1000 })).toBe(true)
  expect(isLong(started)).toBe(false)
})
