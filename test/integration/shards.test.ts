/** One list milled by several runs, each into an output of its own. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommand } from '../support/command-line.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

/** A folder with documents and a list of them, one of which is malformed. */
function withList(documents = 12): TemporaryFolder & { readonly list: string } {
  const folder = temporaryFolder()
  mkdirSync(folder.file('in'))
  const names = Array.from({ length: documents }, (_, n) => `in/${n}.xml`)
  for (const [n, name] of names.entries()) folder.write(name, `<a><r>${n}</r>${n === 3 ? '' : '</a>'}`)
  return { ...folder, list: folder.write('list.txt', names.join('\n')) }
}

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

test('the shards of a list are the list, and each says what it leaves to others', async () => {
  using folder = withList()
  const cwd = folder.path
  const all: string[] = []
  const exitCodes: number[] = []
  for (const shard of ['1/3', '2/3', '3/3']) {
    const output = `out-${shard[0]}.ndjson`
    const args = ['-i', 'list.txt', '-r', 'r', '--bare', '-o', output, '--shard', shard, '-t', '1']
    const { exitCode, stderr } = await runCommand(args, { cwd })
    exitCodes.push(exitCode)
    const here = lines(folder.file(output))
    const failed = exitCode === 1 ? 1 : 0
    expect(stderr).toContain(`${12 - here.length - failed} left to other shards`)
    all.push(...here)
    // The command to go on with is this shard's.
    if (failed > 0) expect(stderr).toContain(`--shard ${shard}`)
  }
  expect(all.toSorted()).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => `"${n}"`).toSorted())
  expect(exitCodes.toSorted()).toEqual([0, 0, 1])
})

test('an output stays that of its shard, and goes on as one', async () => {
  using folder = withList()
  const cwd = folder.path
  const args = ['-i', 'list.txt', '-r', 'r', '-o', 'out.ndjson', '-t', '1']
  await runCommand([...args, '--shard', '1/3'], { cwd })
  const before = readFileSync(folder.file('out.ndjson'))
  for (const [flags, change] of [
    [['--shard', '2/3'], '--shard was "1/3" and is "2/3"'],
    [['--shard', '1/4'], '--shard was "1/3" and is "1/4"'],
    [[], '--shard was "1/3" and is not given'],
  ] as const) {
    const refused = await runCommand([...args, ...flags], { cwd })
    expect(refused.stderr).toContain('SHAPE_CHANGED')
    expect(refused.stderr).toContain(change)
    expect(refused.exitCode).toBe(2)
  }
  const again = await runCommand([...args, '--shard', '1/3', '--retries', '0'], { cwd })
  expect(again.stderr).toMatch(/already there/)
  expect(readFileSync(folder.file('out.ndjson'))).toEqual(before)
})

test('shards that print have their rejects and their failed documents each in a file of its own', async () => {
  using folder = withList()
  const cwd = folder.path
  folder.write('refuse.ts', "export default () => { throw new Error('no') }\n")
  const absent = Array.from({ length: 30 }, (_, n) => folder.file(`absent-${n}.xml`))
  folder.write('more.txt', absent.join('\n'))
  const failed: string[] = []
  const named: string[] = []
  for (const shard of ['1/2', '2/2']) {
    const { stdout } = await runCommand(
      ['-i', 'list.txt', '-i', 'more.txt', '-r', 'r', '--transform', 'refuse.ts', '--shard', shard, '-t', '1'],
      { cwd },
    )
    expect(stdout.toString()).toBe('')
    const rejects = `xmlmill.shard-${shard[0]}-of-2.rejects.ndjson`
    named.push(...lines(folder.file(rejects)))
    failed.push(...lines(folder.file(`xmlmill.shard-${shard[0]}-of-2.failed.txt`)))
  }
  expect(named).toHaveLength(11)
  expect(failed).toHaveLength(31)
  expect(existsSync(folder.file('xmlmill.rejects.ndjson'))).toBe(false)
})

test('a shard that is none exits with 2 before anything is read', async () => {
  using folder = withList()
  const { exitCode, stderr } = await runCommand(['-i', 'list.txt', '--shard', '0/8'], { cwd: folder.path })
  expect([exitCode, stderr]).toEqual([
    2,
    'xmlmill: --shard is 0/8; shards count from 1, so from 1/8 to 8/8; where a job counts from 0, add 1\nOPTIONS_INVALID: See --help.\n',
  ])
})
