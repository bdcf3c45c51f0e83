import { afterAll, expect, test } from 'vitest'
import {
  type Chain,
  contentOf,
  millKilled,
  millUndisturbed,
  millUntilKilled,
  problemsOf,
  sorted,
} from '../support/kill-chain.ts'
import { startPostgres } from '../support/postgres.ts'
import { COLUMNS, file, parquet, postgres, sqlite } from '../support/sink-targets.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

/** Twelve documents, one of which is damaged, with one to three records that say their version. */
function writeVersions(folder: TemporaryFolder, version: (n: number) => number): void {
  for (let n = 0; n < 12; n++) {
    const records = `<r id="${n}">${n} in version ${version(n)}</r>`.repeat(1 + (n % 3))
    folder.write(`${String(n).padStart(2, '0')}.xml`, `<a>${records}${n === 7 ? '' : '</a>'}`)
  }
}

for (const target of [file('out.ndjson'), file('out.ndjson.gz'), file('out.csv')]) {
  const { output } = target
  for (const point of [
    'rewrite.written',
    'rewrite.noted',
    'rewrite.renamed',
    'rewrite.done',
    'file.half-written',
  ] as const) {
    test(`a kill at ${point} of --update into ${output} leaves an output that the next run completes`, async () => {
      using documents = temporaryFolder()
      using folder = temporaryFolder()
      using other = temporaryFolder()
      const input = [documents.file('*.xml')]
      const chain: Chain = { input, folder, target, flags: ['--ordered'] }
      writeVersions(documents, () => 1)
      await millUndisturbed(chain)
      writeVersions(documents, (n) => 1 + (n % 2))
      const updating = { ...chain, flags: ['--ordered', '--update'] }
      expect(await millKilled(updating, [[point, 1]])).toBe(1)
      expect(await problemsOf(chain)).toEqual([])
      const reference = { ...chain, folder: other }
      await millUndisturbed(reference)
      expect(await contentOf(chain)).toEqual(await contentOf(reference))
    })
  }
}

for (const target of [parquet('out.parquet', COLUMNS), parquet('out.parquet', [])]) {
  for (const point of ['directory.written', 'directory.noted', 'directory.renamed', 'directory.synced'] as const) {
    test(`kills at ${point} of --update into ${target.name}, of a part and of one without what it has superseded, are made good`, async () => {
      using documents = temporaryFolder()
      using folder = temporaryFolder()
      using other = temporaryFolder()
      const chain: Chain = { input: [documents.file('*.xml')], folder, target, flags: [] }
      writeVersions(documents, () => 1)
      await millUndisturbed(chain)
      writeVersions(documents, (n) => 1 + (n % 2))
      const updating = { ...chain, flags: ['--update'] }
      await millUntilKilled(updating, point, 1)
      expect(await problemsOf(chain)).toEqual([])
      await millUntilKilled(updating, point, 2)
      expect(await problemsOf(chain)).toEqual([])
      // Also a run that does not ask again takes it to its end.
      await millUndisturbed(chain)
      expect(await problemsOf(chain)).toEqual([])
      const reference = { ...chain, folder: other }
      await millUndisturbed(reference)
      expect(sorted(await contentOf(chain))).toEqual(sorted(await contentOf(reference)))
    })
  }
}

test('of a document that has changed before its rows became a part, the later rows are there once', async () => {
  using documents = temporaryFolder()
  using folder = temporaryFolder()
  using other = temporaryFolder()
  const chain: Chain = { input: [documents.file('*.xml')], folder, target: parquet('out.parquet', COLUMNS), flags: [] }
  writeVersions(documents, () => 1)
  await millUntilKilled(chain, 'directory.written', 1)
  writeVersions(documents, (n) => 1 + (n % 2))
  await millUndisturbed({ ...chain, flags: ['--update'] })
  expect(await problemsOf(chain)).toEqual([])
  const reference = { ...chain, folder: other }
  await millUndisturbed(reference)
  expect(sorted(await contentOf(chain))).toEqual(sorted(await contentOf(reference)))
})

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

for (const point of ['database.filled', 'ledger.filled'] as const) {
  for (const target of [sqlite('out.sqlite', COLUMNS), postgres(await server.database(point.replace('.', '_')), [])]) {
    test(`a kill at ${point} of --update leaves what ${target.name} had, all of it`, async () => {
      using documents = temporaryFolder()
      using folder = temporaryFolder()
      const write = (version: number) => {
        for (let n = 0; n < 6; n++)
          documents.write(`${n}.xml`, `<a><r id="${n}">${version}</r><r id="${n}">same</r>${n === 5 ? '' : '</a>'}`)
      }
      const texts = async () => (await target.rows(folder.path)).map(({ text }) => text).toSorted()
      const chain: Chain = { input: [documents.file('*.xml')], folder, target, flags: [] }
      const updating = { ...chain, flags: ['--update'] }
      const expected = (version: string) => [...Array(5).fill(version), ...Array(5).fill('same')].toSorted()
      write(1)
      await millUndisturbed(chain)
      expect(await texts()).toEqual(expected('1'))
      write(2)
      await millUntilKilled(updating, point, 1)
      expect(await texts()).toEqual(expected('1'))
      await millUndisturbed(updating)
      expect(await texts()).toEqual(expected('2'))
      expect(await problemsOf(chain)).toEqual([])
    })
  }
}
