import { expect, test } from 'vitest'
import { givenOptions, nearestFlag } from '../../src/cli/flags.ts'
import { resolveOptions } from '../../src/options.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('takes the flags that were given and no others', () => {
  expect(givenOptions({ _: [], $0: 'xmlmill', record: 'paper', bare: false, output: undefined })).toEqual({
    record: 'paper',
  })
})

test('numbers become numbers, and text that looks like one stays text', () => {
  const argv = { concurrency: '8', 'retry-max-wait': '0.5', 'max-bytes': '1000', 'user-agent': '007' }
  expect(givenOptions(argv)).toEqual({ concurrency: 8, retryMaxWait: 0.5, maxBytes: '1000', userAgent: '007' })
})

test('what is no number is refused as it was typed, with all other problems', () => {
  const given = givenOptions({ concurrency: 'many', retries: '', timeout: '5s' })
  expect(() => resolveOptions(given)).toThrow(/--concurrency is many;.*\n--retries is ;.*\n--timeout is 5s;/)
})

test('a count given twice is refused', () => {
  expect(() => resolveOptions(givenOptions({ concurrency: ['4', '8'] }))).toThrow('--concurrency is 4,8; it takes')
})

test("reads the parser's options from a JSON file", () => {
  using folder = temporaryFolder()
  const file = folder.write('options.json', '{"trimValues":false}')
  expect(givenOptions({ 'parser-options': file })).toEqual({ parserOptions: { trimValues: false } })
})

test('says which file of options cannot be read', () => {
  using folder = temporaryFolder()
  const broken = folder.write('broken.json', '{')
  for (const file of [broken, folder.file('absent.json')]) {
    expect(() => givenOptions({ 'parser-options': file })).toThrow(`--parser-options ${file} cannot be read`)
  }
})

test('finds the flag that was probably meant', () => {
  const found = ['recrod', 'concurency', 'per-hots', 'outptu', 'max-byte', 'hel', 'versoin'].map(nearestFlag)
  expect(found).toEqual(['record', 'concurrency', 'per-host', 'output', 'max-bytes', 'help', 'version'])
})

test('suggests nothing for what is near to nothing', () => {
  expect([nearestFlag('frobnicate'), nearestFlag('xyz')]).toEqual([undefined, undefined])
})
