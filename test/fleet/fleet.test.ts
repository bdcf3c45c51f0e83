import { existsSync, readdirSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand, startCommand } from '../support/command-line.ts'
import { startFleet } from '../support/fleet.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { type Route, serve } from '../support/serve.ts'

let server: TestServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** Documents /0 … of two records each. */
function site(count: number, more: Readonly<Record<string, Route>> = {}) {
  const documents = Array.from({ length: count }, (_, index) => [`/${index}`, `<l><p>${index}</p><p>b</p></l>`])
  return serve({ ...Object.fromEntries(documents), ...more })
}

const paths = (count: number) => Array.from({ length: count }, (_, index) => `/${index}`)

test('what was submitted is milled by two machines, once, into the database of the queue', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(40)
  const submitted = await fleet.submit([...paths(40), '/missing'].map(origin.url), '-r', 'p')
  expect(submitted.stdout.toString()).toContain('urls: 41 documents added')
  const ends = await Promise.all([fleet.work().finished, fleet.work().finished])
  expect(ends.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1])
  expect(await fleet.query('SELECT count(*)::int, count(DISTINCT (url, n))::int AS places FROM p')).toEqual([
    { count: 80, places: 80 },
  ])
  const status = await fleet.command('status', '--json')
  expect(JSON.parse(status.stdout.toString()).runs).toMatchObject([
    { name: 'urls', done: 40, failed: 1, waiting: 0, running: 0, failures: { HTTP_REFUSED: 1 } },
  ])
  expect(status.exitCode).toBe(1)
  expect((await fleet.command('verify')).exitCode).toBe(0)
  const report = await fleet.command('report', '-o', 'report.html')
  expect([report.exitCode, report.stderr]).toEqual([0, ''])
  const threads = await fleet.query(
    'SELECT DISTINCT thread / 10000 AS worker FROM xmlmill_documents WHERE thread IS NOT NULL',
  )
  expect([1, 2]).toContain(threads[0]?.worker)
  expect(await fleet.query('SELECT count(*)::int FROM xmlmill.leases')).toEqual([{ count: 0 }])
  expect(await fleet.query('SELECT DISTINCT running FROM xmlmill.hosts')).toEqual([{ running: 0 }])
})

test('the same list again adds what is new, and what failed is tried again when asked', async () => {
  let isThere = false
  const late: Route = (_, response) =>
    void (isThere ? response.end('<l><p>late</p></l>') : response.writeHead(404).end())
  await using fleet = await startFleet(server)
  await using origin = await site(5, { '/late': late })
  await fleet.submit([...paths(3), '/late'].map(origin.url), '-r', 'p')
  await fleet.work().finished
  isThere = true
  const again = await fleet.submit([...paths(5), '/late'].map(origin.url), '-r', 'p')
  expect(again.stdout.toString()).toContain('2 documents added, 4 documents already there')
  await fleet.work().finished
  expect(origin.hits('/0')).toBe(1)
  expect(origin.hits('/late')).toBe(1)
  expect((await fleet.command('retry')).stdout.toString()).toBe('urls: 1 document to be tried again\n')
  expect((await fleet.work().finished).exitCode).toBe(0)
  expect(await fleet.query('SELECT count(*)::int FROM p')).toEqual([{ count: 11 }])
  const changed = await fleet.submit([origin.url('/0')], '-r', 'l')
  expect([changed.exitCode, changed.stderr]).toEqual([2, expect.stringContaining('SHAPE_CHANGED')])
})

test('a paused run starts nothing, a cancelled one has nothing left', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(4)
  await fleet.submit(paths(4).map(origin.url), '-r', 'p')
  await fleet.command('pause')
  expect((await fleet.work().finished).exitCode).toBe(0)
  expect(origin.hits()).toBe(0)
  await fleet.command('resume')
  expect((await fleet.work().finished).exitCode).toBe(0)
  expect(origin.hits()).toBe(4)
  await fleet.submit([...paths(4), '/5', '/6'].map(origin.url), '-r', 'p')
  expect((await fleet.command('cancel')).stdout.toString()).toContain('2 documents taken out of the queue')
  expect((await fleet.work().finished).exitCode).toBe(0)
  expect(origin.hits()).toBe(4)
})

