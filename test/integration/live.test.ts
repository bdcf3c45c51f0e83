import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { ReportOverview } from '../../src/report/html/report-data.ts'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { LiveServer } from '../../src/report/live/live-server.ts'
import { livingBytes } from '../support/garbage.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { done, RUN_STARTED, started } from '../support/run-events.ts'

interface Page extends AsyncDisposable {
  readonly fold: ReportFold
  readonly clock: ManualClock
  readonly server: LiveServer
}

async function open(host?: string): Promise<Page> {
  const fold = new ReportFold()
  fold.add(RUN_STARTED)
  const clock = new ManualClock()
  const server = await LiveServer.open({ fold, port: 0, host, clock })
  return { fold, clock, server, [Symbol.asyncDispose]: () => server.close() }
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = get(url, { headers, agent: false })
  const [response] = await once(request, 'response')
  return response
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of response) text += part
  return text
}

/** Overviews as they come. */
async function* overviews(response: IncomingMessage): AsyncGenerator<ReportOverview> {
  let text = ''
  for await (const part of response) {
    text += part
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data)
    }
  }
}

test('a watcher is sent an overview at once, one a second, and the last one when the run ends', async () => {
  await using page = await open()
  const stream = overviews(await ask(new URL('events', page.server.url).href))
  expect((await stream.next()).value).toMatchObject({ hasEnded: false, rows: 0 })
  page.fold.add(started(1, 0))
  page.fold.add(done(9, 0))
  page.clock.advance(1000)
  expect((await stream.next()).value).toMatchObject({ rows: 1, summary: { documents: { done: 1 } } })
  page.fold.add({ type: 'run-ended', at: 20 })
  const closing = page.server.close()
  expect((await stream.next()).value).toMatchObject({ hasEnded: true })
  await stream.return(undefined)
  await closing
})

test('who comes within the same second gets the overview that is there already', async () => {
  await using page = await open()
  const watch = async () => overviews(await ask(new URL('events', page.server.url).href))
  const first = await watch()
  expect((await first.next()).value).toMatchObject({ rows: 0 })
  page.fold.add(started(1, 0))
  page.fold.add(done(9, 0))
  page.clock.advance(999)
  const second = await watch()
  expect((await second.next()).value).toMatchObject({ rows: 0 })
  // Both are sent the next one.
  page.clock.advance(1)
  for (const stream of [first, second]) expect((await stream.next()).value).toMatchObject({ rows: 1 })
})

test('rows are given in chunks', async () => {
  await using page = await open()
  for (let id = 0; id < 1500; id += 1) page.fold.add(done(id, id))
  const chunk = JSON.parse(await bodyOf(await ask(new URL('rows/1', page.server.url).href)))
  expect(chunk.id).toHaveLength(500)
  expect(chunk.id[0]).toBe(1000)
  expect((await ask(new URL('rows/2', page.server.url).href)).statusCode).toBe(404)
})

test('rows of a chunk that is not full yet are made once for each overview, and a full one is never out of date', async () => {
  await using page = await open()
  const rowsAt = async (index: number) => {
    const chunk = JSON.parse(await bodyOf(await ask(new URL(`rows/${index}`, page.server.url).href)))
    return chunk.id.length
  }
  const stream = overviews(await ask(new URL('events', page.server.url).href))
  await stream.next()
  for (let id = 0; id < 3; id += 1) page.fold.add(done(id, id))
  expect(await rowsAt(0)).toBe(3)
  page.fold.add(done(3, 3))
  expect(await rowsAt(0)).toBe(3)
  page.clock.advance(1000)
  expect((await stream.next()).value).toMatchObject({ rows: 4 })
  expect(await rowsAt(0)).toBe(4)
  for (let id = 4; id < 1002; id += 1) page.fold.add(done(id, id))
  expect(await rowsAt(0)).toBe(1000)
  expect(await rowsAt(1)).toBe(2)
  await stream.return(undefined)
})

test('a page elsewhere cannot read it under a name of its own', async () => {
  await using page = await open()
  expect((await ask(page.server.url, { host: 'evil.example:80' })).statusCode).toBe(403)
  expect((await ask(page.server.url, { host: 'localhost:1' })).statusCode).toBe(200)
})

test('on another address it asks for the token that it prints', async () => {
  await using page = await open('127.0.0.1')
  const url = new URL(page.server.url)
  expect(url.searchParams.get('token')).toMatch(/^[\w-]{24}$/)
  expect((await ask(url.href)).statusCode).toBe(200)
  url.search = '?token=wrong'
  expect((await ask(url.href)).statusCode).toBe(403)
  url.search = ''
  expect((await ask(new URL('events', url).href)).statusCode).toBe(403)
})

test('without a token it listens on loopback only', async () => {
  await using page = await open()
  expect(new URL(page.server.url).hostname).toBe('127.0.0.1')
})

test('a watcher who takes nothing misses overviews, is let go after a minute, and holds nobody up', async () => {
  await using page = await open()
  // Enough that the buffers of the system are full after a few overviews.
  for (let id = 0; id < 900; id += 1) page.fold.add(done(id, id, { notes: { [`note${id}`]: 1 } }))
  const url = new URL(page.server.url)
  const stuck = connect(Number(url.port), url.hostname)
  await once(stuck, 'connect')
  stuck.pause()
  stuck.on('error', () => {})
  stuck.write(`GET /events HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  const quick = overviews(await ask(new URL('events', url).href))
  await quick.next()
  while (page.server.watchers < 2) await new Promise((resolve) => setImmediate(resolve))
  const before = livingBytes().arrayBuffers
  let most = 0
  let ticks = 0
  while (page.server.watchers === 2 && ticks < 2000) {
    page.clock.advance(1000)
    await quick.next()
    ticks += 1
    if (ticks % 10 === 0) most = Math.max(most, livingBytes().arrayBuffers - before)
  }
  expect(page.server.watchers).toBe(1)
  expect(ticks).toBeGreaterThan(60)
  expect(most).toBeLessThan(64 << 20)
  stuck.destroy()
  await quick.return(undefined)
})

test('a port that is taken is refused by its flag', async () => {
  await using page = await open()
  const port = Number(new URL(page.server.url).port)
  await expect(LiveServer.open({ fold: page.fold, port, host: undefined })).rejects.toMatchObject({
    code: 'PORT_UNAVAILABLE',
    message: expect.stringContaining('--live'),
  })
})
