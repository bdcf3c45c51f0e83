/** Every output, killed at every place where it can be, at the first five times that it comes there: some 620 kills. */
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { Failpoint } from '../../src/failpoint.ts'
import { MAIN } from '../support/command-line.ts'
import {
  type Chain,
  contentOf,
  millKilled,
  millUndisturbed,
  problemsOf,
  sorted,
  writeDocuments,
} from '../support/kill-chain.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Route, serve } from '../support/serve.ts'
import { COLUMNS, DIRECTORY, file, parquet, postgres, type SinkTarget, sqlite } from '../support/sink-targets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TIMEOUT_MS = 600_000

const COMMON: readonly Failpoint[] = [
  'channel.batch',
  'channel.report',
  'spool.writing',
  'spool.written',
  'ledger.filled',
  'ledger.committed',
]
/** In a file of records, or where the output is none, in that of the rejects. */
const FILE: readonly Failpoint[] = ['file.half-written', 'file.written', 'file.synced']
const DIRECTORY_POINTS: readonly Failpoint[] = [
  'directory.noted',
  'directory.written',
  'directory.renamed',
  'directory.synced',
]
const LEDGER: readonly Failpoint[] = ['ledger.filled', 'ledger.committed']
const DATABASE: readonly Failpoint[] = ['database.filled']

const ALL = [...COMMON, ...FILE]
const KEYED = [...COLUMNS, '--key', 'id', '--table', 'things']

/** Each point at its first five hits, each kill after the one before was gone on from. */
function fiveKills(point: Failpoint): (readonly [Failpoint, number])[] {
  return [1, 2, 3, 4, 5].map((hit) => [point, hit] as const)
}

/** How an output is named, for a database of its own too. */
type TargetOf = (database: () => Promise<string>) => SinkTarget | Promise<SinkTarget>

const documents = temporaryFolder()
const input = writeDocuments(documents)
afterAll(() => documents[Symbol.dispose]())

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())
let databases = 0
const database = () => server.database(`killed_${databases++}`)

const CASES: readonly (readonly [name: string, TargetOf, flags: readonly string[], points: readonly Failpoint[]])[] = [
  ['out.ndjson --ordered', () => file('out.ndjson'), ['--ordered'], ALL],
  ['out.ndjson', () => file('out.ndjson'), [], ALL],
  ['out.ndjson.gz --ordered', () => file('out.ndjson.gz'), ['--ordered'], ALL],
  ['out.ndjson.zst --ordered', () => file('out.ndjson.zst'), ['--ordered'], ALL],
  ['out/', () => DIRECTORY, [], [...COMMON, ...DIRECTORY_POINTS]],
  ['out.csv --ordered, its columns inferred', () => file('out.csv'), ['--ordered'], ALL],
  ['out.csv with --columns', () => file('out.csv', COLUMNS), [], [...FILE, ...LEDGER]],
  ['out.csv.gz --ordered', () => file('out.csv.gz', COLUMNS), ['--ordered'], [...FILE, ...LEDGER]],
  ['out.parquet, its columns inferred', () => parquet('out.parquet', []), [], [...ALL, ...DIRECTORY_POINTS]],
  ['out.parquet --ordered', () => parquet('out.parquet', COLUMNS), ['--ordered'], [...DIRECTORY_POINTS, ...LEDGER]],
  ['out.sqlite', () => sqlite('out.sqlite', []), [], [...ALL, ...DATABASE]],
  ['out.sqlite with --columns', () => sqlite('out.sqlite', COLUMNS), [], [...DATABASE, ...LEDGER]],
  ['out.sqlite with --key', () => sqlite('out.sqlite', KEYED), [], [...DATABASE, ...LEDGER]],
  ['postgres', async (url) => postgres(await url(), []), [], [...ALL, ...DATABASE]],
  ['postgres with --columns', async (url) => postgres(await url(), COLUMNS), [], [...DATABASE, ...LEDGER]],
  ['postgres with --key', async (url) => postgres(await url(), KEYED), [], [...DATABASE, ...LEDGER]],
]

