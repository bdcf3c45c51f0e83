import { expect, test } from 'vitest'
import { type Failure, MillError } from '../../src/errors.ts'
import type { ScheduleOptions } from '../../src/options.ts'
import { HostBudget, MAX_PAUSES } from '../../src/schedule/host-budget.ts'
import { Scheduler } from '../../src/schedule/scheduler.ts'
import { documentAt, REFUSED, retryAfter, UNAVAILABLE } from '../support/schedule-model.ts'

const LOST = new MillError('CONNECT_FAILED', 'a:80 refused the connection').toFailure()

const OPTIONS: ScheduleOptions = {
  concurrency: 4,
  perHost: 4,
  startIntervalMs: 0,
  retries: 4,
  retryMaxWaitMs: 300_000,
  hostFailures: 20,
}

/** Whole pauses, without the share that chance takes off. */
const NO_CHANCE = () => 1

test('a host is paused at the 20th failure in a row, and not before', () => {
  const budget = new HostBudget(20, 300_000, NO_CHANCE)
  for (let n = 1; n < 20; n++) expect(budget.failed(0, n)).toEqual({ next: 'go-on' })
  expect(budget.failed(0, 20)).toEqual({ next: 'pause', until: 5020 })
})

test('a success in between begins the count anew', () => {
  const budget = new HostBudget(3, 300_000, NO_CHANCE)
  for (let turn = 0; turn < 10; turn++) {
    expect([budget.failed(turn, turn).next, budget.failed(turn, turn).next]).toEqual(['go-on', 'go-on'])
    budget.succeeded()
  }
  expect(budget.pauses).toBe(0)
})

test('each pause is twice the last, and after the sixth the host is given up', () => {
  const budget = new HostBudget(1, 300_000, NO_CHANCE)
  let now = 0
  const pauses: number[] = []
  for (;;) {
    const verdict = budget.failed(now, now)
    if (verdict.next !== 'pause') {
      expect(verdict.next).toBe('give-up')
      break
    }
    pauses.push(verdict.until - now)
    now = verdict.until
  }
  expect(pauses).toEqual([5000, 10_000, 20_000, 40_000, 80_000, 160_000])
  expect(pauses).toHaveLength(MAX_PAUSES)
  expect(budget.isGivenUp).toBe(true)
})

test('no pause is longer than --retry-max-wait', () => {
  const budget = new HostBudget(1, 7000, NO_CHANCE)
  expect([budget.failed(0, 0), budget.failed(5000, 5000)]).toEqual([
    { next: 'pause', until: 5000 },
    { next: 'pause', until: 12_000 },
  ])
})

test('chance shortens a pause by a quarter at most', () => {
  expect(new HostBudget(1, 300_000, () => 0).failed(0, 0)).toEqual({ next: 'pause', until: 3750 })
})

test('attempts that were under way when the pause began do not lengthen it', () => {
  const budget = new HostBudget(1, 300_000, NO_CHANCE)
  budget.failed(0, 100)
  expect([budget.failed(50, 200), budget.failed(99, 300)]).toEqual([{ next: 'go-on' }, { next: 'go-on' }])
  expect(budget.failed(5100, 5200)).toEqual({ next: 'pause', until: 15_200 })
})

test('without a limit nothing ever follows', () => {
  const budget = new HostBudget(0, 300_000, NO_CHANCE)
  for (let n = 0; n < 1000; n++) expect(budget.failed(n, n).next).toBe('go-on')
})

/** Runs everything to its end; each attempt takes `tookMs` and ends as `outcome` says. */
function simulate(
  hosts: readonly string[],
  outcome: (host: string, now: number) => Failure | undefined,
  tookMs = 100,
  options: Partial<ScheduleOptions> = {},
) {
  const scheduler = new Scheduler({ ...OPTIONS, ...options }, NO_CHANCE)
  hosts.forEach((host, id) => {
    scheduler.add(documentAt(id, host))
  })
  let now = 0
  let attempts = 0
  let mostProbes = 0
  const ends = new Map<number, string>()
  const pauses: string[] = []
  const end = (id: number, how: string) => {
    expect(ends.has(id), `document ${id} ended twice`).toBe(false)
    ends.set(id, how)
  }
  while (scheduler.pending + scheduler.attempting > 0) {
    const started = []
    for (let next = scheduler.next(now); next !== undefined; next = scheduler.next(now)) started.push(next)
    attempts += started.length
    if (pauses.length > 0)
      mostProbes = Math.max(mostProbes, started.filter(({ document }) => document.host === pauses[0]).length)
    const given = scheduler.abandoned(now)
    for (const { document, failure } of given) end(document.id, failure.code)
    if (started.length === 0 && given.length === 0) {
      const wakeAt = scheduler.wakeAt()
      if (wakeAt === undefined) throw new Error('nothing to wait for')
      now = Math.max(now, wakeAt)
      continue
    }
    now += tookMs
    for (const attempt of started) {
      const failure = outcome(attempt.document.host, now)
      if (failure === undefined) {
        scheduler.done(attempt, now)
        end(attempt.document.id, 'done')
        continue
      }
      const verdict = scheduler.failed(attempt, failure, now)
      if (verdict.hostPausedUntil !== undefined) pauses.push(attempt.document.host)
      if (verdict.next === 'failed') end(attempt.document.id, verdict.failure.code)
    }
  }
  return { ends, attempts, elapsedMs: now, pauses, mostProbes }
}

