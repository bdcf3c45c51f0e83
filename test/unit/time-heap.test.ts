import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimeHeap } from '../../src/schedule/time-heap.ts'

test('gives out what is due in the order of time, and nothing that is not', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.record({ push: fc.nat(50) }), fc.record({ popUntil: fc.nat(60) })), { maxLength: 80 }),
      (steps) => {
        const heap = new TimeHeap<number>()
        let model: number[] = []
        for (const step of steps) {
          if ('push' in step) {
            heap.push(step.push, step.push)
            model.push(step.push)
          } else {
            const due = model.filter((time) => time <= step.popUntil).sort((a, b) => a - b)
            const popped: number[] = []
            for (let value = heap.popDue(step.popUntil); value !== undefined; value = heap.popDue(step.popUntil)) {
              popped.push(value)
            }
            expect(popped).toEqual(due)
            model = model.filter((time) => time > step.popUntil)
          }
          expect(heap.size).toBe(model.length)
          expect(heap.earliest).toBe(model.length === 0 ? undefined : Math.min(...model))
        }
      },
    ),
  )
})

test('keeps things of the same time apart', () => {
  const heap = new TimeHeap<string>()
  for (const name of ['a', 'b', 'c']) heap.push(7, name)
  expect([heap.popDue(7), heap.popDue(7), heap.popDue(7)].sort()).toEqual(['a', 'b', 'c'])
  expect(heap.popDue(Number.POSITIVE_INFINITY)).toBeUndefined()
})
