import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Item } from '../../src/sources/item.ts'
import { lineBatches, MAX_LINE_BYTES } from '../../src/sources/lines.ts'

async function items(...chunks: readonly (string | Uint8Array)[]): Promise<Item[]> {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  const found: Item[] = []
  for await (const batch of lineBatches(bytes())) found.push(...batch)
  return found
}

test('leaves out blank lines and comments but counts them', async () => {
  expect(await items('# title\n\nhttp://h/1\n   \n  # note\n  http://h/2  ')).toEqual([
    { text: 'http://h/1', number: 3 },
    { text: 'http://h/2', number: 6 },
  ])
})

test('takes CRLF, a byte order mark, and a last line without an end', async () => {
  expect(await items('\uFEFFhttp://h/1\r\n\r\nhttp://h/ü')).toEqual([
    { text: 'http://h/1', number: 1 },
    { text: 'http://h/ü', number: 3 },
  ])
})

test('takes a comment behind a byte order mark for a comment', async () => {
  expect(await items('\uFEFF# title\nhttp://h/1\n')).toEqual([{ text: 'http://h/1', number: 2 }])
})

test('gives a line beyond the limit as a fault and goes on behind it', async () => {
  const long = `http://h/${'x'.repeat(MAX_LINE_BYTES)}`
  const [first, second, ...rest] = await items(`${long}\nhttp://h/2\n`)
  expect(first).toMatchObject({ number: 1, fault: 'the line is longer than 65536 bytes' })
  expect(first?.text.length).toBeLessThan(300)
  expect(second).toEqual({ text: 'http://h/2', number: 2 })
  expect(rest).toEqual([])
})

test('takes a line of just the limit', async () => {
  const line = `http://h/${'x'.repeat(MAX_LINE_BYTES - 9)}`
  expect(await items(line.slice(0, 1000), line.slice(1000))).toEqual([{ text: line, number: 1 }])
})

test('says that a line is not UTF-8 instead of asking for another URL', async () => {
  const [latin1, utf8] = await items(Buffer.from('http://h/caf\xe9\n', 'latin1'), 'http://h/\uFFFD\n')
  expect(latin1?.fault).toMatch(/not valid UTF-8/)
  expect(utf8).toEqual({ text: 'http://h/\uFFFD', number: 2 })
})

test('finds the same lines wherever the bytes are cut', async () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('# c', '', '  ', '\r', 'http://h/ü😀'),
    fc.constant('y'.repeat(MAX_LINE_BYTES + 1)),
  )
  const text = fc.tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'))
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(), { maxLength: 12 }), async ([lines, end], cuts) => {
      const bytes = Buffer.from(lines.join(end))
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
      expect(await items(...chunks)).toEqual(await items(bytes))
    }),
  )
})

test('finds the same lines in bytes that come one by one', async () => {
  const bytes = Buffer.from('http://h/ä\r\n\n# é\nhttp://h/😀\nhttp://h/3')
  expect(await items(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(await items(bytes))
})
