/** A reject has the record's own XML, whoever refused it. */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { mill } from '../../src/index.ts'
import { resolveOptions } from '../../src/options.ts'
import { openOutput } from '../../src/sinks/output.ts'
import { runCommand } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Reject {
  readonly n: number
  readonly row?: number
  readonly code: string
  readonly record: unknown
  readonly xml: string | null
}

function rejectsIn(path: string): readonly Reject[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line)).toSorted((a, b) => a.n - b.n || (a.row ?? 0) - (b.row ?? 0))
}

const BAD = '<r id="2">\r\n  <c a="&quot;">é &#65;</c><!-- why -->\r\n</r >'
const DOCUMENT = `<?xml version="1.0"?>\n<a><r id="1"><b>1</b></r>${BAD}<r id="3"><b>3</b></r></a>`

for (const [what, ...args] of [
  ['CSV', '-o', 'out.csv', '--columns', 'b'],
  ['compressed CSV', '-o', 'out.csv.zst', '--columns', 'b', '--bare'],
  ['Parquet', '-o', 'out.parquet', '--columns', 'b'],
  ['SQLite', '-o', 'out.sqlite', '--columns', 'b'],
  ['SQLite with a key', '-o', 'out.sqlite', '--columns', 'b,c', '--key', 'b'],
  ['CSV, by fast-xml-parser', '-o', 'out.csv', '--columns', 'b', '--parser', 'fast-xml-parser'],
  ['CSV, in another shape', '-o', 'out.csv', '--columns', 'b', '--values', '--with-attributes-of', 'ancestors'],
] as const) {
  test(`what a target refuses: ${what}`, async () => {
    using folder = temporaryFolder()
    // In another encoding: the reject is in UTF-8.
    folder.write('a.xml', Buffer.from(`\uFEFF${DOCUMENT.replace('?>', ' encoding="utf-16"?>')}`, 'utf16le'))
    const { exitCode, stderr } = await runCommand(['a.xml', '-r', 'r', '--rejects', 'no', ...args], {
      cwd: folder.path,
    })
    expect(stderr).toContain('RECORD_REFUSED')
    expect(exitCode).toBe(1)
    expect(rejectsIn(folder.file('no'))).toMatchObject([
      { n: 1, code: 'RECORD_REFUSED', record: { '@_id': expect.anything() }, xml: BAD },
    ])
  })
}

test('what has no column because the first records had none, with records held in a file and cut anywhere', async () => {
  using folder = temporaryFolder()
  const good = Array.from({ length: 20_000 }, (_, n) => `<r id="${n}">${'text '.repeat(n % 30)}</r>`)
  const late = Array.from({ length: 5 }, (_, n) => `<r late="${n}">\n${`"${n}" `.repeat(40_000 * n)}</r>`)
  folder.write(
    'a.xml',
    `<a>${good.slice(0, 10_000).join('')}${late.join('<r id="x"/>')}${good.slice(10_000).join('')}</a>`,
  )
  const { exitCode } = await runCommand(['a.xml', '-r', 'r', '-o', 'out.csv', '--spool-above', '100KB'], {
    cwd: folder.path,
  })
  expect(exitCode).toBe(1)
  expect(rejectsIn(folder.file('out.csv.rejects.ndjson')).map(({ xml }) => xml)).toEqual(late)
})

test('records that waited for the columns of a CSV file keep theirs', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', DOCUMENT)
  folder.write('t.mjs', "export default (record, { n }) => (n === 1 ? { b: '\\ud800' } : record)")
  const args = ['a.xml', '-r', 'r', '-o', 'out.csv', '--transform', 't.mjs']
  await runCommand(args, { cwd: folder.path })
  expect(rejectsIn(folder.file('out.csv.rejects.ndjson'))).toMatchObject([{ n: 1, code: 'RECORD_REFUSED', xml: BAD }])
})

