import { beforeEach, expect, test } from 'vitest'
import { type Growth, HeapGrowth } from '../../src/cli/heap-growth.ts'
import type { RunEvent } from '../../src/report/events.ts'
import { done, failed } from '../support/run-events.ts'

let chosen: Growth[]
let growth: HeapGrowth

beforeEach(() => {
  chosen = []
  growth = new HeapGrowth((growth) => chosen.push(growth))
})

function sampled(at: number): RunEvent {
  const standing = { hold: 'end', downloading: 0, attempting: 0, pending: 0 } as const
  return { type: 'load-sampled', at, ...standing, heldMs: {}, threadMs: 0, slotMs: 0, writeMs: 0, loopDelayMs: 0 }
}

function add(count: number, event: RunEvent): void {
  for (let time = 0; time < count; time += 1) growth.add(event)
}

test('nothing is chosen before the two hundredth document or the first second', () => {
  add(199, done(10, 1))
  growth.add(sampled(999))
  expect(chosen).toEqual([])
  growth.add(done(999, 1))
  expect(chosen).toEqual([100])
})

test('heaps may grow further with large documents, by what they have in the mean', () => {
  add(150, done(10, 1, { decodedBytes: 100_000 }))
  add(50, failed(10, 2, 'HTTP_UNAVAILABLE'))
  expect(chosen).toEqual([400])
})

test('documents that come to nothing count as small', () => {
  add(100, done(10, 1, { decodedBytes: 100_000 }))
  add(100, failed(10, 2, 'HTTP_UNAVAILABLE'))
  expect(chosen).toEqual([100])
})

test('documents that an earlier run has done count as well', () => {
  growth.add({ type: 'documents-skipped', at: 0, documents: 1000 })
  expect(chosen).toEqual([100])
})

test('where no document has ended, V8 chooses', () => {
  growth.add(sampled(1000))
  growth.add(sampled(5000))
  expect(chosen).toEqual([])
  growth.add(done(5100, 1, { decodedBytes: 100_000 }))
  growth.add(sampled(5250))
  expect(chosen).toEqual([400])
})

test('what follows in the process has the default again, where it was left', () => {
  growth[Symbol.dispose]()
  expect(chosen).toEqual([])
  add(200, done(10, 1))
  growth[Symbol.dispose]()
  expect(chosen).toEqual([100, 'default'])
})

test('the choice follows the list, and is told only where it changes', () => {
  add(400, done(10, 1, { decodedBytes: 100_000 }))
  add(400, done(20, 1))
  growth.add(done(30, 1, { decodedBytes: 100_000 }))
  growth.add(sampled(1019))
  expect(chosen).toEqual([400, 100])
  growth.add(sampled(1020))
  expect(chosen).toEqual([400, 100, 400])
})
