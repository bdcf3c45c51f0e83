import { expect, test } from 'vitest'
import { type Chain, contentOf, millKilled, millUndisturbed, problemsOf } from '../support/kill-chain.ts'
import { file } from '../support/sink-targets.ts'
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
