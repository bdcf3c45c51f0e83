import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveOptions } from '../../src/options.ts'
import { openOutput } from '../../src/sinks/output.ts'
import { verifyOutput } from '../../src/sinks/verify.ts'
import { runCommand, startCommand } from '../support/command-line.ts'
import { PASSWORD, query, startPostgres, type TestServer } from '../support/postgres.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let server: TestServer | undefined
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.[Symbol.asyncDispose]())

function running(): TestServer {
  if (server === undefined) throw new Error('the server did not start')
  return server
}

const TABLES = 'SELECT count(*)::int AS count FROM r'

test('goes on after the server was restarted in the middle, and nothing is half there', async () => {
  using folder = temporaryFolder()
  const url = await running().database('restarted')
  const last = Promise.withResolvers<() => void>()
  let isFirst = true
  await using site = await serve({
    '/1': '<a><r>1</r><r>2</r></a>',
    '/2': (_, response) => {
      const answer = () => response.end('<a><r>3</r></a>')
      if (isFirst) last.resolve(answer)
      else answer()
      isFirst = false
    },
  })
  const args = [site.url('/1'), site.url('/2'), '-r', 'r', '-o', url]
  const { finished } = startCommand(args, { cwd: folder.path })
  const answer = await last.promise
  for (;;) {
    const isThere = await query<{ count: number }>(url, TABLES).catch(() => [])
    if (isThere[0]?.count === 2) break
    await delay(20)
  }
  await running().stop()
  answer()
  const { exitCode, stderr } = await finished
  // In time for the tests that follow.
  await running().start()
  expect(stderr).toContain('could not be written')
  expect(stderr).not.toContain(PASSWORD)
  expect(stderr).not.toContain(encodeURIComponent(PASSWORD))
  expect(exitCode).toBe(3)
  expect(await query(url, TABLES)).toEqual([{ count: 2 }])
  const again = await runCommand(args, { cwd: folder.path })
  expect(again.exitCode).toBe(0)
  expect(await query(url, TABLES)).toEqual([{ count: 3 }])
})

