import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { cellsOf, parseColumns, refusedLine } from '../../src/sinks/columns.ts'
import { ColumnSample, sampledCells } from '../../src/sinks/columns-sample.ts'
import { csvRow } from '../../src/sinks/csv-rows.ts'
import { CopyRows, unstorable } from '../../src/sinks/postgres-rows.ts'
import { type RecordLine, recordLines } from '../../src/sinks/record-lines.ts'

function line(record: unknown, more: Partial<RecordLine> = {}): RecordLine {
  return {
    url: 'http://a/',
    n: 3,
    row: 0,
    name: 'r',
    ancestors: undefined,
    xml: undefined,
    json: Buffer.from(JSON.stringify(record)),
    ...more,
  }
}

function cells(columns: string, record: unknown, more?: Partial<RecordLine>) {
  return cellsOf(parseColumns([columns]), line(record, more))
}

test.each([
  ['a column is the value of its name', 'a', { a: 'x' }, ['x']],
  ['a path leads inwards', 'v=a.b.@_c', { a: { b: { '@_c': 'x' } } }, ['x']],
  ['what is not there is nothing', 'a,b', { a: 'x' }, ['x', null]],
  ['a step into an array goes into each item', 'v=a.b', { a: [{ b: '1' }, { c: '2' }, { b: '3' }] }, ['["1","3"]']],
  ['a number goes to one item', 'v=a.1.b', { a: [{ b: '1' }, { b: '2' }] }, ['2']],
  ['what is single is the first of one', 'v=a.0.b,w=c.0', { a: { b: '1' }, c: 'x' }, ['1', 'x']],
  ['a name may have dots', 'v=a.b', { 'a.b': 'x' }, ['x']],
  ['an element with text alone is its text', 'v=#text', 'x', ['x']],
  ['objects and arrays are JSON text', 'a', { a: { b: ['1'] } }, ['{"b":["1"]}']],
  ['names of objects in general are no columns', 'toString,a', { a: '1' }, [null, '1']],
  ['numbers and booleans stay', 'a,b', { a: 1.5, b: false }, [1.5, false]],
])('%s', (_, columns, record, expected) => {
  expect(cells(columns, record)).toEqual(expected)
})

test('the envelope has columns as well', () => {
  expect(
    cells('u=$url,n=$n,k=$name,v=$ancestors.0.attributes.@_id', {}, { ancestors: '[{"attributes":{"@_id":"7"}}]' }),
  ).toEqual(['http://a/', 3, 'r', '7'])
})

test('a record with none of the columns is refused, and told whole with the reason', () => {
  const refused = cells('a,b', { c: '1' })
  expect(refused).toEqual({ reason: 'it has none of the columns' })
  const xml = Buffer.from('<r><c>1</c></r>')
  const reject = refusedLine(line({ c: '1' }, { xml }), { reason: 'it has none of the columns' }).toString()
  expect(JSON.parse(reject)).toEqual({
    url: 'http://a/',
    n: 3,
    name: 'r',
    code: 'RECORD_REFUSED',
    reason: 'it has none of the columns',
    record: { c: '1' },
    xml: '<r><c>1</c></r>',
  })
})

test('half of a surrogate pair is refused', () => {
  expect(cells('a', { a: '\ud800' })).toHaveProperty('reason')
})

test.each(['a,a', '=x', 'a=', 'a=b..c', 'a=$nothing'])('--columns %s is refused', (columns) => {
  expect(() => parseColumns([columns])).toThrow(MillError)
})

test('columns of a sample are its keys, and a record with another key is refused with its name', () => {
  const sample = new ColumnSample('#text')
  for (const record of [{ a: '1' }, 'text', { b: { c: '2' } }]) sample.add(line(record))
  expect(sample.keys).toEqual(['a', '#text', 'b'])
  const read = sampledCells(sample.keys, '#text', sample.keys, (key) => key)
  expect(read(line({ b: ['x'] }))).toEqual([null, null, '["x"]'])
  expect(read(line({ a: '1', d: '2' }))).toMatchObject({ reason: expect.stringContaining('it has d') })
})

