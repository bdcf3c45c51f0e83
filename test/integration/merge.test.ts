/** The outputs of shards, of every kind, into one. */
import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import type { LibraryOptions } from '../../src/index.ts'
import { documentKey } from '../../src/ledger/document-key.ts'
import type { LedgerRow } from '../../src/ledger/ledger.ts'
import { mergeOutputs } from '../../src/sinks/merge.ts'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand } from '../support/command-line.ts'
import { contentOf, millUndisturbed, problemsOf, sorted } from '../support/kill-chain.ts'
import { MERGED, millShards, outputOf } from '../support/merge-parts.ts'
import { serve } from '../support/serve.ts'
import { parquet, readText } from '../support/sink-targets.ts'
import { failureOf, millInto, writeRecords } from '../support/small-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

for (const [name, extension, targetOf] of MERGED) {
  test(`the shards of a list in ${name} become what one run gives, and it can be gone on with`, async () => {
    const { parts, whole, into } = await millShards(extension, targetOf)()
    using folder = temporaryFolder()
    const merged = into('merged', folder)
    const args = ['merge', outputOf(merged), ...parts.map(outputOf)]
    const { exitCode, stdout, stderr } = await runCommand(args, { cwd: folder.path })
    expect(stderr).toBe('')
    // Some documents failed.
    expect(exitCode).toBe(1)
    expect(stdout.toString()).toMatch(/: 40 documents with [\d,]+ records\n4 documents failed; .* tries again\n$/)
    expect(await problemsOf(merged)).toEqual([])
    const content = sorted(await contentOf(merged))
    expect(content).toEqual(sorted(await contentOf(whole)))
    // As a run without shards has it: what is done is there, what failed is tried again and fails again.
    await millUndisturbed(merged)
    expect(await problemsOf(merged)).toEqual([])
    expect(sorted(await contentOf(merged))).toEqual(content)
    // Again, all of it is there.
    const again = await runCommand(args, { cwd: folder.path })
    expect(again.stdout.toString()).toMatch(/part-1\S+: 0 documents taken, \d+ already there\n/)
    expect(sorted(await contentOf(merged))).toEqual(content)
  })
}

test('columns that parts have taken from their own first records become the columns of all', async () => {
  using folder = temporaryFolder()
  const [a = '', b = '', empty = ''] = writeRecords(folder, {
    a: ['<x>1</x><y>a, "b"\nc</y>', '<x>2</x>'],
    b: ['<z>ü€😀</z><x>3</x>', '<url>mine</url><x/>'],
    empty: [],
  })
  for (const extension of ['csv', 'csv.gz', 'parquet']) {
    const parts = ['1', '2', '3'].map((n) => folder.file(`part-${n}.${extension}`))
    for (const [place, document] of [a, b, empty].entries()) await millInto(parts[place] ?? '', [document])
    const output = folder.file(`all.${extension}`)
    expect(await mergeOutputs({ output, parts: parts.toReversed() })).toMatchObject({ done: 3, records: 4 })
    expect((await verifyOutput(output)).problems).toEqual([])
    if (extension === 'parquet') {
      const files = readdirSync(output).filter((name) => name.endsWith('.parquet'))
      const rows = await Promise.all(
        files.map((name) => parquetReadObjects({ file: new Uint8Array(readFileSync(`${output}/${name}`)).buffer })),
      )
      expect(rows.flat().map(({ url: _, ...row }) => row)).toEqual([
        { n: 0, z: 'ü€😀', x: '3', 'record.url': null, y: null },
        { n: 1, z: null, x: '', 'record.url': 'mine', y: null },
        { n: 0, z: null, x: '1', 'record.url': null, y: 'a, "b"\nc' },
        { n: 1, z: null, x: '2', 'record.url': null, y: null },
      ])
    } else {
      const [url, other] = [`file://${b}`, `file://${a}`]
      expect(readText(output).split('\r\n')).toEqual([
        'url,n,z,x,record.url,y',
        `${url},0,ü€😀,3,,`,
        `${url},1,,"",mine,`,
        `${other},0,,1,,"a, ""b""\nc"`,
        `${other},1,,2,,`,
        '',
      ])
    }
    // A run goes on with these columns, and holds them.
    await millInto(output, writeRecords(folder, { more: ['<y>4</y>', '<w>5</w>'] }))
    expect((await verifyOutput(output)).problems).toEqual([])
    expect(readFileSync(`${output}.rejects.ndjson`, 'utf8')).toContain('it has w, for which there is no column')
    // They are held against a part as well.
    const late = folder.file(`late.${extension}`)
    await millInto(late, writeRecords(folder, { late: ['<v>6</v>'] }))
    expect(await failureOf(mergeOutputs({ output, parts: [late] }))).toEqual({
      code: 'OUTPUT_FAILED',
      message: `${late} has columns that ${output} has not (v); merge all parts at once into another output`,
    })
    expect((await verifyOutput(output)).problems).toEqual([])
  }
})

