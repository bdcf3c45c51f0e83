import { expect, test } from 'vitest'
import type { Attempt } from '../../src/model.ts'
import type { ScheduleOptions } from '../../src/options.ts'
import { Scheduler } from '../../src/schedule/scheduler.ts'
import { livingBytes } from '../support/garbage.ts'
import { CheckedScheduler, documentAt, REFUSED, retryAfter, UNAVAILABLE } from '../support/schedule-model.ts'

const OPTIONS: ScheduleOptions = {
  concurrency: 4,
  perHost: 4,
  startIntervalMs: 0,
  retries: 4,
  retryMaxWaitMs: 300_000,
  hostFailures: 0,
}

function scheduled(hosts: readonly string[], options: Partial<ScheduleOptions> = {}): CheckedScheduler {
  const checked = new CheckedScheduler({ ...OPTIONS, ...options })
  for (const host of hosts) checked.add(host)
  return checked
}

function only(attempts: readonly Attempt[]): Attempt {
  const [attempt, ...others] = attempts
  if (attempt === undefined || others.length > 0) throw new Error(`${attempts.length} started, not one`)
  return attempt
}

test('hosts take turns', () => {
  const checked = scheduled(['a:80', 'a:80', 'a:80', 'a:80', 'b:80', 'b:80', 'c:80'])
  const hosts = checked.start().map(({ document }) => document.host)
  expect(hosts).toEqual(['a:80', 'b:80', 'c:80', 'a:80'])
})

test('a host whose slots are taken does not stand in the way of another', () => {
  const checked = scheduled(['a:80', 'a:80', 'a:80', 'b:80'], { perHost: 1 })
  expect(checked.start().map(({ document }) => document.id)).toEqual([0, 3])
})

test('a document that was downloaded leaves its slots to the next while it is parsed', () => {
  const checked = scheduled(['a:80', 'a:80'], { concurrency: 1 })
  const first = only(checked.start())
  expect(checked.start()).toEqual([])
  checked.downloaded(first)
  only(checked.start())
  checked.done(first)
  expect(checked.scheduler.attempting).toBe(1)
})

test('a document that waits for another try holds no slot', () => {
  const checked = scheduled(['a:80', 'a:80'], { concurrency: 1 })
  checked.failed(only(checked.start()), UNAVAILABLE)
  expect(only(checked.start()).document.id).toBe(1)
})

test('keeps starts at one host apart, and only those', () => {
  const checked = scheduled(['a:80', 'a:80', 'b:80', '', ''], { startIntervalMs: 500 })
  expect(checked.start().map(({ document }) => document.id)).toEqual([0, 2, 3, 4])
  for (const attempt of checked.active) checked.done(attempt)
  expect(checked.start()).toEqual([])
  expect(checked.scheduler.wakeAt()).toBe(500)
  checked.now = 500
  expect(only(checked.start()).document.id).toBe(1)
})

test('does not catch up with starts that were missed', () => {
  const checked = scheduled(['a:80', 'a:80', 'a:80'], { startIntervalMs: 500 })
  checked.now = 10_000
  only(checked.start())
  expect(checked.scheduler.wakeAt()).toBe(10_500)
})

test('tries as often as --retries says, and fails with the last failure', () => {
  const checked = scheduled(['a:80'], { retries: 2 })
  const verdicts = [1, 2, 3].map((number) => {
    const attempt = only(checked.start())
    expect(attempt.number).toBe(number)
    const verdict = checked.failed(attempt, { ...UNAVAILABLE, message: `try ${number}` })
    if (verdict.next === 'again') checked.now = verdict.notBefore
    return verdict
  })
  expect(verdicts.map(({ next }) => next)).toEqual(['again', 'again', 'failed'])
  expect(verdicts[2]).toEqual({ next: 'failed', failure: { ...UNAVAILABLE, message: 'try 3' } })
})

test('does not try again what asking again will not change', () => {
  const checked = scheduled(['a:80'])
  expect(checked.failed(only(checked.start()), REFUSED)).toEqual({ next: 'failed', failure: REFUSED })
  expect(checked.scheduler.pending).toBe(0)
})

