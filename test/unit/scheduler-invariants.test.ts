import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CheckedScheduler, REFUSED, retryAfter, UNAVAILABLE } from '../support/schedule-model.ts'

const MAX_WAIT_MS = 10_000

const options = fc.record({
  concurrency: fc.integer({ min: 1, max: 6 }),
  perHost: fc.integer({ min: 1, max: 4 }),
  startIntervalMs: fc.constantFrom(0, 0, 100, 2500),
  retries: fc.nat(3),
  retryMaxWaitMs: fc.constant(MAX_WAIT_MS),
  hostFailures: fc.constant(0),
})

/** What may happen to one of the attempts under way, chosen by a number. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.constantFrom('a:80', 'a:80', 'b:80', 'c:80', '') }) },
  { weight: 3, arbitrary: fc.record({ wait: fc.nat(4000) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      which: fc.nat(10),
      event: fc.oneof(
        fc.constantFrom('downloaded', 'done', 'requeue', 'refused', 'unavailable' as const),
        fc.record({ retryAfterMs: fc.oneof(fc.constant(0), fc.nat(8000), fc.constantFrom(10_001, 60_000)) }),
      ),
    }),
  },
)

/** Drives a checked scheduler, which checks every start and every idle slot, through random events to the end of the list. */
test('fills every free slot that may be filled, never another, and ends each document once', () => {
  fc.assert(
    fc.property(
      options,
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (schedule, steps, randoms) => {
        let drawn = 0
        const checked = new CheckedScheduler(schedule, () => randoms[drawn++ % randoms.length] ?? 0)
        for (const next of steps) {
          if ('add' in next) checked.add(next.add)
          else if ('wait' in next) checked.now += next.wait
          else {
            const attempt = checked.active[next.which % Math.max(1, checked.active.length)]
            if (attempt === undefined) continue
            const { event } = next
            if (event === 'downloaded') checked.downloaded(attempt)
            else if (event === 'done') checked.done(attempt)
            else if (event === 'requeue') checked.requeue(attempt)
            else if (event === 'refused') expect(checked.failed(attempt, REFUSED).next).toBe('failed')
            else if (event === 'unavailable') {
              expect(checked.failed(attempt, UNAVAILABLE).next).toBe(
                attempt.number > schedule.retries ? 'failed' : 'again',
              )
            } else checked.failed(attempt, retryAfter(event.retryAfterMs))
          }
          checked.start()
        }
        checked.finish()
        expect(checked.ends.every((ends) => ends === 1)).toBe(true)
        expect(checked.scheduler.downloading).toBe(0)
      },
    ),
    { numRuns: 400 },
  )
})

test('asks to be woken before anything may start by time alone', () => {
  fc.assert(
    fc.property(options, fc.array(fc.nat(9000), { minLength: 1, maxLength: 8 }), (schedule, waits) => {
      const checked = new CheckedScheduler(schedule)
      for (const index of waits.keys()) checked.add(`h${index % 3}:80`)
      for (const wait of waits) {
        for (const attempt of checked.start()) checked.failed(attempt, retryAfter(wait))
        // It may wake in vain, for a time that has moved since; the books say whether something was left idle meanwhile.
        while (checked.start().length === 0 && checked.scheduler.pending > 0) {
          const wakeAt = checked.scheduler.wakeAt() ?? Number.NaN
          expect(wakeAt).toBeGreaterThan(checked.now)
          checked.now = wakeAt - 0.5
          expect(checked.start()).toEqual([])
          checked.now = wakeAt
        }
        for (const attempt of checked.active) checked.requeue(attempt)
      }
    }),
  )
})