test('is whole and goes on after its connection was cut inside a COPY', async () => {
  using folder = temporaryFolder()
  const url = await running().database('cut')
  const rows = Array.from({ length: 50 }, (_, n) => `<r>${n}</r>`).join('')
  await using site = await serve({ '/1': '<a><r>1</r></a>', '/2': `<a>${rows}</a>` })
  const args = (...paths: string[]) => [...paths.map((path) => site.url(path)), '-r', 'r', '-o', url]
  expect((await runCommand(args('/1'), { cwd: folder.path })).exitCode).toBe(0)
  await query(
    url,
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
     CREATE TRIGGER slow BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION wait()`,
  )
  const { finished } = startCommand(args('/1', '/2'), { cwd: folder.path })
  const cut = `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
    WHERE datname = 'cut' AND application_name LIKE 'xmlmill%' AND state = 'active' AND query LIKE 'COPY%'`
  while ((await query<{ cut: boolean }>(url, cut)).length === 0) await delay(20)
  const { exitCode, stderr } = await finished
  expect(stderr).toContain('could not be written')
  expect(stderr).not.toContain(encodeURIComponent(PASSWORD))
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(exitCode).toBe(3)
  expect(await query(url, TABLES)).toEqual([{ count: 1 }])
  await query(url, 'DROP TRIGGER slow ON r')
  expect((await runCommand(args('/1', '/2'), { cwd: folder.path })).exitCode).toBe(0)
  expect(await query(url, TABLES)).toEqual([{ count: 51 }])
  expect((await verifyOutput(url)).problems).toEqual([])
  expect(site.hits('/1')).toBe(1)
})

test('says that a server is not there, without the password', async () => {
  using folder = temporaryFolder()
  const { exitCode, stderr } = await runCommand(
    ['http://127.0.0.1:9/', '-o', 'postgres://user:hidden-word@127.0.0.1:9/nowhere'],
    { cwd: folder.path },
  )
  expect(stderr).toContain('OUTPUT_FAILED')
  expect(stderr).not.toContain('hidden-word')
  expect(exitCode).toBe(3)
})

test('fills a table that is there, refuses what its types do not take, and replaces by key', async () => {
  using folder = temporaryFolder()
  const url = await running().database('given')
  await query(
    url,
    `CREATE TABLE things (url text, n int, "row" int, id int UNIQUE, price numeric(8,2));
     INSERT INTO things (id, price) VALUES (1, 0.5), (9, 9)`,
  )
  await using site = await serve({
    '/1': '<a><r id="1"><price>1.50</price></r><r id="2"><price>dear</price></r><r><price>3</price></r></a>',
    '/2': '<a><r id="4"><price>4</price></r><r id="4"><price>5</price></r></a>',
  })
  const args = ['-r', 'r', '-o', url, '--table', 'things', '--columns', 'id=@_id,price', '--key', 'id']
  const { exitCode, stderr } = await runCommand([site.url('/1'), site.url('/2'), ...args], { cwd: folder.path })
  expect([exitCode, exitCode === 1 ? '' : stderr]).toEqual([1, ''])
  expect(await query(url, 'SELECT id, price FROM things ORDER BY id')).toEqual([
    { id: 1, price: '1.50' },
    { id: 4, price: '5.00' },
    { id: 9, price: '9.00' },
  ])
  const rejects = readFileSync(folder.file('given.rejects.ndjson'), 'utf8').trim().split('\n')
  expect(rejects.map((line) => JSON.parse(line))).toMatchObject([
    { n: 2, reason: expect.stringContaining('--key'), xml: '<r><price>3</price></r>' },
    { n: 1, reason: expect.stringContaining('numeric'), xml: '<r id="2"><price>dear</price></r>' },
  ])
  const verified = await runCommand(['verify', url], { cwd: folder.path })
  expect([verified.exitCode, verified.stdout.toString()]).toEqual([0, expect.stringContaining('2 documents')])
})

test('fills its own table also after somebody has changed the types of its columns', async () => {
  using folder = temporaryFolder()
  const url = await running().database('altered')
  await using site = await serve({
    '/1': '<a><r id="1"/><r id="2"/></a>',
    '/2': '<a><r id="3"/><r id="many"/></a>',
  })
  const args = ['-r', 'r', '-o', url, '--columns', 'id=@_id']
  expect((await runCommand([site.url('/1'), ...args], { cwd: folder.path })).exitCode).toBe(0)
  await query(url, 'ALTER TABLE r ALTER id TYPE int USING id::int')
  const { exitCode, stderr } = await runCommand([site.url('/2'), ...args], { cwd: folder.path })
  expect([exitCode, exitCode === 1 ? '' : stderr]).toEqual([1, ''])
  expect(await query(url, 'SELECT n, id FROM r ORDER BY id')).toEqual([
    { n: '0', id: 1 },
    { n: '1', id: 2 },
    { n: '0', id: 3 },
  ])
})

test('a record that a table which was there does not take goes to the rejects with its XML, also without columns', async () => {
  using folder = temporaryFolder()
  const url = await running().database('narrow')
  await query(url, 'CREATE TABLE other (url text, n int, "row" int, record varchar(12), UNIQUE (url, n, "row"))')
  folder.write('a.xml', '<a><r>short</r><r>much too long for it</r></a>')
  const run = (...args: string[]) => runCommand(['a.xml', '-r', 'r', '-o', url, ...args], { cwd: folder.path })
  const { exitCode, stderr } = await run('--table', 'other')
  expect([exitCode, exitCode === 1 ? '' : stderr]).toEqual([1, ''])
  const rejects = readFileSync(folder.file('narrow.rejects.ndjson'), 'utf8').trim().split('\n')
  expect(rejects.map((line) => JSON.parse(line))).toMatchObject([{ n: 1, xml: '<r>much too long for it</r>' }])
  const mayRefuse = async (table: string) => {
    await using output = await openOutput(
      resolveOptions({ record: 'r', output: url, table, rejects: folder.file('no') }),
    )
    return output.sink.mayRefuse
  }
  expect([await mayRefuse('other'), await mayRefuse('new')]).toEqual([true, false])
})