test('Retry-After cools the whole host, and no other', () => {
  const checked = scheduled(['a:80', 'a:80', 'b:80', 'b:80'], { concurrency: 1 })
  checked.failed(only(checked.start()), retryAfter(5000))
  const other = only(checked.start())
  expect(other.document.host).toBe('b:80')
  checked.done(other)
  checked.done(only(checked.start()))
  expect(checked.start()).toEqual([])
  checked.now = 4999
  expect(checked.start()).toEqual([])
  checked.now = 5000
  expect(only(checked.start()).document.id).toBe(0)
})

test('a shorter Retry-After does not cut a longer one short', () => {
  const checked = scheduled(['a:80', 'a:80', 'a:80'], { concurrency: 2 })
  const [first, second] = checked.start()
  if (first === undefined || second === undefined) throw new Error('two should have started')
  checked.failed(first, retryAfter(9000))
  checked.failed(second, retryAfter(1000))
  checked.now = 8999
  expect(checked.start()).toEqual([])
})

test('Retry-After costs no retry', () => {
  const checked = scheduled(['a:80'], { retries: 0 })
  for (let turn = 0; turn < 20; turn += 1) {
    const attempt = only(checked.start())
    expect(attempt.number).toBe(1)
    expect(checked.failed(attempt, retryAfter(2000)).next).toBe('again')
    checked.sleep()
  }
})

test('gives up a server that says Retry-After: 0 for ever', () => {
  const checked = scheduled(['a:80'], { retryMaxWaitMs: 30_000 })
  let asked = 0
  let verdict = checked.failed(only(checked.start()), retryAfter(0))
  while (verdict.next === 'again') {
    verdict = checked.failed(only(checked.start()), retryAfter(0))
    asked += 1
  }
  expect(asked).toBe(30)
  expect(verdict).toMatchObject({
    next: 'failed',
    failure: { code: 'RETRY_AFTER_TOO_LONG', disposition: 'fail', status: 503 },
  })
})

test('gives up a server whose waits add up to more than the limit', () => {
  const checked = scheduled(['a:80'], { retryMaxWaitMs: 30_000 })
  checked.failed(only(checked.start()), retryAfter(20_000))
  checked.sleep()
  const verdict = checked.failed(only(checked.start()), retryAfter(20_000))
  expect(verdict).toMatchObject({ next: 'failed', failure: { code: 'RETRY_AFTER_TOO_LONG' } })
  expect(JSON.stringify(verdict)).toContain('asked to wait 40 s in all, --retry-max-wait allows 30 s')
})

test('puts off a host that asks for too long a wait, and gives up its documents when nothing else is left', () => {
  const checked = scheduled(['a:80', 'a:80', 'b:80', 'b:80'], { concurrency: 1, retryMaxWaitMs: 60_000 })
  expect(checked.failed(only(checked.start()), retryAfter(3_600_000)).next).toBe('put-off')
  const other = only(checked.start())
  expect(checked.giveUp()).toEqual([])
  checked.failed(other, UNAVAILABLE)
  checked.done(only(checked.start()))
  // The other host's document still waits for its second try.
  expect(checked.start()).toEqual([])
  expect(checked.giveUp()).toEqual([])
  checked.sleep()
  checked.done(only(checked.start()))
  checked.start()
  const given = checked.giveUp()
  expect(given.map(({ document }) => document.id)).toEqual([0, 1])
  for (const { failure } of given) {
    expect(failure.code).toBe('RETRY_AFTER_TOO_LONG')
    expect(failure.message).toBe('status 503; the server asks to wait 3600 s, --retry-max-wait allows 60 s')
  }
  expect(checked.scheduler.pending).toBe(0)
})

test('gives up several hosts that asked for too long, each with its own reason', () => {
  const checked = scheduled(['a:80', 'b:80', 'c:80'], { retryMaxWaitMs: 60_000 })
  for (const [index, attempt] of checked.start().entries()) checked.failed(attempt, retryAfter(100_000 + index * 1000))
  checked.start()
  const messages = checked.giveUp().map(({ failure }) => failure.message)
  expect(messages.map((message) => /asks to wait (\d+) s/.exec(message)?.[1])).toEqual(['100', '101', '102'])
})

