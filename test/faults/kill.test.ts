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
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TIMEOUT_MS = 240_000

const HITS = [1, 2, 3, 4, 5] as const

const COMMON: readonly Failpoint[] = [
  'channel.batch',
  'channel.report',
  'spool.writing',
  'spool.written',
  'ledger.filled',
  'ledger.committed',
]
const FILE: readonly Failpoint[] = ['file.half-written', 'file.written', 'file.synced']

/** Each point at its first five hits, each kill after the one before was gone on from. */
function fiveKills(point: Failpoint): (readonly [Failpoint, number])[] {
  return HITS.map((hit) => [point, hit] as const)
}

interface Case {
  readonly output: string
  readonly flags: readonly string[]
  readonly points: readonly Failpoint[]
}

const CASES: readonly Case[] = [
  { output: 'out.ndjson', flags: ['--ordered'], points: [...COMMON, ...FILE] },
  { output: 'out.ndjson', flags: [], points: ['channel.report', 'file.written', 'file.synced', 'ledger.filled'] },
  { output: 'out.ndjson.gz', flags: ['--ordered'], points: [...FILE, 'ledger.filled', 'ledger.committed'] },
  { output: 'out.ndjson.zst', flags: ['--ordered'], points: [...FILE, 'ledger.filled', 'ledger.committed'] },
  {
    output: 'out/',
    flags: [],
    points: [...COMMON, 'directory.noted', 'directory.written', 'directory.renamed', 'directory.synced'],
  },
]

function expectSame(chain: Chain, reference: Chain): void {
  if (chain.flags.includes('--ordered')) expect(contentOf(chain)).toEqual(contentOf(reference))
  else expect(sorted(contentOf(chain))).toEqual(sorted(contentOf(reference)))
}

const documents = temporaryFolder()
const input = writeDocuments(documents)
afterAll(() => documents[Symbol.dispose]())

for (const { output, flags, points } of CASES) {
  const name = [output, ...flags].join(' ')
  let reference: Promise<Chain> | undefined
  const undisturbed = () => {
    reference ??= (async () => {
      const chain = { input, folder: temporaryFolder(), output, flags }
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
      const chain = { input, folder, output, flags }
      expect(await millKilled(chain, fiveKills(point))).toBe(5)
      expect(await problemsOf(chain)).toEqual([])
      expectSame(chain, await undisturbed())
    })
  }
}

test.concurrent('a kill while the leavings of a kill are cut off does no harm', { timeout: TIMEOUT_MS }, async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const chain = { input, folder, output: 'out.ndjson', flags: ['--ordered'] }
  const reference = { ...chain, folder: other }
  await millUndisturbed(reference)
  const kills = [1, 2, 1, 3].flatMap((hit) => [['file.synced', hit] as const, ['file.rewound', 1] as const])
  expect(await millKilled(chain, kills)).toBe(8)
  expect(await problemsOf(chain)).toEqual([])
  expectSame(chain, reference)
})

test.concurrent('an output that is only appended to fails these tests', { timeout: TIMEOUT_MS }, async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const program = fileURLToPath(new URL('../fixtures/appending-mill.ts', import.meta.url))
  const chain = { input, folder, output: 'out.ndjson', flags: ['--ordered'], program }
  const reference = { ...chain, folder: other, program: MAIN }
  await millUndisturbed(reference)
  expect(await millKilled(chain, fiveKills('file.synced'))).toBe(5)
  const [bad, good] = [contentOf(chain), contentOf(reference)]
  expect(bad.records).not.toBe(good.records)
  // Nothing is lost; what was written before a kill is there again.
  expect(new Set(bad.records.split('\n'))).toEqual(new Set(good.records.split('\n')))
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
        void setTimeout(() => response.end(body), 150)
    const routes = Array.from({ length: 16 }, (_, n) => [
      `/${n}`,
      slow(`<a>${records}${n % 2 === 0 ? '</a>' : '</oops>'}`),
    ])
    await using site = await serve(Object.fromEntries(routes))
    const flags = ['--ordered', '-j', '1']
    const chain = { input: [`${site.url('/')}[0-15]`], folder, output: 'out.ndjson', flags }
    const reference = { ...chain, folder: other }
    await millUndisturbed(reference)
    expect(
      await millKilled(
        chain,
        [1, 2, 1, 2, 1].map((hit) => [point, hit]),
      ),
    ).toBe(5)
    expect(await problemsOf(chain)).toEqual([])
    expectSame(chain, reference)
  })
}