test('rows that a transform made of a record: the first that is refused has its XML', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', DOCUMENT)
  folder.write(
    't.mjs',
    `export default (record, { n }) => {
       if (n === 1) throw new Error('no')
       return [{ b: n }, { c: n }, { b: n }, { c: n }]
     }`,
  )
  for (const [output, columns] of [
    ['out.csv', 'b'],
    ['out.sqlite', 'b'],
  ] as const) {
    await runCommand(['a.xml', '-r', 'r', '-o', output, '--columns', columns, '--transform', 't.mjs'], {
      cwd: folder.path,
    })
    expect(rejectsIn(folder.file(`${output}.rejects.ndjson`))).toMatchObject([
      { n: 0, row: 1, record: { c: 0 }, xml: '<r id="1"><b>1</b></r>' },
      { n: 0, row: 3, record: { c: 0 }, xml: null },
      { n: 1, code: 'TRANSFORM_THREW', xml: BAD },
      { n: 2, row: 1, record: { c: 2 }, xml: '<r id="3"><b>3</b></r>' },
      { n: 2, row: 3, record: { c: 2 }, xml: null },
    ])
  }
})

test('records inside a record, and a whole document as one record', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', '<!DOCTYPE a [<!ENTITY e "<r>in</r>">]>\n<a><r>out <r>&amp;</r></r>&e;</a>')
  folder.write('t.mjs', "export default () => { throw new Error('no') }")
  const xmls = async (...args: string[]) => {
    const run = ['a.xml', '--transform', 't.mjs', '--rejects', `no${args.length}`, ...args]
    await runCommand(run, { cwd: folder.path })
    return rejectsIn(folder.file(`no${args.length}`)).map(({ xml }) => xml)
  }
  expect(await xmls('-r', 'r', '--nested')).toEqual(['<r>out <r>&amp;</r></r>', '<r>&amp;</r>', '<r>in</r>'])
  expect(await xmls()).toEqual(['<a><r>out <r>&amp;</r></r>&e;</a>'])
})

test('what the constraints of a table refuse that was there', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', DOCUMENT)
  using database = new DatabaseSync(folder.file('out.db'))
  database.exec(
    `CREATE TABLE r (url TEXT, n INTEGER, "row" INTEGER, record TEXT CHECK (record NOT LIKE '%"c"%'), UNIQUE (url, n, "row"))`,
  )
  const { exitCode } = await runCommand(['a.xml', '-r', 'r', '-o', 'out.db'], { cwd: folder.path })
  expect(exitCode).toBe(1)
  expect(rejectsIn(folder.file('out.db.rejects.ndjson'))).toMatchObject([{ n: 1, code: 'RECORD_REFUSED', xml: BAD }])
})

test.each<[boolean, { readonly columns?: string[]; readonly transform?: string }]>([
  [false, {}],
  [true, { columns: ['b'] }],
  [true, { transform: 't.mjs' }],
])('records come to a new SQLite database with their XML: %s, with %o', async (mayRefuse, more) => {
  using folder = temporaryFolder()
  folder.write('a.xml', DOCUMENT)
  folder.write('t.mjs', 'export default (record) => record')
  const transform = more.transform === undefined ? {} : { transform: folder.file(more.transform) }
  const options = { record: 'r', output: folder.file('out.db'), ...more, ...transform }
  for (const _ of ['made', 'gone on with']) {
    await using output = await openOutput(resolveOptions(options))
    expect(output.sink.mayRefuse).toBe(mayRefuse)
    await output.close()
    for await (const { status } of mill(folder.file('a.xml'), options)) expect(status).toBe('done')
  }
})

test("a program's loop beside a table has the records as ever, and the rejects of its transform with their XML", async () => {
  using folder = temporaryFolder()
  const path = folder.write('a.xml', DOCUMENT)
  const transform = folder.write(
    't.mjs',
    "export default (record) => { if (record.c) throw new Error('no'); return record }",
  )
  const options = { record: 'r', output: folder.file('out.csv'), columns: ['b'], transform }
  for await (const document of mill(path, options)) {
    if (document.status === 'failed') throw document.error
    expect([...document.records()]).toEqual([
      { b: '1', '@_id': '1' },
      { b: '3', '@_id': '3' },
    ])
    expect([...document.rejects()]).toMatchObject([{ n: 1, xml: BAD }])
  }
})