/** The last overview of a live page's stream; its server cuts the stream when all is over. */
async function lastOverview(url: URL): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of (await fetch(url)).body ?? []) text += decoder.decode(chunk, { stream: true })
  } catch {
    // Cut.
  }
  return /.*event: overview\ndata: (.*?)\n\n/s.exec(text)?.[1] ?? ''
}

test('the live page of a fleet shows what every machine has done', async () => {
  await using fleet = await startFleet(server)
  const slow: Route = (_, response) => void setTimeout(() => response.end('<l><p>a</p></l>'), 300)
  await using origin = await site(0, Object.fromEntries(paths(24).map((path) => [path, slow])))
  await fleet.submit(paths(24).map(origin.url), '-r', 'p', '-j', '2')
  const live = startCommand(['status', fleet.url, '--live', '0'], { cwd: fleet.folder })
  const [, address] = await live.says(/live: (\S+)\n/)
  const events = lastOverview(new URL('events', address))
  const machines = [fleet.work(), fleet.work()]
  const last = JSON.parse(await events)
  expect(last).toMatchObject({ hasEnded: true, summary: { documents: { done: 24 } } })
  const workers = await fleet.query('SELECT DISTINCT thread FROM xmlmill_documents')
  expect(last.lanes).toHaveLength(workers.length)
  expect((await live.finished).exitCode).toBe(0)
  await Promise.all(machines.map(({ finished }) => finished))
})

test('a transform comes with the run, and is run only where it is allowed', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(1)
  await writeFile(join(fleet.folder, 'row.ts'), 'export default (record: string) => ({ text: record })')
  const submitted = await fleet.submit([origin.url('/0')], '-r', 'p', '--transform', 'row.ts')
  const hash = /SHA-256 ([0-9a-f]{64})/.exec(submitted.stdout.toString())?.[1] ?? ''
  const refused = await fleet.work().finished
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('TRANSFORM_REFUSED')])
  expect(refused.stderr).toContain(hash)
  expect((await fleet.work(`--allow-transform=${'0'.repeat(16)}`).finished).exitCode).toBe(2)
  const allowed = await fleet.work(`--allow-transform=${hash.slice(0, 16)}`).finished
  expect([allowed.exitCode, allowed.stderr]).toEqual([0, expect.anything()])
  expect(await fleet.query("SELECT record ->> 'text' AS text FROM p ORDER BY n")).toEqual([
    { text: '0' },
    { text: 'b' },
  ])
})

test('another transform under the hash that is allowed is refused, and its name leads nowhere', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(1)
  await writeFile(join(fleet.folder, 'row.mjs'), "export default () => ({ text: 'ours' })")
  const args = ['-r', 'p', '--transform', 'row.mjs'] as const
  const submitted = await fleet.submit([origin.url('/0')], ...args)
  const hash = /SHA-256 ([0-9a-f]{64})/.exec(submitted.stdout.toString())?.[1] ?? ''
  const evil = join(fleet.folder, 'was-run')
  const source = `import { writeFileSync } from 'node:fs'; writeFileSync('${evil}', ''); export default () => ({})`
  const before = await fleet.query<{ transform_source: string }>('SELECT transform_source FROM xmlmill.runs')
  const put = (text: string) => fleet.query(`UPDATE xmlmill.runs SET transform_source = $x$${text}$x$`)
  await put(source)
  for (const allow of [`--allow-transform=${hash}`, '--allow-transform']) {
    const refused = await fleet.work(allow).finished
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('is not what was submitted')])
  }
  const again = await fleet.submit([origin.url('/0')], ...args)
  expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('TRANSFORM_REFUSED')])
  // Also where the hash beside it is made to fit, as far as somebody allows one.
  await fleet.query(
    "UPDATE xmlmill.runs SET transform_hash = encode(sha256(convert_to(transform_source, 'UTF8')), 'hex')",
  )
  expect((await fleet.work(`--allow-transform=${hash}`).finished).exitCode).toBe(2)
  expect(existsSync(evil)).toBe(false)
  await put(before[0]?.transform_source ?? '')
  const outside = `${basename(fleet.folder)}-outside`
  await fleet.query(`UPDATE xmlmill.runs SET transform_hash = '${hash}', transform_name = '../${outside}.mjs'`)
  expect((await fleet.work(`--allow-transform=${hash}`).finished).exitCode).toBe(0)
  expect(readdirSync(dirname(fleet.folder)).filter((name) => name.startsWith(outside))).toEqual([])
  expect(await fleet.query("SELECT record ->> 'text' AS text FROM p LIMIT 1")).toEqual([{ text: 'ours' }])
  await fleet.query("UPDATE xmlmill.runs SET transform_name = '../row.mjs/../sh'")
  await fleet.submit([origin.url('/0?more')], ...args)
  const nameless = await fleet.work('--allow-transform').finished
  expect([nameless.exitCode, nameless.stderr]).toEqual([2, expect.stringContaining('which is no .ts, .mts')])
})

