import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chainLength } from '../../src/schedule/chain-length.ts'
import { CheckedScheduler, REFUSED, retryAfter, UNAVAILABLE } from '../support/schedule-model.ts'

const OPTIONS = {
  concurrency: 2,
  perHost: 2,
  startIntervalMs: 0,
  retries: 3,
  retryMaxWaitMs: 10_000,
  hostFailures: 0,
}

/** A scheduler that knows its host to be quick, with documents under way and documents that follow them. */
function chained(options: Partial<typeof OPTIONS> = {}, host = 'a:80'): CheckedScheduler {
  const checked = new CheckedScheduler({ ...OPTIONS, ...options })
  for (let count = 0; count < 40; count += 1) checked.add(host)
  for (const attempt of checked.start()) checked.done(attempt)
  checked.start()
  return checked
}

test('a host that is not known yet, and one that is slow, are asked for one document at a time', () => {
  expect(chainLength(undefined, 1000)).toBe(1)
  expect(chainLength(5000, 1000)).toBe(1)
  expect(chainLength(60, 1000)).toBe(3)
  expect(chainLength(0.5, 1000)).toBe(16)
})

test('chains become shorter towards the end of the queue', () => {
  expect([40, 12, 4, 2, 1, 0].map((queued) => chainLength(1, queued))).toEqual([16, 6, 2, 1, 1, 1])
})

for (const [what, options] of [
  ['--rate', { startIntervalMs: 100 }],
  ['a host that has just failed', {}],
] as const) {
  test(`nothing follows with ${what}`, () => {
    const checked = new CheckedScheduler({ ...OPTIONS, ...options })
    for (let count = 0; count < 40; count += 1) checked.add('a:80')
    const [first] = checked.start()
    if (first === undefined) throw new Error('nothing started')
    checked.done(first)
    const [second] = checked.active
    if (second !== undefined) checked.failed(second, UNAVAILABLE)
    checked.now += 100
    checked.start()
    expect(checked.following).toBe(0)
  })
}

test('nothing follows while another host waits for its turn', () => {
  const checked = new CheckedScheduler({ ...OPTIONS, concurrency: 1 })
  for (const host of ['a:80', 'b:80']) for (let count = 0; count < 40; count += 1) checked.add(host)
  for (let turn = 0; turn < 10; turn += 1) {
    for (const attempt of checked.start()) checked.done(attempt)
    expect(checked.following).toBe(0)
  }
})

test('what follows comes back for a slot that nothing else is there for', () => {
  const checked = chained()
  expect(checked.following).toBeGreaterThan(2)
  // One is slow; the rest of the list goes through the other slot, and then what follows the slow one.
  const [slow] = checked.active
  for (let turn = 0; checked.scheduler.pending > 0; turn += 1) {
    if (turn > 100) throw new Error('something stays behind the slow one')
    for (const attempt of checked.active) if (attempt !== slow) checked.done(attempt)
    checked.start()
  }
  expect(checked.active).toContain(slow)
})

test('what follows comes back for a host that has something to start meanwhile', () => {
  const checked = chained()
  expect(checked.following).toBeGreaterThan(2)
  checked.add('b:80')
  checked.start()
  expect(checked.following).toBe(0)
  for (const attempt of checked.active) checked.done(attempt)
  expect(checked.start().map(({ document }) => document.host)).toContain('b:80')
})

test('a host that has all of its slots waits for nobody else', () => {
  const checked = new CheckedScheduler({ ...OPTIONS, concurrency: 4 })
  for (const host of ['a:80', 'b:80']) for (let count = 0; count < 60; count += 1) checked.add(host)
  for (const attempt of checked.start()) checked.done(attempt)
  checked.start()
  expect(checked.following).toBeGreaterThan(2)
  const before = checked.begun
  for (let turn = 0; turn < 3; turn += 1) {
    for (const attempt of checked.active) checked.done(attempt)
    checked.start()
  }
  expect(checked.begun - before).toBeGreaterThan(4)
})

test('what follows at another slot comes back when its host asks to be left alone', () => {
  const checked = chained()
  const [first] = checked.active
  if (first === undefined) throw new Error('nothing is under way')
  expect(checked.following).toBeGreaterThan(2)
  checked.failed(first, retryAfter(3000))
  expect(checked.scheduler.wantsBack(checked.now)).toBe(true)
  checked.start()
  expect(checked.following).toBe(0)
})

test('what has failed before, or was lost with a thread that it may have ended, follows nobody', () => {
  const checked = chained({ concurrency: 1 })
  const [first] = checked.active
  if (first === undefined) throw new Error('nothing is under way')
  checked.recall()
  checked.scheduler.setAside(first)
  const ids = []
  for (let next = checked.scheduler.next(0); next !== undefined; next = checked.scheduler.next(0)) {
    const chain = [next, ...checked.scheduler.followers(next)]
    if (chain.some(({ document }) => document.id === first.document.id)) expect(chain).toHaveLength(1)
    ids.push(...chain.map(({ document }) => document.id))
    for (const attempt of chain) {
      checked.scheduler.begun(attempt, next, 0)
      checked.scheduler.done(attempt, 0)
    }
  }
  expect(ids).toContain(first.document.id)
})

test('local files follow each other as well', () => {
  expect(chained({}, '').following).toBeGreaterThan(2)
})

/** One host, known to be quick: most of what happens, happens to chains. The checked scheduler checks every start and every idle slot. */
test('with chains no slot is left idle, none is taken twice, and each document ends once', () => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('done' as const) },
    { weight: 2, arbitrary: fc.constantFrom('downloaded', 'recall', 'requeue' as const) },
    { weight: 1, arbitrary: fc.constantFrom('refused', 'unavailable', 'retry-after' as const) },
  )
  const step = fc.record({ which: fc.nat(10), event, waitMs: fc.constantFrom(0, 0, 0, 2000) })
  let begun = 0
  fc.assert(
    fc.property(
      fc.record({ concurrency: fc.integer({ min: 1, max: 5 }), perHost: fc.integer({ min: 1, max: 5 }) }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(step, { minLength: 10, maxLength: 60 }),
      (limits, documents, steps) => {
        const checked = new CheckedScheduler({ ...OPTIONS, ...limits })
        for (let count = 0; count < documents; count += 1) checked.add(count % 20 === 19 ? 'b:80' : 'a:80')
        for (const { which, event: what, waitMs } of steps) {
          checked.now += waitMs
          checked.start()
          const attempt = checked.active[which % Math.max(1, checked.active.length)]
          if (attempt === undefined) continue
          if (what === 'done') checked.done(attempt)
          else if (what === 'downloaded') checked.downloaded(attempt)
          else if (what === 'recall') checked.recall()
          else if (what === 'requeue') checked.requeue(attempt)
          else if (what === 'refused') checked.failed(attempt, REFUSED)
          else checked.failed(attempt, what === 'unavailable' ? UNAVAILABLE : retryAfter(1500))
        }
        checked.finish()
        begun += checked.begun
        expect(checked.ends.every((ends) => ends === 1)).toBe(true)
        expect(checked.scheduler.downloading).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
  expect(begun).toBeGreaterThan(1000)
})
