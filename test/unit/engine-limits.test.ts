import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createEngine } from '../../workers/xml/engine/engine.ts'
import { Instance } from '../../workers/xml/engine/instance.ts'
import { engineSetting } from '../../workers/xml/engine/setting.ts'
import { cut, ENGINE_DEFAULTS, engineFailure, engineLine, engineLines, millPieces } from '../support/engine-lines.ts'
import { seededRandom } from '../support/seeded-random.ts'

const MIB = 1 << 20

function* repeated(before: string, filler: string, mebibytes: number, after: string): Generator<Uint8Array> {
  yield Buffer.from(before)
  const piece = Buffer.from(filler.repeat(Math.ceil(MIB / Buffer.byteLength(filler))))
  for (let index = 0; index < mebibytes; index++) yield piece
  yield Buffer.from(after)
}

test.each([
  ['a comment', '<v><!--', ' - x', '--><r>1</r></v>'],
  ['a comment before the root', '<!--', 'é', '--><v><r>1</r></v>'],
  ['a processing instruction', '<v><?p ', 'x?', '?><r>1</r></v>'],
  ['a CDATA section', '<v><![CDATA[', 'x]] >', ']]><r>1</r></v>'],
  ['text', '<v>', 'x &amp; y]] ', '<r>1</r></v>'],
  ['white space', '<v>', ' \n', '<r>1</r></v>'],
  ['elements', '<v>', '<x a="1">y</x>', '<r>1</r></v>'],
])('%s outside records may be larger than all memory for records', (_, before, filler, after) => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, record: ['r'], maxRecordBytes: 4 * MIB })
  expect(millPieces(engine, repeated(before, filler, 48, after)).lines).toEqual(['"1"'])
})

test.each([
  ['its text', '<v><r>', 'x '],
  ['a comment in it', '<v><r><!--', 'x '],
  ['an attribute', '<v><r a="', 'x '],
  ['its elements', '<v><r>', '<b/>'],
])('a record is refused when %s makes it larger than --max-record-bytes', (_, before, filler) => {
  const engine = createEngine({ ...ENGINE_DEFAULTS, record: ['r'], maxRecordBytes: 4 * MIB })
  expect(() => millPieces(engine, repeated(before, filler, 6, ''))).toThrow(
    expect.objectContaining({ code: 'RECORD_TOO_LARGE', message: expect.stringContaining('--max-record-bytes') }),
  )
})

test('a record of exactly --max-record-bytes is read, however it arrives', () => {
  const record = `<r>${'x'.repeat(993)}</r>`
  const bytes = Buffer.from(`<v>${record}</v>`)
  for (const most of [1, 100, 10_000]) {
    const pieces = () => cut(bytes, seededRandom(most), most)
    const accepting = createEngine({ ...ENGINE_DEFAULTS, record: ['r'], maxRecordBytes: 1000 })
    expect(millPieces(accepting, pieces()).lines).toHaveLength(1)
    const refusing = createEngine({ ...ENGINE_DEFAULTS, record: ['r'], maxRecordBytes: 999 })
    expect(() => millPieces(refusing, pieces())).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }))
  }
})

test('tags and declarations outside records are bounded like records', () => {
  for (const xml of [
    `<v a="${'x'.repeat(2000)}"/>`,
    `<!DOCTYPE v [${' '.repeat(2000)}]><v/>`,
    `<v></v${' '.repeat(2000)}>`,
  ]) {
    const options = { record: ['r'], maxRecordBytes: 1000 }
    expect(engineFailure(xml, options).code).toBe('RECORD_TOO_LARGE')
    const engine = createEngine({ ...ENGINE_DEFAULTS, ...options })
    expect(() => millPieces(engine, cut(Buffer.from(xml), seededRandom(1), 50))).toThrow('--max-record-bytes')
  }
})

test('elements may be nested as deeply as --max-depth says, and no deeper', () => {
  const nested = (depth: number) => `${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`
  expect(engineLine(nested(256))).toBeDefined()
  const error = engineFailure(nested(257))
  expect([error.code, error.message.includes('--max-depth 256'), error.details.column]).toEqual([
    'DEPTH_TOO_GREAT',
    true,
    769,
  ])
})

test.each(['json', 'ordered', 'xml'] as const)('depth costs no stack in the %s shape', (shape) => {
  const depth = 300_000
  const xml = `${'<a>'.repeat(depth)}x<b/>${'</a>'.repeat(depth)}`
  const line = engineLine(xml, { shape, maxDepth: depth + 1 })
  expect(line?.length).toBeGreaterThan(depth * 6)
})