test('says so where there is no queue, no such run, or no such database', async () => {
  await using fleet = await startFleet(server)
  const none = await fleet.work().finished
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('QUEUE_UNUSABLE')])
  await using origin = await site(1)
  await fleet.submit([origin.url('/0')])
  expect((await fleet.command('pause', '--name', 'other')).stderr).toContain('has no run other')
  const file = join(fleet.folder, 'papers.ndjson')
  await writeFile(file, '')
  for (const command of ['status', 'work', 'retry', 'pause', 'resume', 'cancel', 'collect', 'submit']) {
    const on = (target: string) =>
      runCommand([command, ...(command === 'submit' ? [origin.url('/0'), '--queue'] : []), target], {
        cwd: fleet.folder,
      })
    const none = await on('nope.ndjson')
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringMatching(/postgres:\/\/.*\nOPTIONS_INVALID/)])
    expect((await on('papers.ndjson')).stderr).toMatch(/xmlmill report papers\.ndjson .*xmlmill verify papers\.ndjson/)
  }
  const wrong = `${fleet.url}nowhere`
  const nowhere = await runCommand(['submit', origin.url('/0'), '--queue', wrong], { cwd: fleet.folder })
  expect([nowhere.exitCode, nowhere.stderr]).toEqual([3, expect.stringContaining('QUEUE_FAILED')])
})

test('the role of docs/fleet-role.sql may work and may not change the list', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(3)
  await fleet.submit([...paths(3), '/missing'].map(origin.url), '-r', 'p')
  await fleet.query(await readFile(new URL('../../docs/fleet-role.sql', import.meta.url), 'utf8'))
  await fleet.query("ALTER ROLE xmlmill_worker PASSWORD 'worker'")
  const as = new URL(fleet.url)
  as.username = 'xmlmill_worker'
  as.password = 'worker'
  const ends = await Promise.all([1, 2].map(() => runCommand(['work', as.href, '-q'], { cwd: fleet.folder })))
  expect(ends.map(({ stderr }) => stderr).join('')).not.toContain('permission denied')
  expect(Math.max(...ends.map(({ exitCode }) => exitCode))).toBe(1)
  expect(await fleet.query('SELECT count(*)::int FROM p')).toEqual([{ count: 6 }])
  const paused = await runCommand(['pause', as.href], { cwd: fleet.folder })
  expect([paused.exitCode, paused.stderr]).toEqual([3, expect.stringContaining('permission denied')])
  await fleet.query('DROP OWNED BY xmlmill_worker CASCADE; DROP ROLE xmlmill_worker')
})