test('tries what was put off when the rest of the run took as long as was asked', () => {
  const checked = scheduled(['a:80', 'b:80'], { retryMaxWaitMs: 60_000 })
  const [putOff, slow] = checked.start()
  if (putOff === undefined || slow === undefined) throw new Error('two should have started')
  checked.failed(putOff, retryAfter(90_000))
  checked.start()
  checked.now = 90_000
  checked.done(slow)
  expect(checked.giveUp()).toEqual([])
  const again = only(checked.start())
  expect(again.document).toBe(putOff.document)
  checked.done(again)
  expect(checked.scheduler.pending).toBe(0)
})

test('a document given up while the list goes on leaves its host cooling for those that come', () => {
  const checked = scheduled(['a:80'], { retryMaxWaitMs: 60_000 })
  checked.failed(only(checked.start()), retryAfter(100_000))
  checked.start()
  expect(checked.giveUp()).toHaveLength(1)
  checked.add('a:80')
  expect(checked.start()).toEqual([])
  expect(checked.giveUp().map(({ document }) => document.id)).toEqual([1])
})

test('a document that lost its thread is tried again at once, and the try does not count', () => {
  const checked = scheduled(['a:80'], { retries: 0 })
  checked.requeue(only(checked.start()))
  expect(only(checked.start()).number).toBe(1)
})

test('documents for another try go before new ones', () => {
  const checked = scheduled(['a:80', 'a:80', 'a:80'], { concurrency: 1 })
  checked.requeue(only(checked.start()))
  expect(only(checked.start()).document.id).toBe(0)
})

test('local files have no limit but that of the run', () => {
  const checked = scheduled(['', '', '', '', ''], { perHost: 1, startIntervalMs: 60_000 })
  expect(checked.start()).toHaveLength(4)
})

test('refuses to settle an attempt twice', () => {
  const checked = scheduled(['a:80'])
  const attempt = only(checked.start())
  checked.done(attempt)
  expect(() => checked.scheduler.done(attempt, 0)).toThrow('settled twice')
})

/** Host names so large that remembering them shows; from bytes, since a repeated string is a tree of shared parts. */
function hugeHost(id: number): string {
  return Buffer.alloc(50_000, `${id} `).toString('latin1')
}

for (const [name, startIntervalMs] of [
  ['without a rate', 0],
  ['with a rate', 10],
] as const) {
  test(`forgets hosts that have no documents left, ${name}`, () => {
    const scheduler = new Scheduler({ ...OPTIONS, startIntervalMs })
    const before = livingBytes().heapUsed
    for (let id = 0; id < 1000; id += 1) {
      const now = id * 20
      scheduler.add(documentAt(0, hugeHost(id)))
      const attempt = scheduler.next(now)
      if (attempt === undefined) throw new Error('it should have started')
      scheduler.done(attempt, now)
      scheduler.next(now)
    }
    // Up to 50 MB if all were remembered.
    expect(livingBytes().heapUsed - before).toBeLessThan(5e6)
    expect(scheduler.pending).toBe(0)
  })
}

test('a host that is forgotten is not asked earlier than its rate allows', () => {
  const checked = scheduled(['a:80'], { startIntervalMs: 1000 })
  checked.done(only(checked.start()))
  checked.now = 400
  checked.add('a:80')
  expect(checked.start()).toEqual([])
  checked.now = 1000
  only(checked.start())
})

test('takes a hundred thousand documents of one host without slowing down', () => {
  const scheduler = new Scheduler({ ...OPTIONS, concurrency: 1 })
  for (let id = 0; id < 100_000; id += 1) scheduler.add(documentAt(id))
  const from = process.threadCpuUsage()
  for (let id = 0; id < 100_000; id += 1) {
    const attempt = scheduler.next(0)
    expect(attempt?.document.id === id).toBe(true)
    if (attempt !== undefined) scheduler.done(attempt, 0)
  }
  // Of this thread's processor time, whoever else has the processor. Measured at 0.1 s; with a shift for each document it is minutes.
  expect(process.threadCpuUsage(from).user / 1e6).toBeLessThan(5)
})
