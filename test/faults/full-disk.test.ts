import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommand, runShell } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Local documents, so many records in each. */
function documents(folder: ReturnType<typeof temporaryFolder>, count: number, records: number): string {
  for (let n = 0; n < count; n++) {
    folder.write(`d${String(n).padStart(4, '0')}.xml`, `<a>${`<r>${n} ${'x'.repeat(990)}</r>`.repeat(records)}</a>`)
  }
  return folder.file('d*.xml')
}

for (const output of ['out.ndjson', 'out/']) {
  test(`a disk that is full ends the run into ${output} with 3, and the run goes on when there is room`, async () => {
    using folder = temporaryFolder()
    const cwd = folder.path
    // In blocks of 1 KiB. In a directory no file but the ledger's comes near it, and that one must, in however few commits: with more rows
    // than it has room for.
    const [count, records, limit] = output === 'out/' ? [1000, 1, 100] : [40, 100, 2000]
    const input = documents(folder, count, records)
    // One at a time, of which the first is written alone: else all may be there at once, and none fit.
    const args = ['-r', 'r', '-o', output, '--bare', '--ordered', '-j', '1']
    const full = await runShell(`ulimit -f ${limit}; xmlmill '${input}' ${args.join(' ')}`, { cwd })
    expect(full.stderr).toMatch(
      output === 'out/' ? /stopped: the ledger of out\/ failed/ : /stopped: out.ndjson could not be written: EFBIG/,
    )
    expect(full.stderr).not.toMatch(/\n\s+at /)
    expect(full.exitCode).toBe(3)
    const again = await runCommand([input, ...args], { cwd })
    expect(again.exitCode).toBe(0)
    expect(again.stderr).toMatch(output === 'out/' ? /\d+ done/ : /\d+ already there/)
    const checked = await runCommand(['verify', output], { cwd })
    expect(checked.stdout.toString()).toContain(`${count.toLocaleString('en')} documents`)
    expect(checked.exitCode).toBe(0)
  })
}

test('nothing of a document that did not fit is left in the file', async () => {
  using folder = temporaryFolder()
  const input = documents(folder, 3, 1000)
  const line = `ulimit -f 1500; xmlmill '${input}' -r r -o out.ndjson --bare --ordered -j 1`
  expect((await runShell(line, { cwd: folder.path })).exitCode).toBe(3)
  const text = readFileSync(folder.file('out.ndjson'), 'utf8')
  expect(text.split('\n').length - 1).toBe(1000)
  const checked = await runCommand(['verify', 'out.ndjson'], { cwd: folder.path })
  expect(checked.stdout.toString()).toContain('1 document with 1,000 records, each there once')
})

test('a device that takes nothing ends the run with 3', async () => {
  using folder = temporaryFolder()
  const input = documents(folder, 2, 10)
  const { exitCode, stderr } = await runCommand([input, '-r', 'r', '-o', '/dev/full'], { cwd: folder.path })
  expect(stderr).toContain('ENOSPC')
  expect(exitCode).toBe(3)
})
