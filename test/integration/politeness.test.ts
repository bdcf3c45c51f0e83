import { expect, test } from 'vitest'
import { mill, type RunEvent } from '../../src/index.ts'
import { type Route, type Site, serve } from '../support/serve.ts'

type Results = ReadonlyMap<string, string>

/** What became of each URL: its records as text, or its code. */
async function milled(urls: readonly string[], options: Parameters<typeof mill>[1] = {}): Promise<Results> {
  const results = new Map<string, string>()
  for await (const document of mill(urls, options)) {
    expect(results.has(document.url), `${document.url} came twice`).toBe(false)
    results.set(
      document.url,
      document.status === 'done' ? JSON.stringify([...document.records()]) : document.error.code,
    )
  }
  return results
}

function urlsOf(site: Site, count: number): string[] {
  return Array.from({ length: count }, (_, index) => site.url(`/${index}`))
}

test('never more than 4 at once, for 500 documents in a mixture of failures, and each ends once', async () => {
  const hits = new Map<string, number>()
  const all: Route = (request, response) => {
    const index = Number(request.url?.slice(1))
    const hit = (hits.get(String(index)) ?? 0) + 1
    hits.set(String(index), hit)
    const isFirst = hit === 1
    if (index % 10 === 1) response.writeHead(404).end()
    else if (index % 10 === 2) response.end(`<a><b>${index}</a>`)
    else if (index % 10 === 3 && isFirst) response.writeHead(503, { 'retry-after': '0' }).end()
    else if (index % 50 === 4 && isFirst) request.socket.resetAndDestroy()
    else if (index === 5 && isFirst) response.writeHead(429, { 'retry-after': '1' }).end('slow down')
    else if (index % 10 === 6) setTimeout(() => response.end(`<a>${index}</a>`), 20)
    else if (index % 50 === 7 && isFirst) {
      response.writeHead(200, { 'content-length': 1000 }).write('<a>')
      setImmediate(() => request.socket.destroy())
    } else if (index % 10 === 8) response.end(`<a>${index}${' '.repeat(200_000)}</a>`)
    else response.end(`<a>${index}</a>`)
  }
  const first: (() => void)[] = []
  const slowly: Route = (request, response) => {
    const answer = () => void setTimeout(all, 4, request, response)
    first.push(answer)
    // None is answered before all slots are in use; and the run's limit, not the host's, is what holds.
    if (first.length === 4) for (const one of first) one()
    else if (first.length > 4) answer()
  }
  await using site = await serve(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`/${index}`, slowly])))
  const results = await milled(urlsOf(site, 500), { perHost: 8 })
  expect(site.maxConcurrent).toBe(4)
  expect(results.size).toBe(500)
  for (const [index, url] of urlsOf(site, 500).entries()) {
    const result = results.get(url)
    if (index % 10 === 1) expect(result).toBe('HTTP_REFUSED')
    else if (index % 10 === 2) expect(result).toMatch(/^XML_/)
    else expect(result).toBe(`["${index}"]`)
  }
})

test('one slow document leaves the other slots to the rest', async () => {
  const count = 80
  let served = 0
  let answerSlow = () => {}
  const quick: Route = (_, response) => {
    served += 1
    response.end('<a/>')
    // The slow one is answered when all others are: were a slot idle behind it, nobody would ever be.
    if (served === count - 1) answerSlow()
  }
  const slow: Route = (_, response) => {
    answerSlow = () => response.end('<a/>')
  }
  const routes = Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}`, quick]))
  await using site = await serve({ ...routes, '/0': slow })
  const results = await milled(urlsOf(site, count))
  expect([...results.values()]).toEqual(Array.from({ length: count }, () => '[""]'))
})

test('keeps to the slots of each host while all slots are in use', async () => {
  const waiting: (() => void)[] = []
  let most = 0
  // The first four are answered when four are there: two for each host.
  const together: Route = (_, response) => {
    waiting.push(() => response.end('<a/>'))
    most = Math.max(most, waiting.length)
    if (most === 4) for (const answer of waiting.splice(0)) answer()
  }
  const routes = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/${index}`, together]))
  await using first = await serve(routes)
  await using second = await serve(routes)
  const results = await milled([...urlsOf(first, 20), ...urlsOf(second, 20)], { perHost: 2 })
  expect(results.size).toBe(40)
  expect([first.maxConcurrent, second.maxConcurrent]).toEqual([2, 2])
})