test('parts in which no document has a record are merged as well, and the columns come later', async () => {
  using folder = temporaryFolder()
  const [a = '', b = ''] = writeRecords(folder, { a: [], b: [] })
  for (const extension of ['csv', 'parquet', 'ndjson']) {
    const parts = [folder.file(`part-1.${extension}`), folder.file(`part-2.${extension}`)]
    await millInto(parts[0] ?? '', [a])
    await millInto(parts[1] ?? '', [b])
    const output = folder.file(`all.${extension}`)
    expect(await mergeOutputs({ output, parts })).toMatchObject({ done: 2, failed: 0, records: 0 })
    const [more = ''] = writeRecords(folder, { more: ['<x>1</x>'] })
    await millInto(output, [a, b, more])
    expect(await verifyOutput(output)).toMatchObject({ done: 3, records: 1, problems: [] })
    const late = folder.file(`late.${extension}`)
    await millInto(late, writeRecords(folder, { late: ['<x>2</x>'] }))
    expect(await mergeOutputs({ output, parts: [late] })).toMatchObject({ done: 4, records: 2 })
    expect((await verifyOutput(output)).problems).toEqual([])
  }
})

test('records behind one another in compressed members are found in every combination of compressions', async () => {
  using folder = temporaryFolder()
  // Beyond the members of 4 MiB, and across their ends.
  const large = (mark: string) => Array.from({ length: 7 }, (_, n) => `${mark}${n}${'x'.repeat(1_500_000 + n)}`)
  const documents = writeRecords(folder, { a: large('a'), b: ['small'], c: large('c'), d: large('d') })
  const whole = folder.file('whole.ndjson')
  await millInto(whole, documents, { ordered: true })
  for (const ending of ['', '.gz', '.zst']) {
    const parts = [folder.file(`1.ndjson${ending}`), folder.file('2.ndjson.gz')]
    await millInto(parts[0] ?? '', documents.slice(0, 3), { ordered: true })
    await millInto(parts[1] ?? '', documents.slice(2), { ordered: true })
    const output = folder.file(`merged.ndjson${ending}`)
    await mergeOutputs({ output, parts })
    expect((await verifyOutput(output)).problems).toEqual([])
    expect(readText(output) === readFileSync(whole, 'utf8')).toBe(true)
  }
})

test('a document that two parts have alike is taken once, with its rejects', async () => {
  using folder = temporaryFolder()
  folder.write(
    'odd.ts',
    "export default (record: string) => { if (record === 'odd') throw new Error('odd'); return record }\n",
  )
  const [a = '', b = '', c = ''] = writeRecords(folder, { a: ['1', 'odd'], b: ['2', 'odd'], c: ['3', 'odd'] })
  const options = { transform: folder.file('odd.ts') }
  for (const extension of ['ndjson', 'ndjson.gz', 'csv', 'parquet', 'sqlite', 'd/']) {
    const [one, two, output] = ['one', 'two', 'all'].map((name) => folder.file(`${name}.${extension}`))
    await millInto(one ?? '', [a, b], options)
    await millInto(two ?? '', [b, c], options)
    const told: unknown[] = []
    await mergeOutputs({ output: output ?? '', parts: [one ?? '', two ?? ''], onPart: (part) => told.push(part) })
    expect(told).toEqual([
      { part: one, done: 2, failed: 0, left: 0, leftOut: 0 },
      { part: two, done: 1, failed: 0, left: 1, leftOut: 0 },
    ])
    expect(await verifyOutput(output ?? '')).toMatchObject({ done: 3, records: 3, problems: [] })
    const rejects = readFileSync(`${(output ?? '').replace(/\/$/, '')}.rejects.ndjson`, 'utf8')
      .split('\n')
      .slice(0, -1)
    // Documents of one run may be done in any order.
    const urls = rejects.map((line) => JSON.parse(line).url)
    expect(urls.toSorted()).toEqual([a, b, c].map((path) => `file://${path}`))
  }
})

