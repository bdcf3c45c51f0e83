import { expect, test } from 'vitest'
import { LoadMeter } from '../../src/schedule/load-meter.ts'

test('time counts for what held the next document back while it lasted', () => {
  const meter = new LoadMeter(4, 0)
  meter.stands({ hold: 'slots', downloading: 4, attempting: 6, pending: 10 }, 100)
  meter.stands({ hold: 'rate', downloading: 1, attempting: 1, pending: 9 }, 400)
  const sample = meter.take(1000)
  expect(sample.heldMs).toEqual({ list: 100, slots: 300, rate: 600 })
  expect(sample).toMatchObject({ hold: 'rate', downloading: 1, attempting: 1, pending: 9 })
  // Four threads for 300 ms; what --rate held back is no time of theirs.
  expect(sample.threadMs).toBe(1200)
  expect(sample.slotMs).toBe(4 * 300 + 600)
})

test('a sample starts where the last one ended, in the middle of a write too', () => {
  const meter = new LoadMeter(4, 0)
  meter.writes(true, 50)
  expect(meter.take(100).writeMs).toBe(50)
  meter.writes(false, 130)
  const sample = meter.take(200)
  expect(sample.writeMs).toBe(30)
  expect(sample.heldMs).toEqual({ list: 100 })
})
