/** Shards that write into one PostgreSQL database at the same time, each a process of its own. */
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand, startCommand } from '../support/command-line.ts'
import { query, startPostgres } from '../support/postgres.ts'
import { serve } from '../support/serve.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const SHARDS = ['1/4', '2/4', '3/4', '4/4']
const DOCUMENTS = 48

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** Documents with elements of many names, whose ids are those of other documents as well; one is malformed. */
function writeList(folder: TemporaryFolder): void {
  const paths = Array.from({ length: DOCUMENTS }, (_, n) => {
    const records = Array.from(
      { length: 20 },
      (_, m) => `<e${(n + m) % 5} id="${(n * 7 + m) % 30}">${n}</e${(n + m) % 5}>`,
    )
    return folder.write(`${n}.xml`, `<a>${records.join('')}${n === 11 ? '' : '</a>'}`)
  })
  folder.write('list.txt', paths.join('\n'))
  folder.write(
    'odd.ts',
    "export default (e: { '@_id': string }) => { if (e['@_id'] === '13') throw new Error('odd'); return e }\n",
  )
}

const INPUT = ['-i', 'list.txt', '-r', '/*/*', '--transform', 'odd.ts', '-t', '1', '--retries', '0']

const ROWS = Array.from({ length: 5 }, (_, n) => `SELECT 'e${n}' AS name, url, n, record::text FROM e${n}`).join(
  ' UNION ALL ',
)

test('what shards write together is what one run writes', async () => {
  using folder = temporaryFolder()
  writeList(folder)
  const [shared, whole] = [await server.database('shared'), await server.database('whole')]
  const run = (url: string, ...args: string[]) => runCommand([...INPUT, '-o', url, ...args], { cwd: folder.path })
  const ended = await Promise.all(SHARDS.map((shard) => run(shared, '--shard', shard)))
  for (const { exitCode, stderr } of ended) expect(stderr, `${exitCode}`).not.toContain('stopped')
  await run(whole, '--rejects', 'whole.rejects')
  const sorted = `SELECT * FROM (${ROWS}) AS rows ORDER BY name, url, n`
  const rows = await query(shared, sorted)
  expect(rows.length).toBeGreaterThan(800)
  expect(rows).toEqual(await query(whole, sorted))
  const { problems, done, failed } = await verifyOutput(shared)
  expect([problems, done, failed]).toEqual([[], DOCUMENTS - 1, 1])
  // No row was looked for before it was written: the tables are known to all of them as xmlmill's own.
  expect(await query(shared, "SELECT value FROM xmlmill_meta WHERE name = 'merges'")).toEqual([])
  const rejects = (path: string) => readFileSync(folder.file(path), 'utf8').split('\n').slice(0, -1)
  const refused = SHARDS.flatMap((shard) => rejects(`shared.shard-${shard[0]}-of-4.rejects.ndjson`))
  expect(refused.toSorted()).toEqual(rejects('whole.rejects').toSorted())
  // A run over all of it goes on with what shards have done.
  const { stderr } = await run(shared)
  expect(stderr).toContain(`${DOCUMENTS - 1} already there`)
})

test('with --key each row is there once, whichever shard came last', async () => {
  using folder = temporaryFolder()
  writeList(folder)
  const url = await server.database('keyed')
  // Many transactions, and each of them slow: without a turn for each they would wait for each other's rows.
  folder.write(
    'odd.ts',
    `export default async (e: { '@_id': string }) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (e['@_id'] === '13') throw new Error('odd')
      return e
    }\n`,
  )
  await query(
    url,
    `CREATE TABLE things (url text, n bigint, "row" bigint, id text UNIQUE, text text);
     CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END';
     CREATE TRIGGER slow BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION wait()`,
  )
  const args = [...INPUT, '-o', url, '--table', 'things', '--columns', 'id=@_id,text=#text', '--key', 'id']
  const ended = await Promise.all(SHARDS.map((shard) => runCommand([...args, '--shard', shard], { cwd: folder.path })))
  for (const { exitCode, stderr } of ended) expect(stderr, `${exitCode}`).not.toContain('stopped')
  const ids = await query<{ id: string }>(url, 'SELECT id FROM things ORDER BY id::int')
  expect(ids.map(({ id }) => Number(id))).toEqual(Array.from({ length: 30 }, (_, n) => n).filter((n) => n !== 13))
  expect(await verifyOutput(url)).toMatchObject({ problems: [], done: DOCUMENTS - 1 })
})

test('the same shard twice, or all of the list beside a shard, is kept out', async () => {
  using folder = temporaryFolder()
  const cwd = folder.path
  const url = await server.database('kept_out')
  await using site = await serve({ '/never': () => {} })
  const shards = ['1/2', '2/2']
  const args = [site.url('/never'), '-r', 'r', '-t', '1', '-o', url]
  const running = shards.map((shard) => startCommand([...args, '--shard', shard], { cwd }))
  const waiting = async (held: number) => {
    const locks = "SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory' AND granted"
    while ((await query<{ held: number }>(url, locks))[0]?.held !== held);
  }
  // The one that has no document is over at once; the other has the whole, shared, and its own.
  await Promise.race(running.map(({ finished }) => finished))
  await waiting(2)
  const had = shards[running.findIndex(({ child }) => child.exitCode === null)] ?? ''
  const again = await runCommand([...args, '--shard', had], { cwd })
  expect([again.exitCode, again.stderr]).toEqual([4, expect.stringContaining('is in use by process')])
  expect((await runCommand(args, { cwd })).exitCode).toBe(4)
  const other = await runCommand([...args, '--shard', had === '1/2' ? '2/2' : '1/2'], { cwd })
  expect(other.exitCode).toBe(0)
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.map(({ finished }) => finished))
  const fresh = await runCommand([...args, '--shard', '1/2', '--fresh', '--yes'], { cwd })
  expect([fresh.exitCode, fresh.stderr]).toEqual([2, expect.stringContaining('--fresh would drop what other shards')])
})
