import { expect, test } from 'vitest'
import { spread } from '../../src/pool/load-balancer.ts'

const four = { threads: 4, tasksPerThread: 2, busyThreads: 4 }
const twoOfFour = { threads: 4, tasksPerThread: 2, busyThreads: 2 }

/** Which of the threads with so many documents each has the next one; none when another is to be started, or all are full. */
function choice(spreading: Parameters<typeof spread>[0], usages: readonly number[]): number | undefined {
  const ready = usages.map((currentUsage, index) => ({ currentUsage, index }))
  return spread(spreading)(undefined, ready)?.index
}

test('a document goes to the thread with the least to do', () => {
  expect(choice(four, [2, 1, 0, 1])).toBe(2)
  expect(choice(four, [1, 1, 1, 1])).toBe(0)
  expect(choice(four, [2, 2, 2, 2])).toBeUndefined()
})

test('a thread is started before one has a second document', () => {
  expect(choice(four, [])).toBeUndefined()
  expect(choice(four, [1])).toBeUndefined()
  expect(choice(four, [1, 0])).toBe(1)
  expect(choice(four, [1, 1, 1])).toBeUndefined()
})

test('where there are fewer processors, as many threads as those are filled before another is started', () => {
  expect(choice(twoOfFour, [1])).toBeUndefined()
  expect(choice(twoOfFour, [1, 1])).toBe(0)
  expect(choice(twoOfFour, [2, 1])).toBe(1)
  expect(choice(twoOfFour, [2, 2])).toBeUndefined()
  expect(choice(twoOfFour, [2, 2, 1])).toBeUndefined()
  expect(choice(twoOfFour, [2, 2, 0])).toBe(2)
  expect(choice(twoOfFour, [2, 2, 1, 1])).toBe(2)
  expect(choice(twoOfFour, [1, 2, 0, 0])).toBe(0)
  expect(choice(twoOfFour, [2, 2, 2, 2])).toBeUndefined()
})
