import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mill } from '../../src/index.ts'
import { runCommand } from '../support/command-line.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ITEMS = '<a><b>1</b><b>2</b><b>3</b><b>4</b></a>'

async function transformed(source: string, name = 'transform.mjs') {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': ITEMS })
  const options = { record: 'b', transform: folder.write(name, source), threads: 1 }
  for await (const document of mill([site.url('/a')], options)) {
    if (document.status === 'failed') throw document.error
    return { records: [...document.records()], rejects: [...document.rejects()], facts: document.facts }
  }
  throw new Error('there was no document')
}

test('each record goes through the function, sync or async, to a row, several, or none', async () => {
  const sync = "export default (record) => record === '1' ? { id: 1 } : record === '2' ? ['x', 'y'] : undefined"
  const { records, rejects, facts } = await transformed(sync)
  expect(records).toEqual([{ id: 1 }, 'x', 'y'])
  expect(rejects).toEqual([])
  expect(facts).toMatchObject({ recordsSeen: 4, recordsWritten: 3, recordsRejected: 0 })
  const { records: same } = await transformed(sync.replace('(record)', 'async (record)'))
  expect(same).toEqual(records)
})

test('a module in TypeScript runs as it is', async () => {
  const source = `
    interface Context { readonly n: number; readonly name: string }
    export default (record: string, { n, name }: Context): string => \`\${name}\${n}=\${record}\``
  expect((await transformed(source, 'transform.ts')).records).toEqual(['b0=1', 'b1=2', 'b2=3', 'b3=4'])
})

test('a module may import others, and is found by its path relative to the working directory', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': ITEMS })
  folder.write('double.mjs', 'export const double = (text) => 2 * Number(text)')
  folder.write('row.mjs', "import { double } from './double.mjs'\nexport default double")
  const args = [site.url('/a'), '-r', 'b', '--transform', 'row.mjs', '--bare']
  const { exitCode, stdout } = await runCommand(args, { cwd: folder.path })
  expect(stdout.toString()).toBe('2\n4\n6\n8\n')
  expect(exitCode).toBe(0)
})

test('what the function refuses goes into the rejects file with its reason, and the exit code is 1', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': ITEMS })
  folder.write(
    'row.mjs',
    `export default (record) => {
       if (record === '2') throw new Error('two is not wanted')
       if (record === '3') return 3n
       if (record === '4') return () => {}
       return record
     }`,
  )
  const args = [site.url('/a'), '-r', 'b', '--transform', 'row.mjs', '-o', 'out.ndjson', '--bare']
  const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
  expect(exitCode).toBe(1)
  expect(stderr).toContain('3 records rejected')
  expect(readFileSync(folder.file('out.ndjson'), 'utf8')).toBe('"1"\n')
  const rejects = readFileSync(folder.file('out.ndjson.rejects.ndjson'), 'utf8').trim().split('\n')
  expect(rejects.map((line) => JSON.parse(line))).toMatchObject([
    {
      url: site.url('/a'),
      n: 1,
      code: 'TRANSFORM_THREW',
      reason: 'Error: two is not wanted',
      record: '2',
      xml: '<b>2</b>',
    },
    { n: 2, reason: expect.stringContaining('BigInt'), record: '3', xml: '<b>3</b>' },
    { n: 3, reason: expect.stringContaining('function'), record: '4', xml: '<b>4</b>' },
  ])
})

test('rejects of a run to stdout go into the working directory, or where --rejects says', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': ITEMS })
  folder.write('row.mjs', "export default () => { throw 'no' }")
  const args = [site.url('/a'), '-r', 'b', '--transform', 'row.mjs']
  await runCommand(args, { cwd: folder.path })
  expect(readFileSync(folder.file('xmlmill.rejects.ndjson'), 'utf8').trim().split('\n')).toHaveLength(4)
  await runCommand([...args, '--rejects', 'mine.ndjson'], { cwd: folder.path })
  expect(readFileSync(folder.file('mine.ndjson'), 'utf8').trim().split('\n')).toHaveLength(4)
})

test('a module that does not load is told with its line, and without the file that wanted it', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', ITEMS)
  folder.write('row.ts', 'export default (record: unknown) => record\nconst x: = 3\n')
  const run = (module: string) => runCommand(['a.xml', '--transform', module], { cwd: folder.path })
  expect((await run('row.ts')).stderr).toContain('(line 2)')
  const absent = await run('absent.mjs')
  expect(absent.stderr).toContain('Cannot find module')
  expect(absent.stderr).not.toContain('imported from')
})

for (const [what, source] of [
  ['does not exist', undefined],
  ['is no JavaScript', 'export default (record =>'],
  ['throws when it is loaded', "throw new Error('no database')"],
  ['has no default export', 'export const row = () => {}'],
  ['exports by default what is no function', 'export default { row: 1 }'],
] as const) {
  test(`a module that ${what} ends the run with 2 before anything is fetched`, async () => {
    using folder = temporaryFolder()
    await using site = await serve({ '/a': ITEMS })
    if (source !== undefined) folder.write('row.mjs', source)
    const args = [site.url('/a'), '--transform', 'row.mjs', '-o', 'out.ndjson']
    const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
    expect([exitCode, site.hits()]).toEqual([2, 0])
    expect(stderr).toContain('TRANSFORM_UNLOADABLE')
    expect(stderr).toContain('row.mjs')
  })
}

test('a module that loads in the main thread alone ends the run as well', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/a': ITEMS })
  folder.write(
    'row.mjs',
    `import { isMainThread } from 'node:worker_threads'
     if (!isMainThread) throw new Error('not in a thread')
     export default (record) => record`,
  )
  const { exitCode, stderr } = await runCommand([site.url('/a'), '--transform', 'row.mjs'], { cwd: folder.path })
  expect(stderr).toContain('not in a thread')
  expect(exitCode).toBe(2)
})
