import { expect, test } from 'vitest'
import type { RunFigures } from '../../src/report/run-figures.ts'
import { judge } from '../../src/report/verdict.ts'

const SETTING = {
  cores: 8,
  perHost: 4,
  startIntervalMs: 0,
  parser: 'engine',
  hasTransform: false,
  startedAt: '2026-11-22T12:00:00.000Z',
}

/** Ten seconds of four threads on eight cores, except for what is given. */
function figures(given: Partial<RunFigures>): RunFigures {
  return {
    elapsedMs: 10_000,
    threads: 4,
    concurrency: 4,
    setting: SETTING,
    heldMs: { slots: 10_000 },
    threadMs: 40_000,
    slotMs: 40_000,
    writeMs: 0,
    parseMs: 0,
    transformMs: 0,
    creditMs: 0,
    downloadMs: 40_000,
    diskMs: 0,
    startupMs: 0,
    wireBytes: 100_000_000,
    documents: 100,
    records: 1000,
    maxLoopDelayMs: 5,
    ...given,
  }
}

test('threads that wait for servers are bound by the network, and twice the downloads would take half off', () => {
  const verdict = judge(figures({ parseMs: 400 }))
  expect(verdict.bound).toBe('network')
  expect(verdict.isClear).toBe(true)
  expect(verdict.sentence).toContain('Network-bound: for 99% of the time')
  expect(verdict.advice[0]?.text).toContain('--concurrency 8 --per-host 8')
  expect(verdict.advice[0]?.gain).toBeCloseTo(0.495, 2)
})

test('local files are read from a disk, and not from the network', () => {
  const verdict = judge(figures({ parseMs: 400, diskMs: 40_000 }))
  expect(verdict.bound).toBe('disk')
  expect(verdict.sentence).toContain('Bound by reading local files: for 99% of the time')
  expect(verdict.advice.map(({ text }) => text)).toEqual([expect.stringMatching(/^--concurrency 8 reads/)])
  const { shares } = judge(figures({ diskMs: 10_000 }))
  expect(shares.map(({ bound, share }) => [bound, share])).toEqual([
    ['network', 0.75],
    ['disk', 0.25],
  ])
})

test('what comes second gets a word of advice as well', () => {
  const { bound, advice } = judge(figures({ heldMs: { slots: 6000, output: 4000 }, threadMs: 24_000 }))
  expect(bound).toBe('network')
  expect(advice.map(({ text }) => text)).toEqual([
    expect.stringContaining('--concurrency 8'),
    expect.stringContaining('reads the records'),
  ])
})

test('threads that are busy in the transform are bound by it, and more threads help where there are cores', () => {
  const verdict = judge(figures({ parseMs: 2000, transformMs: 36_000 }))
  expect(verdict.bound).toBe('transform')
  expect(verdict.sentence).toContain('CPU-bound in the transform: 95% of the time')
  expect(verdict.advice[0]?.text).toContain('4 more threads: --threads 8')
  expect(verdict.advice[0]?.gain).toBeCloseTo(0.475, 2)
})

test('where all cores are taken, more threads are not what is advised', () => {
  const { advice } = judge(figures({ transformMs: 38_000, setting: { ...SETTING, cores: 4 } }))
  expect(advice.some(({ text }) => text.includes('--threads'))).toBe(false)
  expect(advice[0]?.text).toContain('All 4 processors are taken')
})

test('parsing and transform are weighed together against the rest, and the larger of them is named', () => {
  const verdict = judge(figures({ parseMs: 14_000, transformMs: 10_000 }))
  expect(verdict.bound).toBe('parsing')
  expect(verdict.isClear).toBe(true)
})

test('time in which --rate held the next document back is manners, with what twice the rate would give', () => {
  const verdict = judge(
    figures({ heldMs: { rate: 9000, slots: 1000 }, threadMs: 4000, setting: { ...SETTING, startIntervalMs: 200 } }),
  )
  expect(verdict.bound).toBe('politeness')
  expect(verdict.sentence).toContain('--rate held back')
  expect(verdict.advice[0]?.text).toContain('(5/s now)')
  expect(verdict.advice[0]?.gain).toBeCloseTo(0.45, 2)
})

test('pauses that servers asked for are not to be shortened by anything on this side', () => {
  const verdict = judge(figures({ heldMs: { cooling: 8000, slots: 2000 }, threadMs: 8000 }))
  expect(verdict.bound).toBe('politeness')
  expect(verdict.advice.every(({ gain }) => gain === undefined)).toBe(true)
})

test('records that wait to be written make the output the bound, also where only the threads feel it', () => {
  expect(judge(figures({ heldMs: { output: 8000, slots: 2000 }, threadMs: 8000, writeMs: 9000 })).bound).toBe('output')
  expect(judge(figures({ creditMs: 32_000, parseMs: 4000 })).bound).toBe('output')
})

test('a slow list is named as such', () => {
  expect(judge(figures({ heldMs: { list: 9000, slots: 1000 }, threadMs: 4000 })).bound).toBe('list')
})

test('the start of the threads is not blamed on the network', () => {
  expect(judge(figures({ elapsedMs: 400, heldMs: { slots: 400 }, threadMs: 1600, startupMs: 350 })).bound).toBe(
    'startup',
  )
})

test('says so when nothing alone is to blame', () => {
  const heldMs = { cooling: 3500, retry: 3000, slots: 3500 }
  const verdict = judge(figures({ heldMs, threadMs: 14_000 }))
  expect(verdict.isClear).toBe(false)
  expect(verdict.sentence).toContain('Nothing alone bounded this run')
})

test('documents that ran alone at the end lead to advice about the order of the list', () => {
  const { advice } = judge(figures({ heldMs: { slots: 4000, end: 6000 }, threadMs: 22_000 }))
  expect(advice[0]?.text).toContain('put the largest and slowest first')
})

test('without any figures of the load it claims nothing', () => {
  expect(judge(figures({ heldMs: {} }))).toMatchObject({ bound: 'unknown', shares: [], advice: [] })
})

test('the shares of the time add up to the whole', () => {
  const { shares } = judge(
    figures({ heldMs: { slots: 5000, rate: 2000, output: 3000 }, threadMs: 20_000, parseMs: 6000, creditMs: 2000 }),
  )
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6)
  expect(shares.map(({ bound }) => bound)).toEqual(['output', 'network', 'politeness', 'parsing'])
})

test('what is neither download nor work is time that documents waited for this machine', () => {
  const verdict = judge(figures({ downloadMs: 4000, parseMs: 8000 }))
  expect(verdict.bound).toBe('machine')
  expect(verdict.shares.find(({ bound }) => bound === 'network')?.share).toBeCloseTo(0.1)
})
