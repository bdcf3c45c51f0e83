import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvRow } from '../../src/sinks/csv-rows.ts'
import { CsvFields, fieldValue } from '../../src/sinks/merge/csv-fields.ts'

const cell = fc.oneof(
  fc.constant(null),
  fc.string({ unit: fc.constantFrom('a', 'é', '😀', '"', ',', '\r', '\n', ' ') }),
  fc.integer(),
)

test('fields are those that were written, wherever the bytes are cut, and stay as they stand', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (rows, cuts) => {
        const text = Buffer.from(rows.map(csvRow).join('')).toString('latin1')
        const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]
        const reader = new CsvFields()
        const read = places.flatMap((place, index) => reader.add(text.slice(place, places[index + 1])))
        expect(read.map((fields) => `${fields.join(',')}\r\n`).join('')).toBe(text)
        const values = read.map((fields) => fields.map((field) => Buffer.from(fieldValue(field), 'latin1').toString()))
        expect(values).toEqual(rows.map((row) => row.map((one) => (one === null ? '' : String(one)))))
      },
    ),
    { numRuns: 2000 },
  )
})

test('a row that has not come to its end is kept back', () => {
  for (const part of ['a', 'a,', 'a,"b', 'a,"b"', 'a,"b""', 'a,"b"\r', 'a,\r'])
    expect(new CsvFields().add(part)).toEqual([])
  const reader = new CsvFields()
  expect([reader.add('a,"b"'), reader.add('"c"\r'), reader.add('\nd,')]).toEqual([[], [], [['a', '"b""c"']]])
})
