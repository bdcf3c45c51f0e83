import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'

const TESTS = fileURLToPath(new URL('..', import.meta.url))
const SELF = fileURLToPath(import.meta.url)

/** What all tests say, but for this one. */
function testSources(): string {
  return readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .map((name) => `${TESTS}${name}`)
    .filter((path) => path.endsWith('.test.ts') && path !== SELF)
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
}

test('every error code is provoked by a test', () => {
  const sources = testSources()
  const missing = Object.keys(ERRORS).filter((code) => !new RegExp(`\\b${code}\\b`).test(sources))
  expect(missing).toEqual([])
})

test('every error says what it means and what to do, in a sentence each', () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERRORS)) {
    for (const sentence of [meaning, remedy]) expect(sentence, code).toMatch(/^\S.*\.$/)
    expect(remedy, code).not.toBe(meaning)
  }
})

test('docs/errors.md lists every code', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  expect(Object.keys(ERRORS).filter((code) => !page.includes(`\`${code}\``))).toEqual([])
})
