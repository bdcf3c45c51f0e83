import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { createGunzip } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ReportOverview, RowChunk } from '../../src/report/html/report-data.ts'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { LiveServer } from '../../src/report/live/live-server.ts'
import { livingBytes } from '../support/garbage.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { done, failed, RUN_STARTED, started } from '../support/run-events.ts'

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

interface StreamEvent {
  readonly type: string
  readonly id: string | undefined
  readonly data: string
}

/** Events as they come. */
async function* eventsOf(response: AsyncIterable<unknown>): AsyncGenerator<StreamEvent> {
  let text = ''
  for await (const part of response) {
    text += part
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text.slice(0, end))?.[1]
      const event = { type: field('event') ?? '', id: field('id'), data: field('data') ?? '' }
      text = text.slice(end + 2)
      yield event
    }
  }
}

async function* overviews(response: AsyncIterable<unknown>): AsyncGenerator<ReportOverview> {
  for await (const { type, data } of eventsOf(response)) if (type === 'overview') yield JSON.parse(data)
}

/** A page: what it is sent, and the rows that it has. Fails where one is missing. */
class Reader {
  readonly ids: number[] = []
  /** Rows of each message. */
  readonly sizes: number[] = []
  overview: ReportOverview | undefined
  readonly #events: AsyncGenerator<StreamEvent>

  constructor(response: AsyncIterable<unknown>) {
    this.#events = eventsOf(response)
  }

  /** Reads on to the end of what an overview tells of. */
  async round(): Promise<this> {
    this.overview = undefined
    while (this.overview === undefined || this.ids.length < this.overview.rows) {
      const { value, done: isOver } = await this.#events.next()
      if (isOver === true) return expect.fail('the stream ended')
      if (value.type === 'overview') this.overview = JSON.parse(value.data)
      else this.#add(JSON.parse(value.data), Number(value.id))
    }
    return this
  }

  /** Whether there is nothing more. */
  async isOver(): Promise<boolean> {
    return (await this.#events.next()).done === true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.return(undefined)
  }

  #add(chunk: RowChunk, end: number): void {
    const known = this.ids.length - (end - chunk.id.length)
    expect(known).toBeGreaterThanOrEqual(0)
    this.ids.push(...chunk.id.slice(known))
    this.sizes.push(chunk.id.length)
  }
}

async function read(page: Page, headers: Record<string, string> = {}): Promise<Reader> {
  return new Reader(await ask(new URL('events', page.server.url).href, headers))
}

/** Ids of the first documents. */
function firstIds(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id)
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

test('rows follow the overview that counts them: those that came since, and whole chunks where they are full', async () => {
  await using page = await open()
  await using reader = await read(page)
  await reader.round()
  for (let id = 0; id < 3; id += 1) page.fold.add(done(id, id))
  page.clock.advance(1000)
  expect((await reader.round()).ids).toEqual(firstIds(3))
  page.fold.add(done(3, 3))
  page.clock.advance(1000)
  expect((await reader.round()).ids).toEqual(firstIds(4))
  for (let id = 4; id < 2002; id += 1) page.fold.add(done(id, id))
  page.clock.advance(1000)
  expect((await reader.round()).ids).toEqual(firstIds(2002))
  expect(reader.sizes).toEqual([3, 1, 1000, 1000, 2])
})

test('who comes late is sent all rows, and who comes back those that it does not have', async () => {
  await using page = await open()
  for (let id = 0; id < 2500; id += 1) page.fold.add(done(id, id))
  await using late = await read(page)
  expect((await late.round()).ids).toEqual(firstIds(2500))
  await using back = await read(page, { 'last-event-id': '2400' })
  back.ids.push(...firstIds(2400))
  expect((await back.round()).ids).toEqual(firstIds(2500))
  expect(back.sizes).toEqual([100])
  // Of another run, which had more of them.
  await using stranger = await read(page, { 'last-event-id': '99999' })
  stranger.ids.push(...firstIds(2500))
  expect((await stranger.round()).sizes).toEqual([])
})

test('who did not read for a while has every row when it reads again', async () => {
  await using page = await open()
  const response = await ask(new URL('events', page.server.url).href)
  response.pause()
  // More than the buffers of the system hold.
  const message = 'm'.repeat(2000)
  for (let round = 0; round < 12; round += 1) {
    for (let row = 0; row < 900; row += 1) page.fold.add(failed(round, round * 900 + row, 'HTTP_REFUSED', message))
    page.clock.advance(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await using reader = new Reader(response)
  while (reader.ids.length < 10_800) await reader.round()
  expect(reader.ids).toEqual(firstIds(10_800))
})

test('a stream that is compressed can be read from wherever it begins, message by message', async () => {
  await using page = await open()
  for (let id = 0; id < 1500; id += 1) page.fold.add(done(id, id))
  const headers = { 'accept-encoding': 'gzip, deflate' }
  const readers: Reader[] = []
  for (const rows of [1500, 1501, 2600]) {
    for (let id = page.fold.rows.count; id < rows; id += 1) page.fold.add(done(id, id))
    page.clock.advance(1000)
    const response = await ask(new URL('events', page.server.url).href, headers)
    expect(response.headers['content-encoding']).toBe('gzip')
    readers.push(new Reader(response.pipe(createGunzip())))
    for (const reader of readers) {
      while (reader.ids.length < rows) await reader.round()
      expect(reader.ids).toEqual(firstIds(rows))
    }
  }
  for (const reader of readers) await reader[Symbol.asyncDispose]()
})

test('the end is told with the last rows, and no watcher needs to hang up for it', async () => {
  const page = await open()
  await using reader = await read(page)
  await reader.round()
  for (let id = 0; id < 1100; id += 1) page.fold.add(done(id, id))
  page.fold.add({ type: 'run-ended', at: 2000 })
  const closing = page.server.close()
  expect((await reader.round()).ids).toEqual(firstIds(1100))
  expect(reader.overview?.hasEnded).toBe(true)
  expect(await reader.isOver()).toBe(true)
  await closing
})

test('all watchers together have a hundredth of the time: the longer a round takes, the longer is the wait for the next', async () => {
  await using page = await open()
  await using reader = await read(page)
  await reader.round()
  let rounds = 0
  const { fold, clock } = page
  const overview = fold.overview.bind(fold)
  // A round that takes 50 ms: as if a thousand looked.
  fold.overview = () => {
    rounds += 1
    clock.pass(50)
    return overview()
  }
  clock.advance(20_000)
  expect(rounds).toBe(4)
})

test('a connection that asks for nothing does not keep the server from closing', async () => {
  const page = await open()
  const { port } = new URL(page.server.url)
  const silent = connect(Number(port), '127.0.0.1')
  await once(silent, 'connect')
  await ask(page.server.url)
  await page.server.close()
  silent.resume()
  await once(silent, 'close')
})

test('a page elsewhere cannot read it under a name of its own', async () => {
  await using page = await open()
  const events = new URL('events', page.server.url).href
  expect((await ask(events, { host: 'evil.example:80' })).statusCode).toBe(403)
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
