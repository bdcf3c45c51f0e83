import { expect, test } from 'vitest'
import type { RecordContext, Transform } from '../../src/channel/transform-module.ts'
import { type TransformOutput, TransformStage } from '../../workers/transform.ts'

interface Out {
  readonly records: string[]
  readonly rejects: {
    readonly code: string
    readonly reason: string
    readonly n: number
    readonly record: unknown
    readonly xml: string
  }[]
  readonly stage: TransformStage
}

const ownXml = (n: number) => `<r n="${n}">\né</r>`

/** Runs a transform over records of one document. */
async function transformed(
  transform: Transform,
  records: readonly unknown[],
  form: Partial<TransformOutput> = {},
): Promise<Out> {
  const out: Record<'records' | 'rejects', string> = { records: '', rejects: '' }
  const counted = { records: 0, rejects: 0 }
  const stage = new TransformStage(transform, { hasEnvelope: false, hasXml: false, ...form }, (kind, lines, count) => {
    out[kind] += Buffer.from(lines).toString()
    counted[kind] += count
  })
  for (const [n, record] of records.entries()) {
    const xml = ownXml(n)
    const line = JSON.stringify({ url: 'http://a/', n, name: 'r', record })
    stage.push(Buffer.from(`${Buffer.byteLength(xml)}${xml}${line}\n`))
  }
  expect(stage.hasWaiting).toBe(records.length > 0)
  await stage.flush()
  expect(stage.hasWaiting).toBe(false)
  const lines = (text: string) => text.split('\n').slice(0, -1)
  const rejects = lines(out.rejects).map((line) => JSON.parse(line))
  expect(counted).toEqual({ records: stage.counts.written, rejects: rejects.length })
  return { records: lines(out.records), rejects, stage }
}

test('gives each record to the function, with its URL, place and name', async () => {
  const seen: [unknown, RecordContext][] = []
  await transformed((record, context) => void seen.push([record, context]), ['a', { b: 1 }])
  expect(seen).toEqual([
    ['a', { url: 'http://a/', n: 0, name: 'r' }],
    [{ b: 1 }, { url: 'http://a/', n: 1, name: 'r' }],
  ])
})

test('a row, several, none, or a promise of these', async () => {
  const { records, stage } = await transformed(
    async (record) =>
      record === 'none' ? undefined : record === 'two' ? [1, 2] : record === 'empty' ? [] : { record },
    ['one', 'two', 'none', 'empty'],
  )
  expect(records).toEqual(['{"record":"one"}', '1', '2'])
  expect(stage.counts).toMatchObject({ written: 3, rejected: 0, dropped: 2 })
})