test('a dead host costs minutes, however many documents it has and however slowly it fails', () => {
  const { ends, attempts, elapsedMs, pauses } = simulate(Array(5000).fill('dead:80'), () => LOST, 10_000)
  expect(ends.size).toBe(5000)
  expect([...ends.values()].filter((code) => code === 'HOST_UNAVAILABLE').length).toBeGreaterThan(4980)
  expect(attempts).toBeLessThan(40)
  expect(pauses).toHaveLength(6)
  expect(elapsedMs).toBeLessThan(8 * 60_000)
})

test('a dead host does not hold up a living one', () => {
  const hosts = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? 'dead:80' : 'well:80'))
  const { ends } = simulate(hosts, (host) => (host === 'dead:80' ? LOST : undefined))
  const well = hosts.flatMap((host, id) => (host === 'well:80' ? [ends.get(id)] : []))
  expect(new Set(well)).toEqual(new Set(['done']))
})

test('a host that comes back within the pauses loses no document', () => {
  const { ends, pauses } = simulate(Array(300).fill('a:80'), (_, now) => (now < 60_000 ? LOST : undefined))
  expect(new Set(ends.values())).toEqual(new Set(['done']))
  expect(pauses.length).toBeGreaterThan(0)
})

test('a paused host is probed by one document at a time', () => {
  expect(simulate(Array(300).fill('a:80'), () => LOST).mostProbes).toBe(1)
})

test('documents that are refused or asked to wait are no fault of their host', () => {
  const refused = simulate(Array(100).fill('a:80'), () => REFUSED)
  expect(refused.pauses).toEqual([])
  const asked = simulate(Array(100).fill('a:80'), (_, now) => (now < 20_000 ? retryAfter(1000) : undefined))
  expect(asked.pauses).toEqual([])
})

test('a probe asks for another document than those that have failed', () => {
  // The first 25 are broken for good, the rest are well.
  const scheduler = new Scheduler({ ...OPTIONS, retries: 9 }, NO_CHANCE)
  for (let id = 0; id < 60; id++) scheduler.add(documentAt(id))
  const done = new Set<number>()
  let now = 0
  while (scheduler.pending + scheduler.attempting > 0) {
    const attempt = scheduler.next(now)
    // In the end only the broken ones are left, and with them the host is given up.
    scheduler.abandoned(now)
    if (attempt === undefined) {
      now = Math.max(now, scheduler.wakeAt() ?? Number.NaN)
      continue
    }
    now += 10
    if (attempt.document.id >= 25) {
      done.add(attempt.document.id)
      scheduler.done(attempt, now)
      continue
    }
    scheduler.failed(attempt, UNAVAILABLE, now)
  }
  expect(done.size).toBe(35)
})

test('documents that come after their host was given up fail at once, until it proves to be well', () => {
  const scheduler = new Scheduler({ ...OPTIONS, hostFailures: 1, retries: 100 }, NO_CHANCE)
  scheduler.add(documentAt(0))
  let now = 0
  const slow = scheduler.next(now)
  if (slow === undefined) throw new Error('it did not start')
  scheduler.add(documentAt(1))
  for (let turn = 0; turn < 100 && scheduler.abandoned(now).length === 0; turn++) {
    const attempt = scheduler.next(now)
    if (attempt !== undefined) scheduler.failed(attempt, LOST, now)
    now = Math.max(now, scheduler.wakeAt() ?? now)
    if (attempt === undefined) scheduler.downloaded(slow)
  }
  scheduler.add(documentAt(2))
  expect(scheduler.next(now)).toBeUndefined()
  expect(scheduler.abandoned(now)).toMatchObject([
    { document: { id: 2 }, attempts: 0, failure: { code: 'HOST_UNAVAILABLE', disposition: 'fail' } },
  ])
  scheduler.done(slow, now)
  scheduler.add(documentAt(3))
  expect(scheduler.next(now + 1e6)?.document.id).toBe(3)
})

test('of the documents that are set aside one at a time is handed out, and none is lost', () => {
  const scheduler = new Scheduler(OPTIONS, NO_CHANCE)
  for (let id = 0; id < 6; id++) scheduler.add(documentAt(id))
  const first = [1, 2, 3, 4].flatMap(() => scheduler.next(0) ?? [])
  for (const attempt of first) scheduler.setAside(attempt)
  expect(scheduler.pending).toBe(6)
  const running = [1, 2, 3, 4].flatMap(() => scheduler.next(0) ?? [])
  expect(running.map(({ document }) => document.id).toSorted()).toEqual([0, 4, 5])
  expect(running.map(({ number }) => number)).toEqual([1, 1, 1])
  for (let left = 6; left > 0; left--) {
    expect(scheduler.pending + scheduler.attempting).toBe(left)
    const attempt = running.shift() ?? scheduler.next(0)
    if (attempt === undefined) throw new Error('a document is lost')
    scheduler.done(attempt, 0)
  }
})
