import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { beatMs, Pulse } from '../../src/channel/pulse.ts'
import { Roster } from '../../src/pool/roster.ts'
import { Watchdog, watchTickMs } from '../../src/pool/watchdog.ts'

test('a thread that does not move for the time-out is stuck, one that moves is not', () => {
  const watchdog = new Watchdog<string>(30_000)
  let steps = 0
  for (let second = 0; second < 30; second++) {
    steps += 1
    expect(
      watchdog.look(
        [
          ['well', steps],
          ['stuck', 7],
        ],
        1000,
      ),
    ).toEqual([])
  }
  expect(
    watchdog.look(
      [
        ['well', steps + 1],
        ['stuck', 7],
      ],
      1000,
    ),
  ).toEqual(['stuck'])
})

test('a look that comes late counts as one that came in time', () => {
  const watchdog = new Watchdog<string>(30_000)
  watchdog.look([['stopped', 1]], 1000)
  // The whole process was stopped for an hour, the thread as well.
  expect(watchdog.look([['stopped', 1]], 3_600_000)).toEqual([])
  expect(watchdog.look([['stopped', 2]], 1000)).toEqual([])
})

test('a thread that is forgotten is new when it is seen again', () => {
  const watchdog = new Watchdog<string>(1000)
  for (let look = 0; look < 3; look++) watchdog.look([['a', 1]], 1000)
  watchdog.forget('a')
  expect(watchdog.look([['a', 1]], 1000)).toEqual([])
})

test.each([0.1, 0.4, 1, 30, 3600])(
  'at a time-out of %d s a thread beats at least twice between two looks',
  (seconds) => {
    expect(2 * beatMs(seconds * 1000)).toBeLessThanOrEqual(watchTickMs(seconds * 1000))
    expect(watchTickMs(seconds * 1000)).toBeLessThanOrEqual(1000)
  },
)

test('the other side of a pulse sees what the thread does', () => {
  const thread = Pulse.create(2)
  const main = new Pulse(thread.buffer)
  const before = main.steps
  thread.hold(11)
  thread.hold(12)
  thread.enter(12)
  expect([main.holds(11), main.holds(12), main.holds(13), main.current]).toEqual([true, true, false, 12])
  expect(main.steps).not.toBe(before)
  thread.leave()
  thread.release(12)
  thread.release(11)
  expect([main.current, main.isEmpty]).toEqual([0, true])
})

test('a pulse does not take its other words for tasks', () => {
  const pulse = Pulse.create(1)
  for (let n = 0; n < 5; n++) pulse.beat()
  pulse.enter(9)
  expect([pulse.holds(5), pulse.holds(9), pulse.isEmpty]).toEqual([false, false, true])
})

test('the task whose code ran is to blame, its neighbours are victims, and without such a task all are suspects', () => {
  const roster = new Roster()
  const { port1, port2 } = new MessageChannel()
  const pulse = Pulse.create(2)
  const thread = roster.add(1, port1, pulse)
  pulse.hold(1)
  pulse.hold(2)
  pulse.enter(2)
  roster.leave(thread)
  expect([roster.inquire(1), roster.inquire(2)]).toEqual([
    { blame: 'victim', isFirst: true },
    { blame: 'culprit', isFirst: false },
  ])
  expect(roster.inquireAt(port1, 3)).toEqual({ blame: 'victim', isFirst: false })
  pulse.leave()
  expect(roster.inquire(1).blame).toBe('suspect')
  roster.release(1)
  roster.release(2)
  // Whoever is not held by a thread had not begun.
  expect(roster.inquire(1)).toEqual({ blame: 'victim', isFirst: false })
  port1.close()
  port2.close()
})