test('who knows which part counts says so for each document', async () => {
  using folder = temporaryFolder()
  let answer = '<a><r>old</r></a>'
  await using site = await serve({ '/a': (_, response) => void response.end(answer), '/b': '<a><r>b</r></a>' })
  const key = documentKey({ id: 0, url: site.url('/a'), host: site.host })
  for (const extension of ['ndjson', 'csv', 'parquet', 'sqlite', 'd/']) {
    const [one = '', two = '', output = ''] = ['one', 'two', 'all'].map((name) => folder.file(`${name}.${extension}`))
    answer = '<a><r>old</r></a>'
    await millInto(one, [site.url('/a'), site.url('/b')])
    answer = '<a><r>new</r></a>'
    await millInto(two, [site.url('/a')])
    const keeps = (row: LedgerRow, part: string) => !row.key.equals(key) || part === two
    expect(await mergeOutputs({ output, parts: [one, two], keeps })).toMatchObject({ done: 2, records: 2 })
    expect((await verifyOutput(output)).problems).toEqual([])
    const bytes = readBytes(output)
    expect([bytes.includes('old'), bytes.includes('new')]).toEqual([false, true])
  }
})

/** All bytes of an output's files. */
function readBytes(output: string): string {
  if (output.endsWith('.sqlite')) {
    using database = new DatabaseSync(output)
    return JSON.stringify(database.prepare('SELECT record FROM r').all())
  }
  if (/\.(ndjson|csv)$/.test(output)) return readFileSync(output, 'latin1')
  const names = readdirSync(output).filter((name) => !name.startsWith('.'))
  return names.map((name) => readFileSync(`${output}/${name}`, 'latin1')).join('')
}

