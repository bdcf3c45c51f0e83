import { expect, test } from 'vitest'
import { type HostState, readyAfter, shareOf } from '../../src/fleet/host-share.ts'

const host: HostState = {
  number: 1,
  name: 'h:443',
  running: 0,
  nextStart: 0,
  coolUntil: Number.NEGATIVE_INFINITY,
  pauses: 0,
  isTroubled: false,
}
const NOW = 1_000_000

test('gives what is free of a host, and no more than is wanted', () => {
  const limits = { perHost: 4, startIntervalMs: 0 }
  expect(shareOf({ ...host, running: 1 }, limits, 8, NOW)).toEqual({ count: 3, startAt: NOW })
  expect(shareOf({ ...host, running: 1 }, limits, 2, NOW)).toEqual({ count: 2, startAt: NOW })
  expect(shareOf({ ...host, running: 4 }, limits, 8, NOW)).toBeUndefined()
})

test('gives nothing of a host before its time, and one document after a pause', () => {
  const limits = { perHost: 4, startIntervalMs: 0 }
  expect(shareOf({ ...host, coolUntil: NOW + 500 }, limits, 8, NOW)).toBe(NOW + 500)
  expect(shareOf({ ...host, pauses: 1 }, limits, 8, NOW)).toEqual({ count: 1, startAt: NOW })
  expect(shareOf({ ...host, pauses: 1, running: 1 }, limits, 8, NOW)).toBeUndefined()
})

test('gives starts a little ahead of their time, an interval apart', () => {
  const limits = { perHost: 100, startIntervalMs: 50 }
  // Now, and at 50, 100, 150 and 200 ms.
  expect(shareOf({ ...host, nextStart: NOW - 10_000 }, limits, 100, NOW)).toEqual({ count: 5, startAt: NOW })
  expect(shareOf({ ...host, nextStart: NOW + 150 }, limits, 100, NOW)).toEqual({ count: 2, startAt: NOW + 150 })
  expect(shareOf({ ...host, nextStart: NOW + 1000 }, limits, 100, NOW)).toBe(NOW + 800)
})

test('a host has its next turn when its next start may be given out, and none while its slots are taken', () => {
  const share = { count: 5, startAt: NOW }
  expect(readyAfter(host, { perHost: 100, startIntervalMs: 50 }, 5, share, NOW)).toBe(NOW + 50)
  expect(readyAfter(host, { perHost: 5, startIntervalMs: 50 }, 5, share, NOW)).toBeUndefined()
  expect(readyAfter(host, { perHost: 8, startIntervalMs: 0 }, 5, share, NOW)).toBe(NOW)
})

test('local files have no host and no limits', () => {
  const limits = { perHost: 1, startIntervalMs: 1000 }
  const local = { ...host, name: '', running: 50 }
  expect(shareOf(local, limits, 8, NOW)).toEqual({ count: 8, startAt: NOW })
  expect(readyAfter(local, limits, 8, { count: 8, startAt: NOW }, NOW)).toBe(NOW)
})