test('starts at one host no more often than --rate says', async () => {
  const routes = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`/${index}`, '<a/>']))
  await using first = await serve(routes)
  await using second = await serve(routes)
  const starts = new Map<string, number[]>()
  let runStart = 0
  const onEvent = (event: RunEvent) => {
    if (event.type === 'run-started') runStart = event.at
    if (event.type === 'attempt-started') starts.set(event.host, [...(starts.get(event.host) ?? []), event.at])
  }
  await milled([...urlsOf(first, 8), ...urlsOf(second, 8)], { rate: '20/s', threads: 1, onEvent })
  expect(starts.size).toBe(2)
  for (const times of starts.values()) {
    expect(times).toHaveLength(8)
    // An event comes a moment after its decision, and one such moment is not as long as the next: the decisions are bound, from the
    // start of the run, and never the time from one event to the next.
    for (const [index, time] of times.entries()) expect(time - runStart).toBeGreaterThanOrEqual(index * 50)
  }
})

for (const [what, retryAfter, leastMs] of [
  ['seconds', () => '1', 1000],
  // A date has whole seconds: this one is at least one away.
  ['date', () => new Date(Date.now() + 2000).toUTCString(), 1000],
] as const) {
  test(`leaves the whole host alone for as long as Retry-After asks, given as ${what}`, async () => {
    let isFirst = true
    let askedAt = Number.POSITIVE_INFINITY
    const early: number[] = []
    const route: Route = (_, response) => {
      if (isFirst) {
        isFirst = false
        askedAt = performance.now()
        response.writeHead(503, { 'retry-after': retryAfter() }).end()
        return
      }
      early.push(performance.now() - askedAt)
      response.end('<a/>')
    }
    await using site = await serve(Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`/${index}`, route])))
    // One at a time, so that none is under way when the server asks to be left alone; and no retry to spend.
    const results = await milled(urlsOf(site, 6), { concurrency: 1, threads: 1, retries: 0 })
    expect([...results.values()].every((result) => result === '[""]')).toBe(true)
    expect(Math.min(...early)).toBeGreaterThanOrEqual(leastMs)
  })
}

test('a host that asks for too long a wait fails at the end, with the others done', async () => {
  const busy: Route = (_, response) => response.writeHead(503, { 'retry-after': '3600' }).end()
  await using asking = await serve({ '/0': busy, '/1': busy })
  await using willing = await serve(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/${index}`, '<a/>'])))
  const results = await milled([...urlsOf(asking, 2), ...urlsOf(willing, 20)], { concurrency: 1, threads: 1 })
  expect(urlsOf(asking, 2).map((url) => results.get(url))).toEqual(['RETRY_AFTER_TOO_LONG', 'RETRY_AFTER_TOO_LONG'])
  expect([...results.values()].filter((result) => result === '[""]')).toHaveLength(20)
  expect(asking.hits()).toBe(1)
})

test('in order, a host that asks for too long a wait does not hold up a list beyond the window', async () => {
  const busy: Route = (_, response) => response.writeHead(503, { 'retry-after': '3600' }).end()
  await using asking = await serve({ '/0': busy })
  await using willing = await serve({ '/': '<a/>' })
  const many = Array.from({ length: 1500 }, (_, index) => willing.url(`/?${index}`))
  const results = await milled([asking.url('/0'), ...many], { ordered: true })
  const outcomes = [...results.values()]
  expect(outcomes[0]).toBe('RETRY_AFTER_TOO_LONG')
  expect(outcomes.slice(1).every((outcome) => outcome === '[""]')).toBe(true)
  expect(outcomes).toHaveLength(1501)
})

test('gives up a server that is unavailable after as many retries as allowed', async () => {
  const down: Route = (_, response) => response.writeHead(500).end()
  await using site = await serve({ '/0': down })
  const results = await milled(urlsOf(site, 1), { retries: 2, threads: 1, retryMaxWait: 0.05 })
  expect([...results.values()]).toEqual(['HTTP_UNAVAILABLE'])
  expect(site.hits()).toBe(3)
})
