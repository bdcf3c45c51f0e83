import fc from 'fast-check'
import { expect, test } from 'vitest'
import { XmlLines } from '../../src/channel/xml-lines.ts'

/** What a batch has: records behind their XML, rows without, all that may confuse in both. */
const xml = fc.string({ unit: fc.constantFrom('\n', '7', '{', '"', 'é', '<', ' ') }).map((text) => `<r>${text}</r>`)
const records = fc.array(
  fc.record({
    xml: fc.option(xml, { nil: undefined }),
    rows: fc.array(fc.jsonValue(), { minLength: 1, maxLength: 3 }),
  }),
)

test('lines come out with the XML of their record, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(records, fc.array(fc.nat(40)), (given, sizes) => {
      let text = ''
      let last: string | undefined
      const expected: { xml: string | undefined; line: string }[] = []
      for (const { xml, rows } of given) {
        if (xml !== undefined) text += `${Buffer.byteLength(xml)}${xml}`
        last = xml ?? last
        for (const record of rows) {
          const line = JSON.stringify({ record })
          text += `${line}\n`
          expected.push({ xml: last, line })
        }
      }
      const bytes = Buffer.from(text)
      const cut = new XmlLines()
      const lines = []
      let from = 0
      for (const size of sizes) {
        lines.push(...cut.add(Uint8Array.from(bytes.subarray(from, from + size))))
        from += size
      }
      lines.push(...cut.add(bytes.subarray(from)), ...cut.end())
      expect(
        lines.map(({ xml, bytes, from, to }) => ({ xml: xml?.toString(), line: bytes.toString('utf8', from, to) })),
      ).toEqual(expected)
    }),
  )
})

test('a line that is larger than the chunks is looked for whenever there is twice as much of it, not at each of them', () => {
  const cut = new XmlLines()
  const record = `<r>${'x'.repeat(10_000)}</r>`
  const bytes = Buffer.from(`${record.length}${record}{}\n${record.length}${record}{}\n`)
  const counts: number[] = []
  for (let from = 0; from < bytes.length; from += 100) counts.push(cut.add(bytes.subarray(from, from + 100)).length)
  counts.push(cut.end().length)
  expect(counts.reduce((sum, count) => sum + count)).toBe(2)
  // 100, 200, 400 … 12,800 bytes.
  expect(counts.findIndex((count) => count > 0)).toBe(127)
})
