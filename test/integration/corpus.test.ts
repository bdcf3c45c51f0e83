/** Real documents into every kind of output: as many rows as there are records, for each document. */
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand } from '../support/command-line.ts'
import { startPostgres } from '../support/postgres.ts'
import { DIRECTORY, file, parquet, postgres, type SinkTarget, sqlite } from '../support/sink-targets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CORPUS = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url))
const hasCorpus = existsSync(`${CORPUS}acl.counts.tsv`)
if (!hasCorpus) process.stderr.write('no ../shared/corpus: outputs are filled with generated documents instead\n')

const generated = temporaryFolder()
afterAll(() => generated[Symbol.dispose]())

/** Records by the name of the document, as libxml2 has counted them, or as they were made. */
function documents(): { readonly pattern: string; readonly counts: ReadonlyMap<string, number> } {
  if (hasCorpus) {
    const lines = readFileSync(`${CORPUS}acl.counts.tsv`, 'utf8').trimEnd().split('\n').slice(1)
    const counts = lines.map((line) => line.split('\t')).map(([name = '', , papers]) => [name, Number(papers)] as const)
    return { pattern: `${CORPUS}acl/*.xml`, counts: new Map(counts) }
  }
  const counts = Array.from({ length: 60 }, (_, n) => [`${n}.xml`, (n * 37) % 400] as const)
  for (const [name, papers] of counts) {
    const paper = (n: number) => `<paper id="${n}"><title>On "mills",\n${name} <i>${n}</i></title></paper>`
    generated.write(name, `<volume>${Array.from({ length: papers }, (_, n) => paper(n)).join('')}</volume>`)
  }
  return { pattern: generated.file('*.xml'), counts: new Map(counts) }
}

const { pattern, counts } = documents()
const COLUMNS = ['--columns', 'id=@_id,text=title']
const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

const targets: readonly SinkTarget[] = [
  file('out.ndjson'),
  file('out.ndjson.gz'),
  DIRECTORY,
  file('out.csv', COLUMNS),
  sqlite('out.sqlite', ['--table', 'things']),
  parquet('out.parquet', COLUMNS),
  postgres(await server.database('corpus'), [...COLUMNS, '--table', 'things']),
]

test.runIf(hasCorpus)('the real documents have 48,272 records', () => {
  expect(counts.values().reduce((sum, count) => sum + count, 0)).toBe(48_272)
})

for (const target of targets) {
  test(`${target.name} has every record of every document`, { timeout: 600_000 }, async () => {
    using folder = temporaryFolder()
    const args = [pattern, '-r', 'paper', '-o', target.output, ...target.args]
    const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, ''])
    const found = new Map([...counts.keys()].map((name) => [name, 0]))
    for (const { url } of await target.rows(folder.path)) {
      const name = basename(URL.parse(url)?.pathname ?? url)
      found.set(name, (found.get(name) ?? 0) + 1)
    }
    expect(found).toEqual(counts)
    const output = target.output.includes('://') ? target.output : folder.file(target.output)
    expect((await verifyOutput(output)).problems).toEqual([])
  })
}