async function expectSame(chain: Chain, reference: Chain): Promise<void> {
  const [killed, undisturbed] = [await contentOf(chain), await contentOf(reference)]
  if (chain.flags.includes('--ordered')) expect(killed).toEqual(undisturbed)
  else expect(sorted(killed)).toEqual(sorted(undisturbed))
}

for (const [name, targetOf, flags, points] of CASES) {
  let reference: Promise<Chain> | undefined
  const undisturbed = () => {
    reference ??= (async () => {
      const chain = { input, folder: temporaryFolder(), target: await targetOf(database), flags }
      afterAll(() => chain.folder[Symbol.dispose]())
      await millUndisturbed(chain)
      return chain
    })()
    return reference
  }

  for (const point of points) {
    test.concurrent(`${name} is whole and has nothing twice after five kills at ${point}`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      using folder = temporaryFolder()
      const chain = { input, folder, target: await targetOf(database), flags }
      expect(await millKilled(chain, fiveKills(point))).toBe(5)
      expect(await problemsOf(chain)).toEqual([])
      await expectSame(chain, await undisturbed())
    })
  }
}

for (const target of [file('out.ndjson'), file('out.ndjson.gz'), file('out.csv'), parquet('out.parquet', [])]) {
  test.concurrent(`a kill while the leavings of a kill are cut off from ${target.output} does no harm`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    using folder = temporaryFolder()
    using other = temporaryFolder()
    const chain = { input, folder, target, flags: ['--ordered'] }
    const reference = { ...chain, folder: other }
    await millUndisturbed(reference)
    const kills = [1, 2, 1, 3].flatMap((hit) => [['file.synced', hit] as const, ['file.rewound', 1] as const])
    expect(await millKilled(chain, kills)).toBe(8)
    expect(await problemsOf(chain)).toEqual([])
    await expectSame(chain, reference)
  })
}

test.concurrent('an output that is only appended to fails these tests', { timeout: TIMEOUT_MS }, async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const program = fileURLToPath(new URL('../fixtures/appending-mill.ts', import.meta.url))
  const chain = { input, folder, target: file('out.ndjson'), flags: ['--ordered'], program }
  const reference = { ...chain, folder: other, program: MAIN }
  await millUndisturbed(reference)
  expect(await millKilled(chain, fiveKills('file.synced'))).toBe(5)
  const [bad, good] = [await contentOf(chain), await contentOf(reference)]
  await expect(expectSame(chain, reference)).rejects.toThrow()
  // Nothing is lost; what was written before a kill is there again.
  expect(bad.records.length).toBeGreaterThan(good.records.length)
  expect(new Set(bad.records)).toEqual(new Set(good.records))
})

for (const point of ['tail.written', 'tail.abandoned'] as const) {
  test.concurrent(`documents that are written directly are whole and not there twice after five kills at ${point}`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    using folder = temporaryFolder()
    using other = temporaryFolder()
    const records = `<r>${'x'.repeat(4000)}</r>`.repeat(600)
    // Far enough from each other for the end of the file to be free.
    const slow =
      (body: string): Route =>
      (_, response) =>
        void setTimeout(() => response.end(body), 400)
    const routes = Array.from({ length: 16 }, (_, n) => [
      `/${n}`,
      slow(`<a>${records}${n % 2 === 0 ? '</a>' : '</oops>'}`),
    ])
    await using site = await serve(Object.fromEntries(routes))
    const flags = ['--ordered', '-j', '1']
    const chain = { input: [`${site.url('/')}[0-15]`], folder, target: file('out.ndjson'), flags }
    const reference = { ...chain, folder: other }
    await millUndisturbed(reference)
    expect(
      await millKilled(
        chain,
        [1, 2, 1, 2, 1].map((hit) => [point, hit]),
      ),
    ).toBe(5)
    expect(await problemsOf(chain)).toEqual([])
    await expectSame(chain, reference)
  })
}