test('the shards that are in no part are named, and can be added later, also from a merged output', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  const documents = writeRecords(folder, Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d${n}`, [`${n}`]])))
  for (const n of [1, 2, 3, 4]) await millInto(folder.file(`${n}.ndjson`), documents, { shard: `${n}/4`, bare: true })
  const first = await runCommand(['merge', 'all.ndjson', '2.ndjson', '4.ndjson'], { cwd })
  expect(first.stdout.toString()).toMatch(/not all shards are there: 1\/4, 3\/4 are in no part\n$/)
  expect(first.exitCode).toBe(1)
  const other = await runCommand(['merge', 'other.ndjson', '1.ndjson'], { cwd })
  expect(other.stdout.toString()).toMatch(/2\/4, 3\/4, 4\/4 are in no part\n$/)
  const last = await runCommand(['merge', 'all.ndjson', 'other.ndjson', '3.ndjson'], { cwd })
  expect([last.exitCode, last.stdout.toString()]).toEqual([
    0,
    expect.stringMatching(/all\.ndjson: 20 documents with 20 records\n$/),
  ])
  // A shard of a merged output would mean another split of it.
  const shard = await runCommand([...documents, '-r', 'r', '--bare', '-o', 'all.ndjson', '--shard', '1/4'], { cwd })
  expect(shard.stderr).toContain('--shard was not given and is "1/4"')
})

test('rows of databases go into tables that are there, made otherwise, if they have the columns', async () => {
  using folder = temporaryFolder()
  const [a = '', b = ''] = writeRecords(folder, { a: ['<x>1</x><y>2</y>', '<x>3</x>'], b: ['<x>4</x><y>5</y>'] })
  const options = { table: 't', columns: 'x,y' }
  const [one, two, output] = [folder.file('1.db'), folder.file('2.db'), folder.file('all.db')]
  // One part's rows are in a table that somebody made: without rowids, with more columns, in another order.
  using made = new DatabaseSync(one)
  made.exec(
    'CREATE TABLE t (y, x, "row" INT, n INT, url TEXT, more DEFAULT 7, PRIMARY KEY (url, n, "row")) WITHOUT ROWID',
  )
  await millInto(one, [a], options)
  await millInto(two, [b], options)
  using there = new DatabaseSync(output)
  there.exec('CREATE TABLE t (X, url TEXT, n INT, "row" INT, Y, more, UNIQUE (url, n, "row")); CREATE TABLE mine (z)')
  expect(await mergeOutputs({ output, parts: [one, two] })).toMatchObject({ done: 2, records: 3 })
  expect((await verifyOutput(output)).problems).toEqual([])
  expect(
    there
      .prepare('SELECT x AS x, y AS y, more FROM t ORDER BY x')
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([
    { x: '1', y: '2', more: 7 },
    { x: '3', y: null, more: 7 },
    { x: '4', y: '5', more: null },
  ])
  const other = folder.file('other.db')
  using narrow = new DatabaseSync(other)
  narrow.exec('CREATE TABLE t (x, url TEXT, n INT, "row" INT, y, UNIQUE (url, n, "row"))')
  expect(await failureOf(mergeOutputs({ output: other, parts: [two, one] }))).toEqual({
    code: 'OUTPUT_FAILED',
    message: `the table t of ${other} has no column more, which that of ${one} has`,
  })
  expect(await verifyOutput(other)).toMatchObject({ done: 1, problems: [] })
  // --fresh takes away what the merge has made, and nothing else.
  const last = folder.file('last.db')
  await mergeOutputs({ output: last, parts: [two] })
  using bare = new DatabaseSync(last)
  bare.exec('CREATE TABLE mine (z)')
  await millInto(last, [a], { ...options, fresh: true, yes: true })
  expect(
    bare
      .prepare('SELECT x FROM t ORDER BY x')
      .all()
      .map(({ x }) => x),
  ).toEqual(['1', '3'])
  expect(bare.prepare('SELECT count(*) AS count FROM mine').get()).toEqual({ count: 0 })
})

test('parts of Parquet that were merged can be updated', async () => {
  using folder = temporaryFolder()
  const [a = '', b = '', c = ''] = writeRecords(folder, { a: ['1'], b: ['2', '3'], c: ['4'] })
  const [one, two, all] = ['one.parquet', 'two.parquet', 'all.parquet'].map((name) => folder.file(name))
  if (one === undefined || two === undefined || all === undefined) return expect.unreachable()
  await millInto(one, [a, b])
  await millInto(two, [c])
  await mergeOutputs({ output: all, parts: [one, two] })
  writeRecords(folder, { b: ['5', '6', '7'], c: [] })
  await millInto(all, [a, b, c], { update: true })
  expect((await parquet('all.parquet', []).rows(folder.path)).map(({ text }) => text).toSorted()).toEqual([
    '1',
    '5',
    '6',
    '7',
  ])
  expect((await verifyOutput(all)).problems).toEqual([])
})

test('Parquet is not updated where rows cannot be told apart by their url', async () => {
  using folder = temporaryFolder()
  const [a = ''] = writeRecords(folder, { a: ['1'] })
  const output = folder.file('out.parquet')
  await millInto(output, [a, a], { keepDuplicates: true })
  const refused = async (options: LibraryOptions) => failureOf(millInto(output, [a], { update: true, ...options }))
  expect((await refused({ bare: true })).message).toContain('--bare')
  expect((await refused({ keepDuplicates: true })).message).toContain('--keep-duplicates')
  expect((await refused({})).message).toContain('more than once')
  expect((await verifyOutput(output)).problems).toEqual([])
})

test('with --key the row of a later part replaces that of an earlier one', async () => {
  using folder = temporaryFolder()
  const [a = '', b = ''] = writeRecords(folder, {
    a: ['<id>1</id><x>a</x>', '<id>2</id><x>a</x>'],
    b: ['<id>2</id><x>b</x>'],
  })
  const options = { table: 't', columns: 'id,x', key: 'id' }
  const [one, two] = [folder.file('1.db'), folder.file('2.db')]
  await millInto(one, [a], options)
  await millInto(two, [b], options)
  for (const [parts, rows] of [
    [
      [one, two],
      ['1a', '2b'],
    ],
    [
      [two, one],
      ['1a', '2a'],
    ],
  ] as const) {
    const output = folder.file(`all-${rows.join('-')}.db`)
    await mergeOutputs({ output, parts })
    using database = new DatabaseSync(output)
    const there = database.prepare('SELECT id || x AS row FROM t ORDER BY id').all()
    expect(there.map(({ row }) => row)).toEqual(rows)
    expect(await verifyOutput(output)).toMatchObject({ done: 2, problems: [] })
  }
})

test('rejects that had a file of their own are found beside the part, and go where they are sent', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  folder.write('odd.ts', "export default () => { throw new Error('odd') }\n")
  const documents = writeRecords(folder, { a: ['1'], b: ['2'] })
  const options = { transform: folder.file('odd.ts') }
  await millInto(folder.file('1.ndjson'), documents.slice(0, 1), { ...options, rejects: folder.file('odd-1') })
  await millInto(folder.file('2.ndjson'), documents.slice(1), options)
  expect(
    (await runCommand(['merge', 'all.ndjson', '1.ndjson', '2.ndjson', '--rejects', 'odd'], { cwd })).exitCode,
  ).toBe(0)
  expect(readFileSync(folder.file('odd'), 'utf8').split('\n')).toHaveLength(3)
  expect((await runCommand(['verify', 'all.ndjson', '--rejects', 'odd'], { cwd })).exitCode).toBe(0)
})