test('names may be many: of elements, of attributes, of children', () => {
  const count = 50_000
  const attributes = Array.from({ length: count }, (_, index) => ` a${index}="${index}"`).join('')
  const children = Array.from({ length: count }, (_, index) => `<c${index}/>`).join('')
  const record = JSON.parse(engineLine(`<v${attributes}>${children}</v>`) ?? '')
  expect(Object.keys(record)).toHaveLength(2 * count)
  expect(record[`@_a${count - 1}`]).toBe(`${count - 1}`)
})

test('declarations may be many: the tables grow while they are handed over', () => {
  const names = Array.from({ length: 5000 }, (_, index) => `attribute-${index}-${'x'.repeat(index % 40)}`)
  const declared = names.map((name) => `${name} CDATA "${name}!"`).join(' ')
  const record = JSON.parse(engineLine(`<!DOCTYPE a [<!ATTLIST a ${declared}>]><a/>`) ?? '')
  expect(record).toEqual(Object.fromEntries(names.map((name) => [`@_${name}`, `${name}!`])))
})

test('attributes with prefixes may be many', () => {
  const count = 20_000
  const attributes = Array.from({ length: count }, (_, index) => ` xmlns:p${index}="u${index}" p${index}:a="1"`).join(
    '',
  )
  expect(engineLines(`<v${attributes}/>`, { namespaces: 'strict' }).lines).toHaveLength(1)
  const twice = `<v${attributes} xmlns:q="u7" q:a="2"/>`
  expect(engineFailure(twice, { namespaces: 'strict' }).code).toBe('XML_NAMESPACE_INVALID')
})

test('names that are all different stay within the memory of a record', () => {
  function* names(): Generator<Uint8Array> {
    yield Buffer.from('<v>')
    for (let from = 0; ; from += 1000) {
      yield Buffer.from(Array.from({ length: 1000 }, (_, index) => `<n${from + index}/>`).join(''))
    }
  }
  const engine = createEngine({ ...ENGINE_DEFAULTS, record: ['r'], maxRecordBytes: 8 * MIB })
  expect(() => millPieces(engine, names())).toThrow(expect.objectContaining({ code: 'NAMES_TOO_MANY' }))
})

test('a long token in small pieces is not read again and again', () => {
  const engine = createEngine(ENGINE_DEFAULTS)
  const value = 'x '.repeat(1 << 20).trim()
  const pieces = cut(Buffer.from(`<a b="${value}">${value}<![CDATA[${value}]]></a>`), seededRandom(1), 30)
  expect(JSON.parse(millPieces(engine, pieces).lines[0] ?? '')).toEqual({ '#text': value + value, '@_b': value })
})

test.each([
  ['text', 'lol', '&l9;'],
  ['markup', '<b/>', '&l9;'],
  ['markup, many times', '<b>x</b>', '&l5;'.repeat(1000)],
  ['text, many times', 'x'.repeat(1000), '&l2;'.repeat(30_000)],
])('entities that explode are stopped: %s', (_, core, content) => {
  const entities = Array.from({ length: 9 }, (_, index) => {
    const inner = index === 0 ? core : `&l${index};`
    return `<!ENTITY l${index + 1} "${inner.repeat(10)}">`
  })
  const error = engineFailure(`<!DOCTYPE a [${entities.join('')}]><a>${content}</a>`, { record: ['r'] })
  expect(error.code).toBe('XML_ENTITY_EXPANSION')
})

test('entities nested more than 40 deep are refused', () => {
  const entities = (core: string) =>
    Array.from({ length: 50 }, (_, index) => `<!ENTITY e${index} "${index === 0 ? core : `&e${index - 1};`}">`).join('')
  for (const core of ['x', '<b/>']) {
    const xml = (depth: number) => `<!DOCTYPE a [${entities(core)}]><a>&e${depth};</a>`
    expect(engineFailure(xml(45)).code).toBe('XML_ENTITY_EXPANSION')
    expect(engineLine(xml(30))).toBeDefined()
  }
})

test('an instance that has grown large is not kept for the next document', () => {
  const compiled = readFileSync(new URL('../../workers/xml/engine/engine.wasm', import.meta.url))
  const instance = new Instance(new WebAssembly.Module(compiled), engineSetting(ENGINE_DEFAULTS))
  instance.calls.reset()
  expect(instance.isReusable).toBe(true)
  instance.calls.room(20 * MIB)
  expect(instance.isReusable).toBe(false)
})
