import { expect, test } from 'vitest'
import { SeenTexts } from '../../src/sources/seen.ts'

test('knows every text again, and no other', () => {
  const seen = new SeenTexts()
  const count = 50_000
  for (let index = 0; index < count; index++) {
    if (!seen.add(`http://h/${index}`)) expect.fail(`${index} was taken for another`)
  }
  for (let index = 0; index < count; index++) {
    if (seen.add(`http://h/${index}`)) expect.fail(`${index} was forgotten`)
  }
  expect(seen.add('http://h/another')).toBe(true)
})

test('agrees with a set of strings while texts repeat', () => {
  const seen = new SeenTexts()
  const strings = new Set<string>()
  let state = 1
  for (let step = 0; step < 40_000; step++) {
    state = (state * 48_271) % 2_147_483_647
    const text = `t${state % 15_000}`
    if (seen.add(text) === strings.has(text)) expect.fail(`${text} at step ${step}`)
    strings.add(text)
  }
})