test('workers write parts of a file, and of a document that two of them have, the one counts that the queue knows', async () => {
  await using fleet = await startFleet(server)
  let version = 'first'
  const changing: Route = (_, response) => response.end(`<l><p>${version}</p></l>`)
  await using origin = await site(6, { '/changing': changing })
  await fleet.submit([...paths(6), '/changing'].map(origin.url), '-r', 'p', '-o', 'papers.ndjson')
  expect((await fleet.work().finished).exitCode).toBe(0)
  // As if the first worker had been taken for lost just before it told the queue.
  version = 'second'
  await fleet.query(
    `UPDATE xmlmill.job SET state = 'created', output = NULL WHERE data ->> 'url' = '${origin.url('/changing')}'`,
  )
  // What is in a part and not done for the queue is nobody's yet.
  const early = await fleet.command('collect', '-o', 'early.ndjson')
  expect([early.exitCode, early.stdout.toString()]).toEqual([
    1,
    expect.stringMatching(
      /: 6 documents taken, 1 left out\nearly\.ndjson: 6 documents with 12 records\n1 document not done yet;/,
    ),
  ])
  await fleet.query('UPDATE xmlmill.run_hosts SET is_empty = false, ready_at = now()')
  expect((await fleet.work().finished).exitCode).toBe(0)
  const collected = await fleet.command('collect')
  expect([collected.exitCode, collected.stderr]).toEqual([0, ''])
  expect((await fleet.command('collect', '-o', 'early.ndjson')).stdout.toString()).toContain('7 documents with 13')
  expect(await readFile(join(fleet.folder, 'early.ndjson'), 'utf8')).not.toContain('first')
  const lines = (await readFile(join(fleet.folder, 'papers.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines).toHaveLength(13)
  expect(lines.filter((line) => line.includes('changing')).map((line) => JSON.parse(line).record)).toEqual(['second'])
  expect((await fleet.command('collect')).stdout.toString()).toContain('papers.ndjson: 7 documents with 13 records')
  const verified = await runCommand(['verify', 'papers.ndjson'], { cwd: fleet.folder })
  expect(verified.exitCode).toBe(0)
})

test('what has failed after several tries is collected as failed, once, until it is done', async () => {
  await using fleet = await startFleet(server)
  let isUp = false
  const late: Route = (request, response) =>
    void (isUp ? response.end('<l><p>late</p></l>') : request.socket.resetAndDestroy())
  await using origin = await site(1)
  await using down = await site(0, { '/late': late })
  await fleet.submit([origin.url('/0'), down.url('/late')], '-r', 'p', '-o', 'papers.ndjson', '--retries', '1')
  expect((await fleet.work().finished).exitCode).toBe(1)
  const collected = await fleet.command('collect')
  expect([collected.exitCode, collected.stdout.toString()]).toEqual([
    1,
    expect.stringMatching(
      /: 1 document taken, 1 failed\npapers\.ndjson: 1 document with 2 records\n1 document failed; xmlmill retry/,
    ),
  ])
  const again = await fleet.command('collect')
  expect([again.exitCode, again.stdout.toString()]).toEqual([
    1,
    expect.stringMatching(/: 0 documents taken, 2 already there\npapers.*\n1 document failed;/),
  ])
  using ledger = new DatabaseSync(join(fleet.folder, 'papers.ndjson.xmlmill'))
  const rows = ledger.prepare("SELECT url, attempts, code FROM xmlmill_documents WHERE status = 'failed'").all()
  expect(rows).toEqual([{ url: down.url('/late'), attempts: 2, code: 'CONNECTION_LOST' }])
  isUp = true
  await fleet.command('retry')
  expect((await fleet.work().finished).exitCode).toBe(0)
  const last = await fleet.command('collect')
  expect([last.exitCode, last.stdout.toString()]).toEqual([0, expect.stringContaining('2 documents with 3 records')])
})

test('the parts of a run with a transform are collected without running it', async () => {
  await using fleet = await startFleet(server)
  await using origin = await site(2)
  const loaded = join(fleet.folder, 'loaded')
  const source = `import { writeFileSync } from 'node:fs'
    writeFileSync(${JSON.stringify(loaded)}, '')
    export default (record) => ({ text: record })`
  await writeFile(join(fleet.folder, 'row.mjs'), source)
  await fleet.submit(paths(2).map(origin.url), '-r', 'p', '--transform', 'row.mjs', '-o', 'rows.csv')
  expect((await fleet.work('--allow-transform').finished).exitCode).toBe(0)
  rmSync(loaded)
  const collected = await fleet.command('collect')
  expect([collected.exitCode, collected.stderr]).toEqual([0, ''])
  expect(existsSync(loaded)).toBe(false)
  const rows = (await readFile(join(fleet.folder, 'rows.csv'), 'utf8')).trimEnd().split('\r\n')
  expect([rows[0], rows.length]).toEqual(['url,n,row,text', 5])
})
