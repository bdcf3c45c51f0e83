import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitLines } from '../../src/channel/lines.ts'

function split(...chunks: string[]): string[] {
  return [...splitLines(chunks.map((chunk) => Buffer.from(chunk)))].map(String)
}

test('gives the lines of chunks that are cut anywhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }).map((line) => line.replaceAll('\n', ' '))),
      fc.array(fc.nat(6), { maxLength: 40 }),
      (lines, lengths) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const chunks: Buffer[] = []
        let from = 0
        for (const length of lengths) {
          chunks.push(bytes.subarray(from, from + length))
          from += length
        }
        chunks.push(bytes.subarray(from))
        expect([...splitLines(chunks)].map(String)).toEqual(lines)
      },
    ),
  )
})

test('gives a last line without LF as well', () => {
  expect(split('a\nb', 'c')).toEqual(['a', 'bc'])
})

test('keeps empty lines', () => {
  expect(split('\n\na\n')).toEqual(['', '', 'a'])
})

test('has no lines without bytes', () => {
  expect(split()).toEqual([])
  expect(split('', '')).toEqual([])
})

test('keeps what it carries over when the chunk is used again', () => {
  const shared = Buffer.from('ab')
  function* chunks() {
    yield shared
    shared.write('cd')
    yield shared
    yield Buffer.from('\n')
  }
  expect([...splitLines(chunks())].map(String)).toEqual(['abcd'])
})
