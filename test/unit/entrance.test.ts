import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Entrance } from '../../src/pool/entrance.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** An entrance to a pool that is what is written to `inside`, and who has entered, in that order. */
function entrance(promptThreads: number) {
  const inside = { threads: 1, isStarting: false }
  const entered: string[] = []
  const gate = new Entrance({ threads: 4, tasksPerThread: 2, promptThreads }, () => inside)
  const arrive = (name: string) => {
    const turn = gate.enter()
    if (turn === undefined) entered.push(name)
    else void turn.then(() => entered.push(name))
  }
  return { gate, inside, entered, arrive }
}

test('where every thread is started at once, nobody waits', () => {
  const { inside, entered, arrive } = entrance(4)
  for (const name of 'abcdefghij') arrive(name)
  inside.threads = 4
  arrive('k')
  expect(entered.join('')).toBe('abcdefghijk')
})

test('while the first threads start the rest wait, and no others are started for them', async () => {
  const { gate, inside, entered, arrive } = entrance(2)
  arrive('a')
  arrive('b')
  inside.threads = 2
  inside.isStarting = true
  for (const name of 'cdef') arrive(name)
  await vi.advanceTimersByTimeAsync(5000)
  expect(entered.join('')).toBe('ab')
  inside.isStarting = false
  gate.started()
  await vi.advanceTimersByTimeAsync(0)
  expect(entered.join('')).toBe('abcd')
  expect(gate.allowedThreads).toBe(2)
})

test('as one leaves the next may enter: many small documents need no more threads', async () => {
  const { gate, inside, entered, arrive } = entrance(2)
  inside.threads = 2
  for (const name of 'abcdef') arrive(name)
  for (let left = 0; left < 20; left += 1) {
    await vi.advanceTimersByTimeAsync(100)
    expect(entered).toHaveLength(4 + left)
    gate.leave()
    arrive('x')
  }
  expect(gate.allowedThreads).toBe(2)
})

test('for a document that has waited long enough there are more threads, and nobody waits any more', async () => {
  const { gate, inside, entered, arrive } = entrance(2)
  inside.threads = 2
  for (const name of 'abcdef') arrive(name)
  expect(entered.join('')).toBe('abcd')
  await vi.advanceTimersByTimeAsync(250)
  expect(entered.join('')).toBe('abcdef')
  expect(gate.allowedThreads).toBe(4)
  arrive('g')
  expect(entered.join('')).toBe('abcdefg')
})

test('nobody is left outside when the pool closes', async () => {
  const { gate, inside, entered, arrive } = entrance(2)
  inside.threads = 2
  for (const name of 'abcdef') arrive(name)
  gate.close()
  await vi.advanceTimersByTimeAsync(0)
  expect(entered.join('')).toBe('abcdef')
})
