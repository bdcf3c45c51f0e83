import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type DocumentResult, type LibraryOptions, MillError, mill, type RunEvent, type Urls } from '../../src/index.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Small threads' pools start sooner. */
const ONE_THREAD = { threads: 1 } as const

interface Collected {
  readonly id: number
  readonly url: string
  readonly records?: readonly unknown[]
  readonly code?: string
}

async function collect(urls: Urls, options: LibraryOptions = ONE_THREAD): Promise<Collected[]> {
  const all: Collected[] = []
  for await (const document of mill(urls, options)) {
    const { id, url } = document
    if (document.status === 'done') all.push({ id, url, records: [...document.records()] })
    else all.push({ id, url, code: document.error.code })
  }
  return all.sort((a, b) => a.id - b.id)
}

function recordsOf(document: DocumentResult): unknown[] {
  if (document.status === 'failed') throw document.error
  return [...document.records()]
}

function numbered(count: number, route: (index: number) => Route): Record<string, Route> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}`, route(index)]))
}

test('gives the records of each document, and failures as results with their code', async () => {
  await using site = await serve({ '/good': '<a><b>1</b><b><c>x</c></b></a>', '/bad': '<a><b></a>' })
  const urls = [site.url('/good'), site.url('/bad'), site.url('/none'), 'htp://x']
  expect(await collect(urls, { ...ONE_THREAD, record: 'b' })).toEqual([
    { id: 0, url: urls[0], records: ['1', { c: 'x' }] },
    { id: 1, url: urls[1], code: expect.stringMatching(/^XML_/) },
    { id: 2, url: urls[2], code: 'HTTP_REFUSED' },
    { id: 3, url: urls[3], code: 'URL_INVALID' },
  ])
})

test('takes one URL, arrays, sets, generators, streams of URLs, and URL objects', async () => {
  await using site = await serve({ '/1': '<a>1</a>', '/2': '<a>2</a>' })
  const urls = [site.url('/1'), site.url('/2')]
  const both = [
    { id: 0, url: urls[0], records: ['1'] },
    { id: 1, url: urls[1], records: ['2'] },
  ]
  async function* later() {
    for (const url of urls) yield url
  }
  expect(await collect(site.url('/1'))).toEqual(both.slice(0, 1))
  for (const given of [new Set(urls), urls.values(), later(), urls.map((url) => new URL(url))]) {
    expect(await collect(given)).toEqual(both)
  }
})

test('does nothing before it is iterated', async () => {
  await using site = await serve({ '/1': '<a/>' })
  let isAsked = false
  function* urls() {
    isAsked = true
    yield site.url('/1')
  }
  const milled = mill(urls(), ONE_THREAD)
  await delay(50)
  expect([isAsked, site.connections]).toEqual([false, 0])
  for await (const _ of milled);
  expect([isAsked, site.hits()]).toEqual([true, 1])
})

test('reports all problems of the options at once, before anything runs', () => {
  const milling = () => mill([], { concurrency: 0, retries: -1, rate: 'fast' })
  expect(milling).toThrow(/--concurrency is 0.*\n?.*/)
  expect(milling).toThrow('--retries is -1')
  expect(milling).toThrow('--rate is fast')
})

test('an empty list is done at once', async () => {
  expect(await collect([])).toEqual([])
})

test('an error of the iterable of URLs comes out of the loop as it is', async () => {
  await using site = await serve({ '/1': '<a/>' })
  const error = new Error('the database is gone')
  async function* urls() {
    yield site.url('/1')
    throw error
  }
  await expect(collect(urls())).rejects.toBe(error)
})

test('a slow loop keeps the server from being asked for more than it can hold', async () => {
  // Each document becomes about 1 MiB of records: its URL is in every line.
  const path = `/?${'x'.repeat(2000)}`
  await using site = await serve({ '/': `<a>${'<r/>'.repeat(500)}</a>` })
  let listed = 0
  async function* urls() {
    for (; listed < 1000; listed += 1) yield site.url(`${path}${listed}`)
  }
  for await (const _ of mill(urls(), { record: 'r' })) {
    // Asked for until nothing more is asked for.
    for (let before = -1; before !== site.hits() || before <= 10; ) {
      before = site.hits()
      await delay(250)
    }
    break
  }
  // 32 MiB wait for the loop; some more were under way.
  expect(site.hits()).toBeLessThan(100)
})

test('reads a list only a little ahead of what it asks for', async () => {
  const hanging: Route = () => {}
  await using site = await serve({ '/': hanging })
  let pulled = 0
  async function* urls() {
    for (; pulled < 1_000_000; pulled += 1) yield site.url(`/?${pulled}`)
  }
  const abort = new AbortController()
  const milling = collect(urls(), { ...ONE_THREAD, signal: abort.signal })
  milling.catch(() => {})
  for (let before = -1; before !== pulled || site.hits() < 4; ) {
    before = pulled
    await delay(50)
  }
  abort.abort()
  await expect(milling).rejects.toMatchObject({ code: 'ABORTED' })
  expect(pulled).toBeLessThan(15_000)
})

test('leaving the loop closes all connections', async () => {
  const hanging: Route = (_, response) => void response.writeHead(200).write('<a>')
  await using site = await serve({ ...numbered(3, () => '<a/>'), '/hanging': hanging })
  for await (const _ of mill([site.url('/hanging'), site.url('/0'), site.url('/1')])) break
  // The client's side is closed when the loop is left; the server hears of it.
  await site.allClosed()
})

test('a process that leaves the loop early ends by itself', async () => {
  using folder = temporaryFolder()
  const hanging: Route = (_, response) => void response.writeHead(200).write('<a>')
  await using site = await serve({ '/hanging': hanging, '/1': '<a>1</a>' })
  const index = new URL('../../src/index.ts', import.meta.url).href
  const script = folder.write(
    'script.ts',
    `import { mill } from '${index}'
     for await (const document of mill(['${site.url('/1')}', '${site.url('/hanging')}'])) {
       if (document.status === 'done') process.stdout.write(JSON.stringify([...document.records()]) + '\\n')
       break
     }
     // What is left is said before the event loop would wait for it. A port that was closed is gone after a turn or two; one that was not
     // closed stays.
     const active = () => process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FSReqPromise|Immediate/.test(name))
     for (let turn = 0; turn < 50 && active().length > 0; turn += 1) await new Promise(setImmediate)
     const left = active()
     process.stdout.write(JSON.stringify(left) + '\\n')`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk
  })
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(0)
  expect(stdout).toBe('["1"]\n[]\n')
})

test('a local file that is cut short is read once: it would be the same the next time', async () => {
  using folder = temporaryFolder()
  const attempts: number[] = []
  const onEvent = (event: RunEvent) => {
    if (event.type === 'attempt-started') attempts.push(event.attempt)
  }
  const codes: string[] = []
  for await (const document of mill(folder.write('cut.xml', '<a><b>'), { retries: 4, onEvent })) {
    if (document.status === 'failed') codes.push(document.error.code)
  }
  expect(codes).toEqual(['XML_TRUNCATED'])
  expect(attempts).toEqual([1])
})

test('aborting the signal ends the loop with ABORTED and its reason', async () => {
  const hanging: Route = (_, response) => void response.writeHead(200).write('<a>')
  await using site = await serve({ '/hanging': hanging, '/1': '<a>1</a>' })
  const abort = new AbortController()
  const reason = new Error('enough')
  const seen: unknown[] = []
  const milling = async () => {
    for await (const document of mill([site.url('/1'), site.url('/hanging')], { signal: abort.signal })) {
      seen.push(...recordsOf(document))
      abort.abort(reason)
    }
  }
  await expect(milling()).rejects.toMatchObject({ code: 'ABORTED', cause: reason })
  expect(seen).toEqual(['1'])
  await site.allClosed()
})

test('a signal that is aborted already lets nothing start', async () => {
  await using site = await serve({ '/1': '<a/>' })
  await expect(collect([site.url('/1')], { ...ONE_THREAD, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORTED',
  })
  expect(site.hits()).toBe(0)
})

test('an error in the loop comes out of it, and the run ends', async () => {
  await using site = await serve(numbered(20, () => '<a/>'))
  const error = new Error('mine')
  const milling = async () => {
    for await (const _ of mill(Object.keys(numbered(20, () => '')).map(site.url), ONE_THREAD)) throw error
  }
  await expect(milling()).rejects.toBe(error)
})

test('runs once', async () => {
  const milled = mill([], ONE_THREAD)
  for await (const _ of milled);
  await expect(milled.summary()).rejects.toThrow('a mill runs once')
  const again = async () => {
    for await (const _ of milled);
  }
  await expect(again()).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
})

test('records are gone once the loop asks for the next document', async () => {
  await using site = await serve(numbered(3, () => '<a><b>1</b><b>2</b></a>'))
  const urls = [0, 1, 2].map((index) => site.url(`/${index}`))
  let before: DocumentResult | undefined
  for await (const document of mill(urls, { ...ONE_THREAD, record: 'b' })) {
    const last = before
    if (last !== undefined) expect(() => recordsOf(last)).toThrow('gone once the next document is asked for')
    expect(recordsOf(document)).toEqual(['1', '2'])
    // As often as one likes, while the document is there.
    expect(recordsOf(document)).toEqual(['1', '2'])
    before = document
  }
})

test('keeps the order of the list when it is asked to, failures included', async () => {
  await using site = await serve(
    numbered(30, (index) => (_, response) => {
      if (index % 7 === 3) response.writeHead(404).end()
      else setTimeout(() => response.end(`<a>${index}</a>`), index % 5 === 0 ? 30 : 0)
    }),
  )
  const urls = Array.from({ length: 30 }, (_, index) => site.url(`/${index}`))
  const seen: string[] = []
  for await (const document of mill(urls, { ordered: true })) seen.push(document.url)
  expect(seen).toEqual(urls)
})

test('writes the output and says how it went', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a><b>1</b><b>2</b></a>' })
  const output = folder.file('out.ndjson')
  const summary = await mill([site.url('/1'), site.url('/none')], {
    ...ONE_THREAD,
    record: 'b',
    bare: true,
    output,
  }).summary()
  expect(readFileSync(output, 'utf8')).toBe('"1"\n"2"\n')
  expect(summary).toMatchObject({
    documents: { done: 1, failed: 1, waiting: 0, listed: 2, duplicates: 0, ofOtherShards: 0 },
    records: { written: 2, rejected: 0 },
    failures: [{ code: 'HTTP_REFUSED', count: 1 }],
    stopped: undefined,
  })
})

test('gives documents to the loop that are in the output already', async () => {
  using folder = temporaryFolder()
  await using site = await serve({ '/1': '<a>1</a>' })
  const output = folder.file('out.ndjson')
  for await (const document of mill([site.url('/1')], { ...ONE_THREAD, bare: true, output })) {
    expect(recordsOf(document)).toEqual(['1'])
    expect(readFileSync(output, 'utf8')).toBe('"1"\n')
  }
})

test('tells what happens as events', async () => {
  await using site = await serve({ '/1': '<a>1</a>' })
  const events: RunEvent[] = []
  await collect([site.url('/1'), site.url('/none')], { ...ONE_THREAD, onEvent: (event) => events.push(event) })
  const types = events.map(({ type }) => type)
  expect(types[0]).toBe('run-started')
  expect(types.at(-1)).toBe('run-ended')
  expect(types).toEqual(expect.arrayContaining(['list-ended', 'attempt-started', 'document-done', 'document-failed']))
  const times = events.map(({ at }) => at)
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test('a listener that throws ends the run with its error, and not the process', async () => {
  await using site = await serve(numbered(5, () => '<a/>'))
  const error = new Error('a bug in the listener')
  const onEvent = ({ type }: RunEvent) => {
    if (type === 'document-done') throw error
  }
  await expect(collect(Object.keys(numbered(5, () => '')).map(site.url), { ...ONE_THREAD, onEvent })).rejects.toBe(
    error,
  )
})

for (const [threads, concurrency] of [
  [1, 4],
  [2, 9],
] as const) {
  test(`${concurrency} documents download at once in ${threads} threads when that is asked for`, async () => {
    const waiting: (() => void)[] = []
    const together: Route = (_, response) => {
      waiting.push(() => response.end('<a/>'))
      // None is answered before all have come.
      if (waiting.length === concurrency) for (const answer of waiting.splice(0)) answer()
    }
    await using site = await serve(numbered(2 * concurrency, () => together))
    const urls = Object.keys(numbered(2 * concurrency, () => '')).map(site.url)
    const results = await collect(urls, { threads, concurrency, perHost: concurrency })
    expect(results.filter(({ records }) => records !== undefined)).toHaveLength(2 * concurrency)
    expect(site.maxConcurrent).toBe(concurrency)
  })
}

test('an error is a MillError with a remedy', async () => {
  await using site = await serve({})
  for await (const document of mill([site.url('/none')], ONE_THREAD)) {
    if (document.status === 'done') expect.unreachable('it is a 404')
    else {
      expect(document.error).toBeInstanceOf(MillError)
      expect(document.error.details.status).toBe(404)
      expect(document.error.remedy).toContain('Check the URL')
    }
  }
})
