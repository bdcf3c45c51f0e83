/** What a run says of the records that it rejected, and of those that an earlier one did. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const like = (count: number, content: string) => `<r>${content}</r>`.repeat(count)

test('records for which there were no columns: how many, where, which, and the --columns that takes them all', async () => {
  using folder = temporaryFolder()
  const late = '<r id="1"><a>1</a><url>u</url></r><r><b.c>2</b.c></r><r><b.c>3</b.c></r>'
  folder.write('a.xml', `<x>${like(1000, '<a>1</a>')}${late}</x>`)
  const run = (...args: string[]) =>
    runCommand(['a.xml', '-r', 'r', '-o', 'out.csv', ...args], { cwd: folder.path, env: { COLUMNS: '200' } })
  const first = await run()
  expect(first.exitCode).toBe(1)
  expect(first.stderr).toContain('3 records × RECORD_REFUSED')
  expect(first.stderr).toContain('they are in out.csv.rejects.ndjson')
  expect(first.stderr).toMatch(/it has (url|@_id), for which there is no column/)
  expect(first.stderr).toContain('--fresh')
  const columns = /--columns '([^']+)'/.exec(first.stderr)?.[1] ?? ''
  expect(columns.split(',').toSorted()).toEqual(['@_id', 'a', 'b.c', 'record.url=url'])

  const again = await run()
  expect(again.stderr).toContain('already there, nothing to do')
  expect(again.stderr).toContain('3 records of this output were rejected before (out.csv.rejects.ndjson)')
  expect(again.exitCode).toBe(0)

  const mended = await run('--fresh', '--yes', '--columns', columns)
  expect(mended.stderr).not.toContain('rejected')
  expect(mended.exitCode).toBe(0)
})

test('records on which the transform threw: how many, with the reason of the first, and no offer to try them again', async () => {
  using folder = temporaryFolder()
  folder.write('a.xml', `<x>${like(3, '<a>1</a>')}</x>`)
  folder.write('t.mjs', "export default () => { throw new Error('no such field') }")
  const args = ['a.xml', '-r', 'r', '-o', 'out.ndjson', '--transform', 't.mjs']
  const { stderr, exitCode } = await runCommand(args, { cwd: folder.path })
  expect(stderr).toContain('3 records × TRANSFORM_THREW')
  expect(stderr).toContain('no such field')
  expect(stderr).toContain('they are in out.ndjson.rejects.ndjson')
  expect(stderr).not.toContain('to try again')
  expect(exitCode).toBe(1)
})

for (const output of ['out.csv', 'out.parquet']) {
  for (const [when, documents] of [
    ['before there are enough records for the columns', [4, 1]],
    ['among the first thousand', [700, 700]],
    ['and there are no others', [1]],
  ] as const) {
    test(`half of a surrogate pair costs its own record alone in ${output}, ${when}`, async () => {
      using folder = temporaryFolder()
      for (const [n, records] of documents.entries()) folder.write(`${n}.xml`, `<x>${like(records, '<t>1</t>')}</x>`)
      folder.write(
        't.mjs',
        "export default (r, { n, url }) => (n === 0 && url.endsWith('/0.xml') ? { t: 'x\\ud800', ['\\ud800']: 1 } : r)",
      )
      const args = ['*.xml', '-r', 'r', '--transform', 't.mjs', '-o', output, '--progress', 'plain']
      const { stderr, exitCode } = await runCommand(args, { cwd: folder.path })
      expect(stderr).toContain('1 record × RECORD_REFUSED')
      expect(stderr).toContain('t has half of a surrogate pair, which UTF-8 cannot carry')
      expect(exitCode).toBe(1)
      const rejects = readFileSync(folder.file(`${output}.rejects.ndjson`), 'utf8')
        .trim()
        .split('\n')
      expect(rejects.map((line) => JSON.parse(line))).toMatchObject([
        { n: 0, code: 'RECORD_REFUSED', xml: '<r><t>1</t></r>' },
      ])
      const whole = documents.reduce((sum, records) => sum + records, 0) - 1
      const { problems, done, records } = await verifyOutput(folder.file(output))
      expect([problems, done, records]).toEqual([[], documents.length, whole])
    })
  }
}
