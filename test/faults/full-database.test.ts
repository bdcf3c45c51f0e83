/** A database or a ledger that takes no more, and a disk that does not say that it has taken anything. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { type Finished, runCommand, startCommand } from '../support/command-line.ts'
import { FAILING_SYNC, sqliteSettings } from '../support/preload.ts'
import { serve } from '../support/serve.ts'
import { COLUMNS, DIRECTORY, file, type SinkTarget, sqlite } from '../support/sink-targets.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const DOCUMENTS = 60
const RECORDS = 10

function writeDocuments(folder: TemporaryFolder): string {
  for (let document = 0; document < DOCUMENTS; document++) {
    const records = Array.from({ length: RECORDS }, (_, n) => `<r id="${document}-${n}">${'x'.repeat(500)}</r>`)
    folder.write(`d${String(document).padStart(3, '0')}.xml`, `<a>${records.join('')}</a>`)
  }
  return folder.file('d*.xml')
}

/** The run has ended with 3 and said why; what is there is whole; the next run makes it all. */
async function expectResumable(
  folder: TemporaryFolder,
  target: SinkTarget,
  args: readonly string[],
  { exitCode, stderr }: Finished,
  cause: string,
): Promise<void> {
  expect(stderr).toContain(cause)
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(exitCode).toBe(3)
  const before = await target.rows(folder.path)
  // All of a document or nothing.
  expect(before.length % RECORDS).toBe(0)
  // By the ledger: what is in files without being in it may be all of them, of one group.
  expect((await verifyOutput(folder.file(target.output))).done).toBeLessThan(DOCUMENTS)
  const again = await runCommand(args, { cwd: folder.path })
  expect([again.exitCode, again.exitCode === 0 ? '' : again.stderr]).toEqual([0, ''])
  const ids = (await target.rows(folder.path)).map(({ id }) => id)
  expect([ids.length, new Set(ids).size]).toEqual([DOCUMENTS * RECORDS, DOCUMENTS * RECORDS])
  expect((await verifyOutput(folder.file(target.output))).problems).toEqual([])
}

const FULL: readonly (readonly [what: string, target: SinkTarget, end: string, pages: number])[] = [
  ['an SQLite database', sqlite('out.sqlite', []), 'out.sqlite', 60],
  ['an SQLite database with columns', sqlite('out.db', COLUMNS), 'out.db', 60],
  ['the ledger of a file', file('out.ndjson'), 'out.ndjson.xmlmill', 12],
  ['the ledger of a CSV file whose columns are not known yet', file('out.csv'), 'out.csv.xmlmill', 40],
  ['the ledger of a directory', DIRECTORY, 'ledger', 12],
]

for (const [what, target, end, pages] of FULL) {
  test(`${what} that is full ends the run with 3, and the run goes on when there is room`, async () => {
    using folder = temporaryFolder()
    const args = [writeDocuments(folder), '-r', 'r', '-o', target.output, ...target.args, '--ordered']
    const env = sqliteSettings(end, `PRAGMA max_page_count = ${pages}`)
    const full = await runCommand(args, { cwd: folder.path, env })
    await expectResumable(folder, target, args, full, 'database or disk is full')
  })
}

test('an SQLite database that may only be read ends the run with 3', async () => {
  using folder = temporaryFolder()
  const target = sqlite('out.sqlite', [])
  const args = [writeDocuments(folder), '-r', 'r', '-o', target.output]
  const refused = await runCommand(args, {
    cwd: folder.path,
    env: sqliteSettings('out.sqlite', 'PRAGMA query_only = ON'),
  })
  await expectResumable(folder, target, args, refused, 'attempt to write a readonly database')
})

for (const target of [sqlite('out.sqlite', []), file('out.ndjson')]) {
  test(`${target.output} ends the run with 3 when somebody keeps its ledger locked, and goes on afterwards`, async () => {
    using folder = temporaryFolder()
    const asked = Promise.withResolvers<() => void>()
    let isFirst = true
    await using site = await serve({
      '/1': '<a><r id="1">1</r></a>',
      '/2': (_, response) => {
        const answer = () => response.end('<a><r id="2">2</r><r id="3">3</r></a>')
        if (isFirst) asked.resolve(answer)
        else answer()
        isFirst = false
      },
    })
    const args = [site.url('/1'), site.url('/2'), '-r', 'r', '-o', target.output, '--ordered']
    const path = folder.file(target.output === 'out.sqlite' ? 'out.sqlite' : 'out.ndjson.xmlmill')
    const { finished } = startCommand(args, { cwd: folder.path, env: sqliteSettings(path, '') })
    const answer = await asked.promise
    const stranger = new DatabaseSync(path, { timeout: 10_000 })
    // In a file the record is there before its row is.
    const committed = stranger.prepare("SELECT count(*) AS count FROM xmlmill_documents WHERE status = 'done'")
    while (committed.get()?.count !== 1) await new Promise((resolve) => setTimeout(resolve, 10))
    stranger.exec('BEGIN IMMEDIATE')
    answer()
    const { exitCode, stderr } = await finished
    stranger.close()
    expect(stderr).toContain('database is locked')
    expect(exitCode).toBe(3)
    expect((await target.rows(folder.path)).map(({ id }) => id)).toEqual(['1'])
    expect((await runCommand(args, { cwd: folder.path })).exitCode).toBe(0)
    expect((await target.rows(folder.path)).map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(site.hits('/1')).toBe(1)
  })
}

for (const target of [file('out.ndjson'), file('out.csv.gz', COLUMNS), DIRECTORY]) {
  test(`a sync that fails ends the run into ${target.output} with 3 and is not tried again`, async () => {
    using folder = temporaryFolder()
    const args = [writeDocuments(folder), '-r', 'r', '-o', target.output, ...target.args, '--ordered']
    // The directory of a new file is synced too: what is made before is not what is tried here.
    expect((await runCommand([folder.file('none-*.xml'), ...args.slice(1)], { cwd: folder.path })).exitCode).not.toBe(3)
    const failed = await runCommand(args, { cwd: folder.path, env: FAILING_SYNC })
    expect(failed.stderr.split('<sync>').length - 1).toBe(1)
    await expectResumable(folder, target, args, failed, 'EIO')
  })
}