test('keeps the order of records, however long each takes', async () => {
  const { records } = await transformed(
    async (record) => {
      if (record === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      return record
    },
    [0, 1, 2],
  )
  expect(records).toEqual(['0', '1', '2'])
})

test('rows have the place of their record in the envelope, and their own where there are several', async () => {
  const { records } = await transformed((record) => (record === 'two' ? [1, null] : record), ['one', 'two'], {
    hasEnvelope: true,
  })
  expect(records).toEqual([
    '{"url":"http://a/","n":0,"name":"r","record":"one"}',
    '{"url":"http://a/","n":1,"row":0,"name":"r","record":1}',
    '{"url":"http://a/","n":1,"row":1,"name":"r","record":null}',
  ])
})

test('a throw rejects its record alone, with the reason', async () => {
  const { records, rejects, stage } = await transformed(
    (record) => {
      if (record === 'bad') throw new RangeError('too bad')
      return record
    },
    ['a', 'bad', 'b'],
  )
  expect(records).toEqual(['"a"', '"b"'])
  expect(rejects).toEqual([
    {
      url: 'http://a/',
      n: 1,
      name: 'r',
      code: 'TRANSFORM_THREW',
      reason: 'RangeError: too bad',
      record: 'bad',
      xml: ownXml(1),
    },
  ])
  expect(stage.counts).toMatchObject({ written: 2, rejected: 1 })
})

test('a record is rejected as it was given, also when the function has changed it before it threw', async () => {
  const { rejects } = await transformed(
    (record) => {
      if (typeof record === 'object' && record !== null) Object.assign(record, { self: record, b: 3 })
      throw new Error('no')
    },
    [{ a: '1', b: '2' }],
  )
  expect(rejects).toMatchObject([{ record: { a: '1', b: '2' }, xml: ownXml(0) }])
})

test('for an output that may refuse rows these come behind the XML of their record, once for all of them', async () => {
  const { records, rejects } = await transformed(
    (record) => (record === 'two' ? [1, 2] : record === 'none' ? undefined : record === 'bad' ? 1n : record),
    ['one', 'two', 'none', 'bad'],
    { hasEnvelope: true, hasXml: true },
  )
  const line = (n: number, row: string, record: unknown) =>
    `{"url":"http://a/","n":${n},${row}"name":"r","record":${JSON.stringify(record)}}`
  const behind = (n: number) => `${Buffer.byteLength(ownXml(n))}${ownXml(n)}`
  expect(records.join('\n')).toBe(
    [behind(0) + line(0, '', 'one'), behind(1) + line(1, '"row":0,', 1), line(1, '"row":1,', 2)].join('\n'),
  )
  expect(rejects).toMatchObject([{ n: 3, record: 'bad', xml: ownXml(3) }])
})

for (const [what, thrown, reason] of [
  ['text', 'no', 'no'],
  ['nothing', undefined, 'undefined'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['a plain object', { status: 7 }, '{ status: 7 }'],
  ['an object that is no text', Object.create(null), '[Object: null prototype] {}'],
] as const) {
  test(`says what was thrown when it is ${what}`, async () => {
    const { rejects } = await transformed(() => {
      throw thrown
    }, [1])
    expect(rejects.map((reject) => reject.reason)).toEqual([reason])
  })
}

for (const [what, row] of [
  ['a BigInt', 1n],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a BigInt inside', { id: [1n] }],
] as const) {
  test(`rejects a record whose row is ${what}`, async () => {
    const { records, rejects } = await transformed(() => row, [1])
    expect(records).toEqual([])
    expect(rejects).toHaveLength(1)
    expect(rejects[0]?.code).toBe('TRANSFORM_THREW')
    expect(rejects[0]?.reason).toMatch(/BigInt|JSON cannot carry/)
  })
}

test('rejects a record whose row refers to itself', async () => {
  const row: Record<string, unknown> = {}
  row.self = row
  const { rejects } = await transformed(() => row, [1])
  expect(rejects[0]?.reason).toContain('circular')
})

test('all rows of a record or none: one that JSON cannot carry takes the others with it', async () => {
  const { records, rejects, stage } = await transformed((record) => (record === 1 ? [1, 2n] : record), [1, 3])
  expect(records).toEqual(['3'])
  expect(rejects).toHaveLength(1)
  expect(stage.counts).toMatchObject({ written: 1, rejected: 1 })
})

test('keeps names such as __proto__ as plain data', async () => {
  const stage: string[] = []
  const line = '{"url":"u","n":0,"name":"r","record":{"__proto__":{"x":"1"},"constructor":"c"}}\n'
  const through = new TransformStage(
    (record) => record,
    { hasEnvelope: false, hasXml: false },
    (_, lines) => stage.push(Buffer.from(lines).toString()),
  )
  through.push(Buffer.from(line))
  await through.flush()
  expect(stage).toEqual(['{"__proto__":{"x":"1"},"constructor":"c"}\n'])
})

test('takes a copy of the lines that it is given', async () => {
  const lines = Buffer.from('{"url":"u","n":0,"name":"r","record":"a"}\n')
  const seen: unknown[] = []
  const stage = new TransformStage(
    (record) => void seen.push(record),
    { hasEnvelope: false, hasXml: false },
    () => {},
  )
  stage.push(lines)
  lines.fill(0)
  await stage.flush()
  expect(seen).toEqual(['a'])
})
