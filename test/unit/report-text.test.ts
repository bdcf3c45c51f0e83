import { expect, test } from 'vitest'
import { formatBytes, formatBytesOf, formatClock, formatCount, formatDuration } from '../../src/report/figures.ts'
import { createPaint, cutEnd, cutStart, fitPieces, printable, textWidth } from '../../src/report/terminal-text.ts'

test('bytes have three digits or so, in decimal units', () => {
  expect([0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 55_200_000, 1.08e9].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '99.9 kB',
    '100 kB',
    '999 kB',
    '1.0 MB',
    '55.2 MB',
    '1.1 GB',
  ])
  expect(formatBytesOf(900, 4_800_000)).toBe('0.0 of 4.8 MB')
})

test('counts have thousands separated', () => {
  expect([0, 999, 1000, 48_272, 1_000_000].map(formatCount)).toEqual(['0', '999', '1,000', '48,272', '1,000,000'])
})

test('durations never show sixty of anything', () => {
  expect([0, 999, 999.6, 59_940, 59_960, 119_600, 3_599_400, 3_599_900, 3_720_000].map(formatDuration)).toEqual([
    '0 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 00 s',
    '2 min 00 s',
    '59 min 59 s',
    '1 h 00 min',
    '1 h 02 min',
  ])
  expect([-5, 11_000, 59_600, 3_599_600, 3_725_000].map(formatClock)).toEqual([
    '0:00',
    '0:11',
    '1:00',
    '1:00:00',
    '1:02:05',
  ])
})

test('wide characters count twice, combining ones not at all', () => {
  expect(textWidth('plain')).toBe(5)
  expect(textWidth('漢字')).toBe(4)
  expect(textWidth('e\u0301')).toBe(1)
  expect(textWidth('🚀')).toBe(2)
  expect(textWidth('█░…')).toBe(3)
})

test('cuts at either end without halving a wide character', () => {
  expect(cutEnd('abcdef', 4)).toBe('abc…')
  expect(cutStart('abcdef', 4)).toBe('…def')
  expect(cutEnd('漢字漢字', 4)).toBe('漢…')
  expect(cutStart('漢字漢字', 4)).toBe('…字')
  expect([cutEnd('ab', 1), cutEnd('ab', 0)]).toEqual(['…', ''])
})

test('control and direction characters of strangers do not reach the terminal', () => {
  expect(printable('a\x1b[2Jb\x07\u202ec\u009b1m')).toBe('a\ufffd[2Jb\ufffd\ufffdc\ufffd1m')
  expect(printable('one\r\n\ttwo\u2028three')).toBe('one two three')
})

test('pieces of low rank go first when the room is small', () => {
  const pieces = [
    { text: 'done', rank: 2 },
    { text: 'waiting', rank: 1 },
    { text: 'failed', rank: 3 },
  ]
  const fit = (columns: number) => fitPieces(pieces, ' ', columns, createPaint(false))
  expect([19, 18, 11, 10, 4].map(fit)).toEqual(['done waiting failed', 'done failed', 'done failed', 'failed', 'fai…'])
})
