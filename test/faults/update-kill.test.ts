import { afterAll, expect, test } from 'vitest'
import {
  type Chain,
  contentOf,
  millKilled,
  millUndisturbed,
  millUntilKilled,
  problemsOf,
} from '../support/kill-chain.ts'
import { startPostgres } from '../support/postgres.ts'
import { COLUMNS, file, postgres, sqlite } from '../support/sink-targets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

for (const target of [file('out.ndjson'), file('out.ndjson.gz'), file('out.csv')]) {
  const { output } = target
  for (const point of [
    'rewrite.written',
    'rewrite.noted',
    'rewrite.renamed',
    'rewrite.done',
    'file.half-written',
  ] as const) {
    test(`a kill at ${point} of --update into ${output} leaves an output that the next run completes`, {
      timeout: 120_000,
    }, async () => {
      using documents = temporaryFolder()
      using folder = temporaryFolder()
      using other = temporaryFolder()
      const write = (version: (n: number) => number) => {
        for (let n = 0; n < 12; n++) {
          const records = `<r id="${n}">${n} in version ${version(n)}</r>`.repeat(1 + (n % 3))
          documents.write(`${String(n).padStart(2, '0')}.xml`, `<a>${records}${n === 7 ? '' : '</a>'}`)
        }
      }
      const input = [documents.file('*.xml')]
      const chain: Chain = { input, folder, target, flags: ['--ordered'] }
      write(() => 1)
      await millUndisturbed(chain)
      write((n) => 1 + (n % 2))
      const updating = { ...chain, flags: ['--ordered', '--update'] }
      expect(await millKilled(updating, [[point, 1]])).toBe(1)
      expect(await problemsOf(chain)).toEqual([])
      const reference = { ...chain, folder: other }
      await millUndisturbed(reference)
      expect(await contentOf(chain)).toEqual(await contentOf(reference))
    })
  }
}

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

for (const point of ['database.filled', 'ledger.filled'] as const) {
  for (const target of [sqlite('out.sqlite', COLUMNS), postgres(await server.database(point.replace('.', '_')), [])]) {
    test(`a kill at ${point} of --update leaves what ${target.name} had, all of it`, { timeout: 120_000 }, async () => {
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