test('half of a surrogate pair, in a value or its name, makes no column and fits none', () => {
  const sample = new ColumnSample('#text')
  for (const record of ['\ud800', { a: '1', '\udc00': '2' }, { b: 'x\ud800' }, { c: { d: '\ud800' } }])
    sample.add(line(record))
  expect([sample.records, sample.keys]).toEqual([1, ['c']])
  const read = sampledCells(sample.keys, '#text', sample.keys, (key) => key)
  for (const record of [{ c: '\ud800' }, { '\udc00': '2' }, { b: 'x\ud800' }])
    expect(read(line(record))).toEqual({ reason: expect.stringContaining('surrogate') })
})

test('CSV quotes what RFC 4180 wants quoted, and nothing else', () => {
  expect(csvRow(['a', 'b,c', 'd"e', 'f\ng', '', null, 1, ' h '])).toBe('a,"b,c","d""e","f\ng","",,1, h \r\n')
  expect(csvRow([null])).toBe('""\r\n')
})

test('rows for COPY are what its binary format says, also when they grow', () => {
  const rows = new CopyRows()
  const long = 'é'.repeat(70_000)
  rows.begin(5)
  rows.text('a\té')
  rows.integer(2 ** 32 + 3)
  rows.jsonb(Buffer.from('{}'))
  rows.none()
  rows.text(long)
  const head = '0005 00000004 6109c3a9 00000008 0000000100000003 00000003 017b7d ffffffff 000222e0'
  expect(rows.take().toString('hex')).toBe(head.replaceAll(' ', '') + 'c3a9'.repeat(70_000))
  rows.begin(1)
  rows.textBytes(Buffer.from('b'))
  expect(rows.take().toString('hex')).toBe('0001' + '00000001' + '62')
  expect(rows.byteLength).toBe(0)
})

test('what PostgreSQL cannot store is known before it is sent', () => {
  const json = (text: string) => unstorable([null, Buffer.from(text)])?.reason
  expect(unstorable(['a', 1, 'a\0'])?.reason).toContain('U+0000')
  expect(json(JSON.stringify({ a: 'x\0' }))).toContain('U+0000')
  expect(json(JSON.stringify({ a: '\ud800' }))).toContain('surrogate')
  for (const good of ['\\u0000', '\\\\u0000', '\u0001', '😀', '\\ud800']) {
    expect(json(JSON.stringify({ a: good }))).toBeUndefined()
  }
  expect(json('"\\ud83d\\ude00"')).toBeUndefined()
})

test('lines cut anywhere are the same records', async () => {
  const lines = [
    { url: 'http://a/"x"', n: 0, name: 'r', record: { a: 'é"}' } },
    { url: 'http://a/"x"', n: 12, row: 3, name: 'rs', record: 'x' },
    { url: 'http://a/"x"', n: 13, name: 'r', ancestors: [{ name: 'v' }], record: [1] },
    { url: 'http://b/', n: 0, name: 'r', record: null },
  ]
  const bytes = Buffer.from(lines.map((one) => `${JSON.stringify(one)}\n`).join(''))
  for (let cut = 1; cut < bytes.byteLength; cut += 1) {
    const read = async function* () {
      yield bytes.subarray(0, cut)
      yield bytes.subarray(cut)
    }
    const found: unknown[] = []
    for await (const some of recordLines({ read })) {
      for (const { url, n, row, name, ancestors, json } of some)
        found.push({
          url,
          n,
          ...(row > 0 && { row }),
          name,
          ...(ancestors !== undefined && { ancestors: JSON.parse(ancestors) }),
          record: JSON.parse(Buffer.from(json).toString()),
        })
    }
    expect(found).toEqual(lines)
  }
})
