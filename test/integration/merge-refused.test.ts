/** Parts that are not merged, and why. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mill } from '../../src/index.ts'
import { mergeOutputs } from '../../src/sinks/merge.ts'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { readText } from '../support/sink-targets.ts'
import { failureOf, millInto, writeRecords } from '../support/small-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a document that two parts have differently is an error that names it, and nothing of the second is taken (PARTS_DIFFER)', async () => {
  using folder = temporaryFolder()
  let answer = '<a><r>old</r></a>'
  await using site = await serve({ '/a': (_, response) => void response.end(answer), '/b': '<a><r>b</r></a>' })
  const [one, two, output] = ['one.csv', 'two.csv', 'all.csv'].map((name) => folder.file(name))
  if (one === undefined || two === undefined || output === undefined) return expect.unreachable()
  await millInto(one, [site.url('/a')])
  answer = '<a><r>new</r></a>'
  await millInto(two, [site.url('/b'), site.url('/a')])
  expect(await failureOf(mergeOutputs({ output, parts: [one, two] }))).toEqual({
    code: 'PARTS_DIFFER',
    message: `${site.url('/a')} is done in ${two}, and is in ${output} from another part: what the server sent differs`,
  })
  expect(await verifyOutput(output)).toMatchObject({ done: 1, records: 1, problems: [] })
  const { exitCode, stderr } = await runCommand(['merge', output, one, two], { cwd: folder.path })
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('PARTS_DIFFER: Bring both to')])
  // The way out that it names.
  await millInto(one, [site.url('/a')], { update: true })
  const other = folder.file('other.csv')
  expect(await mergeOutputs({ output: other, parts: [one, two] })).toMatchObject({ done: 2, records: 2 })
  expect(readText(other)).not.toContain('old')
})

test('a part of a run that was killed is refused, and so is an output of one, until it has come to its end (PART_INCOMPLETE)', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  const documents = writeRecords(folder, { a: ['1'], b: ['2'], c: ['3'] })
  await millInto(folder.file('whole.ndjson'), documents.slice(0, 1))
  const args = [...documents, '-r', 'r', '-t', '1', '-q', '-o', 'part.ndjson']
  await runCommand(args, { cwd, env: { XMLMILL_FAILPOINT: 'file.synced:1' } })
  for (const [output, part] of [
    ['all.ndjson', 'part.ndjson'],
    ['part.ndjson', 'whole.ndjson'],
  ] as const) {
    const { exitCode, stderr } = await runCommand(['merge', output, part], { cwd })
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^xmlmill: the run into part\.ndjson was stopped or killed before its list had ended\nPART_INCOMPLETE: /,
      ),
    ])
  }
  await runCommand(args, { cwd })
  const { exitCode } = await runCommand(['merge', 'all.ndjson', 'part.ndjson', 'whole.ndjson'], { cwd })
  expect(exitCode).toBe(0)
  expect(readFileSync(folder.file('all.ndjson'), 'utf8').split('\n').slice(0, -1)).toHaveLength(3)
})

test('a part that a run is writing to is refused, and so is an output', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/never': () => {} })
  for (const output of ['a.ndjson', 'a.csv', 'a.sqlite', 'a.parquet', 'a/']) {
    const other = output.replace('a', 'b')
    await millInto(folder.file(other), writeRecords(folder, { b: ['1'] }))
    const stop = new AbortController()
    const { promise: started, resolve } = Promise.withResolvers<void>()
    const onEvent = ({ type }: { readonly type: string }) => type === 'attempt-started' && resolve()
    const running = mill([site.url('/never')], {
      record: 'r',
      output: folder.file(output),
      threads: 1,
      signal: stop.signal,
      onEvent,
    }).summary()
    await started
    const expected = { exitCode: 4, stderr: expect.stringContaining(`is in use by process ${process.pid}`) }
    const setting = { cwd: folder.path }
    expect(await runCommand(['merge', output.replace('a', 'c'), output], setting)).toMatchObject(expected)
    expect(await runCommand(['merge', output, other], setting)).toMatchObject(expected)
    stop.abort()
    await running.catch(() => {})
  }
})

test('a part that is not what its ledger says is refused by name before anything is merged (PART_DAMAGED)', async () => {
  using folder = temporaryFolder()
  const documents = writeRecords(folder, { a: ['1'], b: ['2'] })
  const [one, two, output] = [folder.file('1.ndjson'), folder.file('2.ndjson'), folder.file('all.ndjson')]
  await millInto(one, documents.slice(0, 1))
  await millInto(two, documents.slice(1))
  writeFileSync(two, readFileSync(two, 'utf8').replace('"2"', '"3"'))
  expect(await failureOf(mergeOutputs({ output, parts: [one, two] }))).toEqual({
    code: 'PART_DAMAGED',
    message: expect.stringMatching(/2\.ndjson is damaged: file:.*b\.xml: its records are not what was written/),
  })
  expect(readdirSync(folder.path).filter((name) => name.startsWith('all'))).toEqual([])
})

test('what does not go together is refused before anything is written', async () => {
  using folder = temporaryFolder()
  const documents = writeRecords(folder, { a: ['1'] })
  const names = ['1.ndjson', 'bare.ndjson', 't.csv', 'all.ndjson', 'shard.ndjson']
  const [one, bare, table, output, shard] = names.map((name) => folder.file(name))
  await millInto(one ?? '', documents)
  await millInto(bare ?? '', documents, { bare: true })
  await millInto(table ?? '', documents)
  await millInto(shard ?? '', documents, { shard: '1/2' })
  folder.write('stranger.ndjson', '{}\n')
  const refusals: readonly (readonly [string, readonly (string | undefined)[], string, string])[] = [
    [output ?? '', [one, bare], 'SHAPE_CHANGED', '--bare was not given and is given'],
    [output ?? '', [one, table], 'OPTIONS_INVALID', 't.csv is a CSV file, and '],
    [output ?? '', [one, one], 'OPTIONS_INVALID', '1.ndjson is given twice'],
    [
      one ?? '',
      [one],
      'OPTIONS_INVALID',
      '1.ndjson is the output itself: the output that the parts go into comes first',
    ],
    [
      shard ?? '',
      [one],
      'OPTIONS_INVALID',
      'shard.ndjson is a part itself, shard 1/2: the output that the parts go into comes first',
    ],
    [folder.file('x.part-1.ndjson'), [folder.file('x.part-2.ndjson')], 'OPTIONS_INVALID', '1.ndjson is a part itself'],
    [output ?? '', [one, folder.file('stranger.ndjson')], 'OPTIONS_INVALID', 'stranger.ndjson has no ledger'],
    [output ?? '', [one, folder.file('absent.ndjson')], 'OPTIONS_INVALID', 'absent.ndjson has no ledger'],
    [folder.file('stranger.ndjson'), [one], 'OUTPUT_EXISTS', 'has data in it, and no ledger beside it'],
    ['-', [one], 'OPTIONS_INVALID', '- has no ledger that parts could be merged into'],
    ['postgres://localhost/papers', [one], 'OPTIONS_INVALID', 'there is nothing to merge in PostgreSQL'],
  ]
  for (const [into, parts, code, message] of refusals) {
    const refused = await failureOf(mergeOutputs({ output: into, parts: parts.map((part) => part ?? '') }))
    expect(refused).toEqual({ code, message: expect.stringContaining(message) })
  }
  expect(readdirSync(folder.path).filter((name) => name.startsWith('all'))).toEqual([])
})

test('a part whose file is gone is refused, and one of which nothing is there but a ledger is an unfinished one', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  const documents = writeRecords(folder, { a: ['1'] })
  await millInto(folder.file('1.ndjson'), documents)
  rmSync(folder.file('1.ndjson'))
  expect((await runCommand(['merge', 'all.ndjson', '1.ndjson'], { cwd })).stderr).toContain('1.ndjson is gone')
  const env = { XMLMILL_FAILPOINT: 'ledger.committed:1' }
  await runCommand([...documents, '-r', 'r', '-o', '2.ndjson', '-t', '1'], { cwd, env })
  expect((await runCommand(['merge', 'all.ndjson', '2.ndjson'], { cwd })).stderr).toContain('PART_INCOMPLETE')
  expect((await runCommand(['verify', '2.ndjson'], { cwd })).exitCode).toBe(0)
})
