import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LEASE_MS } from '../../src/fleet/worker.ts'
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

/** A document whose first answer comes when it is let; tells when each request came. */
function held() {
  const came: number[] = []
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let answer = () => {}
  const route: Route = (_, response) => {
    came.push(performance.now())
    asked[came.length - 1]?.resolve()
    const body = '<l><p>one</p><p>two</p></l>'
    if (came.length > 1) response.end(body)
    else answer = () => response.end(body)
  }
  return { route, came, first: asked[0]?.promise, second: asked[1]?.promise, answer: () => answer() }
}

const ROWS = 'SELECT url, count(*)::int FROM p GROUP BY url HAVING count(*) <> 2'

test('what a killed machine had is with another one when its lease has run out', async () => {
  await using fleet = await startFleet(server)
  const document = held()
  await using site = await serve({ '/': document.route })
  await fleet.submit([site.url('/')], '-r', 'p')
  const first = fleet.work()
  await document.first
  const second = fleet.work()
  await fleet.until('SELECT count(*) = 2 FROM xmlmill.workers')
  first.child.kill('SIGKILL')
  await document.second
  const lost = `SELECT lost_at - heartbeat_at > interval '${LEASE_MS} ms' AS late FROM xmlmill.workers WHERE lost_at IS NOT NULL`
  expect(await fleet.query(lost)).toEqual([{ late: true }])
  expect((await second.finished).exitCode).toBe(0)
  expect(await fleet.query(ROWS)).toEqual([])
  expect(await fleet.query('SELECT running FROM xmlmill.hosts')).toEqual([{ running: 0 }])
})

test('a machine that was stopped for longer than its lease writes nothing of what is somebody else’s by then', async () => {
  await using fleet = await startFleet(server)
  const document = held()
  await using site = await serve({ '/': document.route })
  await fleet.submit([site.url('/')], '-r', 'p')
  const first = fleet.work()
  await document.first
  const second = fleet.work()
  await fleet.until('SELECT count(*) = 2 FROM xmlmill.workers')
  first.child.kill('SIGSTOP')
  document.answer()
  await document.second
  expect((await second.finished).exitCode).toBe(0)
  first.child.kill('SIGCONT')
  expect((await first.finished).exitCode).toBe(0)
  expect(document.came).toHaveLength(2)
  expect(await fleet.query(ROWS)).toEqual([])
  expect(await fleet.query('SELECT count(*)::int FROM xmlmill_documents')).toEqual([{ count: 1 }])
  expect(await fleet.query('SELECT count(*)::int FROM xmlmill.workers WHERE lost_at IS NOT NULL')).toEqual([
    { count: 1 },
  ])
})

test('SIGTERM ends a machine when what it has is done, and gives the rest back', async () => {
  await using fleet = await startFleet(server)
  const waiting: (() => void)[] = []
  let isHeld = true
  const held: Route = (_, response) => {
    const answer = () => void response.end('<l><p>one</p><p>two</p></l>')
    if (isHeld) waiting.push(answer)
    else answer()
  }
  await using site = await serve(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/${index}`, held])))
  await fleet.submit(
    Array.from({ length: 20 }, (_, index) => site.url(`/${index}`)),
    '-r',
    'p',
  )
  const first = fleet.work('--progress', 'plain')
  await fleet.until('SELECT count(*) > 0 FROM xmlmill.leases')
  first.child.kill('SIGTERM')
  await first.says(/^stopping: /m)
  isHeld = false
  for (const answer of waiting) answer()
  expect((await first.finished).exitCode).toBe(143)
  expect(await fleet.query('SELECT count(*)::int FROM xmlmill.leases')).toEqual([{ count: 0 }])
  expect(await fleet.query("SELECT count(*)::int FROM xmlmill.job WHERE state = 'active'")).toEqual([{ count: 0 }])
  const asked = site.hits()
  expect(asked).toBeLessThan(20)
  expect((await fleet.work().finished).exitCode).toBe(0)
  // Nothing that was under way was thrown away.
  expect(site.hits()).toBe(20)
  expect(await fleet.query(ROWS)).toEqual([])
})

test('a database that restarts costs time and no documents', async () => {
  await using fleet = await startFleet(server)
  const route: Route = (_, response) => void setTimeout(() => response.end('<l><p>one</p><p>two</p></l>'), 20)
  await using site = await serve(Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`/${index}`, route])))
  await fleet.submit(
    Array.from({ length: 400 }, (_, index) => site.url(`/${index}`)),
    '-r',
    'p',
  )
  const workers = [fleet.work(), fleet.work()]
  await fleet.until("SELECT count(*) > 20 FROM xmlmill.job WHERE state = 'completed'")
  await server.stop()
  await delay(1500)
  await server.start()
  const ends = await Promise.all(workers.map(({ finished }) => finished))
  expect(ends.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
    [0, expect.anything()],
    [0, expect.anything()],
  ])
  expect(await fleet.query('SELECT count(*)::int, count(DISTINCT (url, n))::int AS places FROM p')).toEqual([
    { count: 800, places: 800 },
  ])
  expect(await fleet.query('SELECT count(*)::int FROM xmlmill.leases')).toEqual([{ count: 0 }])
  expect(await fleet.query('SELECT running FROM xmlmill.hosts')).toEqual([{ running: 0 }])
})
