/** The examples for a cluster, run as a scheduler would run them: with its variables set. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MAIN, runCommand, runShell } from '../support/command-line.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const DOCUMENTS = 24

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

/** A folder with a list, and with `xmlmill` where a shell finds it. */
function withList(): TemporaryFolder & { readonly env: Readonly<Record<string, string>> } {
  const folder = temporaryFolder()
  const paths = Array.from({ length: DOCUMENTS }, (_, n) => folder.write(`${n}.xml`, `<a><paper>${n}</paper></a>`))
  folder.write('urls.txt', paths.join('\n'))
  mkdirSync(folder.file('bin'))
  folder.write('bin/xmlmill', `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`)
  chmodSync(folder.file('bin/xmlmill'), 0o755)
  return { ...folder, env: { PATH: `${folder.file('bin')}:${process.env.PATH}` } }
}

/** What is merged at the end has every document. */
async function expectMerged({ path, file }: TemporaryFolder, parts: number): Promise<void> {
  const names = Array.from({ length: parts }, (_, n) => `papers-${n + 1}.ndjson`)
  const { exitCode, stdout } = await runCommand(['merge', 'papers.ndjson', ...names], { cwd: path })
  expect([exitCode, stdout.toString()]).toEqual([
    0,
    expect.stringContaining(`papers.ndjson: ${DOCUMENTS} documents with ${DOCUMENTS} records\n`),
  ])
  expect(readFileSync(file('papers.ndjson'), 'utf8').split('\n')).toHaveLength(DOCUMENTS + 1)
}

test('shards.slurm: each task of an array has its shard, also when some are given again', async () => {
  using folder = withList()
  const task = (id: number, more: Readonly<Record<string, string>>) => {
    const env = { ...folder.env, SLURM_ARRAY_TASK_ID: String(id), SLURM_CPUS_PER_TASK: '1', ...more }
    return runShell(`bash ${example('shards.slurm')} urls.txt paper papers`, { cwd: folder.path, env })
  }
  for (const id of [1, 2, 3]) expect((await task(id, { SLURM_ARRAY_TASK_COUNT: '3' })).exitCode).toBe(0)
  // Two of them are submitted again: Slurm then counts two.
  expect((await task(2, { SLURM_ARRAY_TASK_COUNT: '2', SHARDS: '3' })).stderr).toContain('already there')
  const forgotten = await task(2, { SLURM_ARRAY_TASK_COUNT: '2' })
  expect([forgotten.exitCode, forgotten.stderr]).toEqual([2, expect.stringContaining('--shard was "2/3" and is "2/2"')])
  // As an array from 0 would have it.
  const zero = await task(0, { SLURM_ARRAY_TASK_COUNT: '3' })
  expect([zero.exitCode, zero.stderr]).toEqual([2, expect.stringContaining('shards count from 1')])
  await expectMerged(folder, 3)
})

test('shards-job.yaml: each index of a job has its shard', async () => {
  using folder = withList()
  const job = readFileSync(example('shards-job.yaml'), 'utf8')
  const completions = Number(/^ {2}completions: (\d+)$/m.exec(job)?.[1])
  expect(completions).toBe(8)
  const [, script = ''] = /^ {10}args:\n {12}- \|\n((?: {14}.*\n)+)/m.exec(job) ?? []
  folder.write('script', script.replaceAll('/data/', `${folder.path}/`))
  for (let index = 0; index < completions; index++) {
    const env = { ...folder.env, JOB_COMPLETION_INDEX: String(index) }
    const { exitCode, stderr } = await runShell('sh -c "$(cat script)"', { cwd: folder.path, env })
    expect(exitCode, stderr).toBe(0)
  }
  await expectMerged(folder, completions)
})

test('the commands for merging that the examples name have every part', async () => {
  const { stdout } = await runShell('echo $(seq -f papers-%g.ndjson 8)', { cwd: process.cwd() })
  const parts = stdout.toString().trim().split(' ')
  expect([parts[0], parts.at(-1), parts.length]).toEqual(['papers-1.ndjson', 'papers-8.ndjson', 8])
  for (const name of ['shards.slurm', 'shards-job.yaml'])
    expect(readFileSync(example(name), 'utf8')).toMatch(
      /xmlmill merge \S*papers\.ndjson \$\(seq -f \S*papers-%g\.ndjson 8\)/,
    )
})
