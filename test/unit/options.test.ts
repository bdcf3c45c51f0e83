import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { flagName, type MillOptions, OPTIONS, parseRate, parseSize, resolveOptions } from '../../src/options.ts'

/** What a program in plain JavaScript could pass. */
function resolveAnything(given: Record<string, unknown>) {
  return resolveOptions(given)
}

function problemsOf(given: Record<string, unknown>): string[] {
  try {
    resolveAnything(given)
  } catch (error) {
    if (error instanceof MillError && error.code === 'OPTIONS_INVALID') return error.message.split('\n')
    throw error
  }
  return []
}

test('is complete and frozen, whatever was given', () => {
  const options = resolveOptions({})
  expect(options.schedule).toMatchObject({
    concurrency: 4,
    perHost: 4,
    startIntervalMs: 0,
    retries: 4,
    retryMaxWaitMs: 300_000,
  })
  expect(options.thread).toMatchObject({ connectTimeoutMs: 10_000, stallTimeoutMs: 30_000, maxBytes: 1 << 30 })
  expect(options.thread).toMatchObject({
    maxRecordBytes: 64 << 20,
    maxDepth: 256,
    envelope: true,
    timeoutMs: undefined,
  })
  expect([options.threads, options.progress]).toEqual([4, 'auto'])
  for (const part of [options, options.schedule, options.thread, options.thread.record]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})

test('reports all problems together, each with its flag, its value and what it takes', () => {
  expect(
    problemsOf({
      concurrency: 0,
      retries: 1.5,
      timeout: -1,
      stallTimeout: Number.NaN,
      maxBytes: 'lots',
      rate: '5',
      progress: 'loud',
      header: 'no colon',
      recrod: 'paper',
    }).sort(),
  ).toEqual([
    '--concurrency is 0; it takes a whole number from 1',
    '--header is no colon; it takes "Name: value"',
    '--max-bytes is lots; it takes a size such as 64m',
    '--progress is loud; it takes one of auto, bar, plain, json, none',
    '--rate is 5; it takes a count per second, minute or hour, such as 5/s',
    '--retries is 1.5; it takes a whole number from 0',
    '--stall-timeout is NaN; it takes a number of seconds above 0',
    '--timeout is -1; it takes a number of seconds above 0',
    'recrod is not an option',
  ])
})

test('a shard is one of so many, counted from 1', () => {
  expect(resolveOptions({}).shard).toBeUndefined()
  expect(resolveOptions({ shard: '3/8' }).shard).toEqual({ index: 3, count: 8 })
  expect(resolveOptions({ shard: '1/1' }).shard).toEqual({ index: 1, count: 1 })
  // What a variable that is not set leaves.
  for (const shard of ['', '3', '/8', '3/', '-1/8', '1.5/8', '3 of 8'])
    expect(problemsOf({ shard })).toEqual([`--shard is ${shard}; it takes I/N, such as 3/8`])
  expect(problemsOf({ shard: '9/8' })).toEqual(['--shard is 9/8; of 8 shards the last is 8/8'])
  expect(problemsOf({ shard: '0/8' })).toEqual([
    '--shard is 0/8; shards count from 1, so from 1/8 to 8/8; where a job counts from 0, add 1',
  ])
  expect(problemsOf({ shard: '0/0' })).toEqual(['--shard is 0/0; there is one shard at least, 1/1'])
})

test('refuses values of another kind, whatever they are', () => {
  expect(problemsOf({ output: ['a', 'b'], bare: 'yes', record: 7, threads: '4' })).toHaveLength(4)
  for (const value of [null, Symbol('s'), () => 1, { a: 1 }, 10n]) {
    expect(problemsOf({ maxBytes: value, array: value }).length, String(value)).toBeGreaterThan(0)
  }
})

test('names of a program’s options do not reach into the prototype', () => {
  expect(problemsOf({ constructor: 'x', toString: 'y' })).toEqual([
    'constructor is not an option',
    'toString is not an option',
  ])
})

test('an option that is undefined was not given', () => {
  const given: Record<string, unknown> = { concurrency: undefined, record: undefined, bare: undefined, rate: undefined }
  expect(resolveAnything(given)).toEqual(resolveOptions({}))
})

test('times are seconds, sizes bytes, and both may be fractions', () => {
  const { thread, schedule } = resolveOptions({
    timeout: 0.25,
    retryMaxWait: 1.5,
    maxBytes: '1.5k',
    maxRecordBytes: 1000,
  })
  expect([thread.timeoutMs, schedule.retryMaxWaitMs, thread.maxBytes, thread.maxRecordBytes]).toEqual([
    250, 1500, 1536, 1000,
  ])
})

test('knows sizes', () => {
  const sizes = ['1', '64m', '64M', '64 MiB', '64mb', '2g', '1.5k', '0', '', '-1', 'k', '1t', '1e3', '0.5']
  expect(sizes.map(parseSize)).toEqual([
    1,
    64 << 20,
    64 << 20,
    64 << 20,
    64 << 20,
    2 ** 31,
    1536,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('knows rates', () => {
  const rates = ['5/s', '60/m', '1000/h', '0.5/s', '0/s', '5', '/s', '5/d', '-1/s']
  expect(rates.map(parseRate)).toEqual([200, 1000, 3600, 2000, undefined, undefined, undefined, undefined, undefined])
})

test('splits the names of arrays, and headers at their first colon', () => {
  const { thread } = resolveOptions({ array: ['a, b', 'c'], header: ['X-Time: 10:30', 'X-Empty:'] })
  expect(thread.array).toEqual(['a', 'b', 'c'])
  expect(thread.headers).toEqual([
    ['X-Time', '10:30'],
    ['X-Empty', ''],
  ])
})

test('quiet is no progress, whatever else was asked for', () => {
  expect(resolveOptions({ quiet: true, progress: 'bar' }).progress).toBe('none')
})

test('the sentence of each option is the same for programs and on the command line', () => {
  const source = readFileSync(new URL('../../src/options/mill-options.ts', import.meta.url), 'utf8')
  const sentences = new Map<string, string>()
  for (const [, sentence = '', name = ''] of source.matchAll(/\/\*\* (.+) \*\/\n {2}(\w+)\?:/g)) {
    sentences.set(name, sentence)
  }
  const help = Object.entries(OPTIONS).map(([name, spec]) => [name, spec.help])
  expect(Object.fromEntries(sentences)).toEqual(Object.fromEntries(help))
})

test('flags are the options in kebab-case, no two of them alike', () => {
  expect(flagName('maxRecordBytes')).toBe('--max-record-bytes')
  const aliases = Object.values(OPTIONS).flatMap((spec) => ('alias' in spec ? [spec.alias] : []))
  expect(new Set(aliases).size).toBe(aliases.length)
})

test('takes every option that it documents', () => {
  const given: MillOptions = {
    inputFile: ['a', 'b'],
    keepDuplicates: true,
    record: 'paper',
    array: 'x',
    output: 'o',
    bare: true,
    ordered: true,
    fresh: true,
    rejects: 'r',
    concurrency: 1,
    perHost: 1,
    rate: '1/s',
    retries: 0,
    retryMaxWait: 1,
    threads: 1,
    connectTimeout: 1,
    stallTimeout: 1,
    timeout: 1,
    maxBytes: 1,
    maxRecordBytes: 1,
    maxDepth: 1,
    header: 'A: b',
    userAgent: 'u',
    proxy: 'http://p/',
    netrc: true,
    publicOnly: true,
    progress: 'json',
    summary: 's',
  }
  expect(resolveOptions(given)).toMatchObject({
    inputFiles: ['a', 'b'],
    existing: 'replace',
    ordered: true,
    summary: 's',
  })
})
