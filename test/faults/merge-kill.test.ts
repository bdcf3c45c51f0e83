/** Merges into every kind of output, killed at every place where they can be: the same command again takes them to their end. */
import { expect, test } from 'vitest'
import type { Failpoint } from '../../src/failpoint.ts'
import { runCommand } from '../support/command-line.ts'
import { contentOf, problemsOf, sorted } from '../support/kill-chain.ts'
import { MERGED, millShards, outputOf, type Shards } from '../support/merge-parts.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TIMEOUT_MS = 600_000
const SIGKILL = 128 + 9

const LEDGER: readonly Failpoint[] = ['ledger.filled', 'ledger.committed']
const FILE: readonly Failpoint[] = ['file.half-written', 'file.written', 'file.synced', ...LEDGER]
const RENAMED: readonly Failpoint[] = ['directory.noted', 'directory.renamed', 'directory.synced', ...LEDGER]

function pointsOf(extension: string): readonly Failpoint[] {
  if (extension === '/') return [...RENAMED, 'directory.written']
  if (extension === '.parquet') return RENAMED
  return /sqlite|db/.test(extension) ? ['database.filled', ...LEDGER] : FILE
}

for (const [name, extension, targetOf] of MERGED) {
  test.concurrent(`${name} is whole and has nothing twice after a merge was killed again and again`, {
    timeout: TIMEOUT_MS,
  }, async () => {
    const shards = await millShards(extension, targetOf)()
    // One after the other: parts are held while they are read.
    for (const point of pointsOf(extension)) await mergeKilled(shards, point)
  })
}

async function mergeKilled({ parts, whole, into }: Shards, point: Failpoint): Promise<void> {
  using folder = temporaryFolder()
  const merged = into('merged', folder)
  const args = ['merge', outputOf(merged), ...parts.map(outputOf)]
  let kills = 0
  // From hit to hit it comes further; with what is there already it may end before the next one.
  for (const hit of [1, 2, 3, 4, 5]) {
    const env = { XMLMILL_FAILPOINT: `${point}:${hit}` }
    const { exitCode, stderr } = await runCommand(args, { cwd: folder.path, env })
    expect(stderr, point).toBe('')
    if (exitCode !== SIGKILL) break
    kills += 1
    // As it is, it is in order as far as it goes.
    if (point === 'ledger.committed') expect(await problemsOf(merged), point).toEqual([])
  }
  expect(kills, point).toBeGreaterThan(1)
  // Some documents failed.
  expect((await runCommand(args, { cwd: folder.path })).exitCode, point).toBe(1)
  expect(await problemsOf(merged), point).toEqual([])
  expect(sorted(await contentOf(merged)), point).toEqual(sorted(await contentOf(whole)))
}
