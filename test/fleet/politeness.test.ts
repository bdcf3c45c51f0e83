import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFleet } from '../support/fleet.ts'
import { observeHosts } from '../support/observed-hosts.ts'
import { startPostgres, type TestServer } from '../support/postgres.ts'
import { type Route, serve } from '../support/serve.ts'

let server: TestServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

test('all machines together never ask a host for more than --per-host at once, and use what is allowed', async () => {
  await using fleet = await startFleet(server)
  await using hosts = await observeHosts(3, 600, 25, 4)
  await fleet.submit(hosts.urls, '-r', 'p', '--per-host', '4', '-j', '16', '-t', '1')
  const ends = await Promise.all(Array.from({ length: 5 }, () => fleet.work().finished))
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0])
  expect(hosts.sites.map((site) => site.maxConcurrent)).toEqual([4, 4, 4])
  expect(await fleet.query('SELECT count(*)::int FROM p')).toEqual([{ count: 600 }])
  expect(hosts.starts.flat()).toHaveLength(600)
})

test('all machines together start no more at a host than --rate says', async () => {
  await using fleet = await startFleet(server)
  await using hosts = await observeHosts(2, 120, 1)
  await fleet.submit(hosts.urls, '-r', 'p', '--rate', '20/s', '-t', '1')
  // Each claim moves the time of its host's next start.
  await fleet.query(
    `CREATE TABLE turns (host text, starts int, next_ms float8, at bigserial);
     CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
       INSERT INTO turns VALUES (NEW.name, NEW.running - OLD.running, extract(epoch FROM NEW.next_start) * 1000); RETURN NEW; END';
     CREATE TRIGGER turn AFTER UPDATE ON xmlmill.hosts FOR EACH ROW WHEN (NEW.next_start <> OLD.next_start)
       EXECUTE FUNCTION keep()`,
  )
  await Promise.all(Array.from({ length: 3 }, () => fleet.work().finished))
  expect(await fleet.query('SELECT count(*)::int FROM p')).toEqual([{ count: 120 }])
  const turns = await fleet.query<{ host: string; starts: number; next_ms: number }>('SELECT * FROM turns ORDER BY at')
  for (const [index, site] of hosts.sites.entries()) {
    // A request comes a moment after it was allowed, and one such moment is not as long as the next: what is bound is what was allowed, and
    // that nothing comes before it.
    const allowed = turns
      .filter(({ host }) => host === site.host)
      .flatMap(({ starts, next_ms: next }) => Array.from({ length: starts }, (_, n) => next - (starts - n) * 50))
    expect(allowed).toHaveLength(60)
    for (const [n, at] of allowed.entries()) expect(at - (allowed[n - 1] ?? 0)).toBeGreaterThan(49.99)
    const came = (hosts.starts[index] ?? []).toSorted((a, b) => a - b)
    // Clocks count in milliseconds.
    for (const [n, at] of came.entries()) expect(at - (allowed[n] ?? Number.NaN)).toBeGreaterThan(-2)
  }
})

test('what one machine is asked to wait all of them wait, and the documents of the host with it', async () => {
  await using fleet = await startFleet(server)
  let askedAt: number | undefined
  const early: number[] = []
  const route: Route = (_, response) => {
    if (askedAt === undefined) {
      askedAt = performance.now()
      response.writeHead(429, { 'retry-after': '2' }).end()
      return
    }
    early.push(performance.now() - askedAt)
    response.end('<p/>')
  }
  await using site = await serve(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/${index}`, route])))
  const urls = Array.from({ length: 20 }, (_, index) => site.url(`/${index}`))
  await fleet.submit(urls, '-r', 'p', '--per-host', '1', '--retries', '0')
  const ends = await Promise.all([fleet.work().finished, fleet.work().finished])
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(Math.min(...early)).toBeGreaterThanOrEqual(2000)
  expect(await fleet.query('SELECT count(*)::int FROM p')).toEqual([{ count: 20 }])
})

test('tries are counted in the queue, whoever makes them', async () => {
  await using fleet = await startFleet(server)
  const route: Route = (_, response) => response.writeHead(500).end()
  await using site = await serve({ '/': route })
  await fleet.submit([site.url('/')], '--retries', '2', '--retry-max-wait', '0.2')
  const ends = await Promise.all([fleet.work().finished, fleet.work().finished])
  expect(Math.max(...ends.map(({ exitCode }) => exitCode))).toBe(1)
  expect(site.hits()).toBe(3)
  expect(await fleet.query('SELECT attempts, code FROM xmlmill_documents')).toEqual([
    { attempts: 3, code: 'HTTP_UNAVAILABLE' },
  ])
})

test('a host that asks for too long a wait is given up when nothing else is left, and asked again after a retry', async () => {
  await using fleet = await startFleet(server)
  let isBusy = true
  const busy: Route = (_, response) =>
    void (isBusy ? response.writeHead(503, { 'retry-after': '3600' }).end() : response.end('<p>x</p>'))
  await using other = await serve({ '/': '<p>y</p>' })
  await using site = await serve({ '/1': busy, '/2': busy, '/3': busy })
  await fleet.submit([...[1, 2, 3].map((path) => site.url(`/${path}`)), other.url('/')], '--per-host', '1')
  expect((await fleet.work().finished).exitCode).toBe(1)
  expect(site.hits()).toBe(1)
  const codes = 'SELECT coalesce(code, status) AS code, count(*)::int FROM xmlmill_documents GROUP BY 1 ORDER BY 1'
  expect(await fleet.query(codes)).toEqual([
    { code: 'RETRY_AFTER_TOO_LONG', count: 3 },
    { code: 'done', count: 1 },
  ])
  isBusy = false
  await fleet.command('retry')
  // It was asked for an hour: only who looks after the queue may know better.
  await fleet.query("UPDATE xmlmill.hosts SET cool_until = '-infinity'")
  expect((await fleet.work().finished).exitCode).toBe(0)
  expect(await fleet.query(codes)).toEqual([{ code: 'done', count: 4 }])
})

test('a host that only fails is left alone by all machines', async () => {
  await using fleet = await startFleet(server)
  const times: number[] = []
  const broken: Route = (_, response) => {
    times.push(performance.now())
    response.writeHead(500).end()
  }
  await using site = await serve(Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`/${index}`, broken])))
  await fleet.submit(
    Array.from({ length: 8 }, (_, index) => site.url(`/${index}`)),
    ...['--retries', '0', '--host-failures', '3', '--per-host', '1', '--retry-max-wait', '4'],
  )
  fleet.work()
  fleet.work()
  await fleet.until('SELECT pauses >= 1 FROM xmlmill.hosts')
  await fleet.until('SELECT pauses >= 2 FROM xmlmill.hosts')
  // Three failures, a pause of three to four seconds, and one document that shows whether it is well.
  const [third = 0, fourth = 0] = times.slice(2, 4)
  expect(fourth - third).toBeGreaterThan(2900)
})
