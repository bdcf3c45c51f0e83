/** Documents that follow each other in a thread, asked for on a real server. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { mill, type RunEvent } from '../../src/index.ts'
import { capacityOf } from '../../src/mill/capacity.ts'
import { run } from '../../src/mill.ts'
import { type MillOptions, resolveOptions } from '../../src/options.ts'
import type { TaskEnd, ThreadPool } from '../../src/pool/pool.ts'
import type { Observed } from '../../src/pool/task.ts'
import type { Sink } from '../../src/sinks/sink.ts'
import { listDocuments } from '../../src/sources/source.ts'
import { type Route, type Site, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOWHERE: Sink = { write: async () => {}, close: async () => {} }

/** Documents `/0`, `/1` and so on, answered at once where nothing else is said. */
function site(count: number, others: Readonly<Record<string, Route>>): Promise<Site> {
  const quick = Array.from({ length: count }, (_, index) => [`/${index}`, '<a/>'] as const)
  return serve({ ...Object.fromEntries(quick), ...others })
}

function urlsOf(served: Site, count: number): string[] {
  return Array.from({ length: count }, (_, index) => served.url(`/${index}`))
}

function poolOf(options: MillOptions): ThreadPool {
  return capacityOf(resolveOptions({ threads: 1, ...options }), NOWHERE).pool
}

/** A task, of which `told` hears. */
function observed(id: number, url: string, told: string[] = []): Observed {
  return {
    task: { id, url, attempt: 1, mayRelay: false },
    observer: {
      onBegun: () => told.push(`begun ${id}`),
      onBatch(batch, receipt) {
        told.push(`${batch.kind} ${id}`)
        receipt.taken()
      },
      onDownloaded: () => told.push(`downloaded ${id}`),
      onProgress() {},
    },
  }
}

function endOf(end: TaskEnd): string {
  if (end.status === 'crashed') return end.blame
  return end.status === 'reported' ? end.report.outcome.status : end.status
}

test('documents follow each other in one slot, without being asked for one by one', async () => {
  await using served = await site(6, {})
  const pool = poolOf({})
  const told: string[] = []
  const ends = pool.run(
    urlsOf(served, 6).map((url, index) => observed(index, url, told)),
    'shared',
  )
  expect((await Promise.all(ends)).map(endOf)).toEqual(Array.from({ length: 6 }, () => 'done'))
  expect(served.maxConcurrent).toBe(1)
  expect(told.filter((text) => text.startsWith('records'))).toHaveLength(6)
  expect(told.filter((text) => text.startsWith('begun'))).toEqual([1, 2, 3, 4, 5].map((id) => `begun ${id}`))
  await pool.close()
})

test('a chain ends with the first document that fails, and the others come back', async () => {
  await using served = await site(5, { '/2': (_, response) => response.writeHead(404).end() })
  const pool = poolOf({})
  const ends = pool.run(
    urlsOf(served, 5).map((url, index) => observed(index, url)),
    'shared',
  )
  expect((await Promise.all(ends)).map(endOf)).toEqual(['done', 'done', 'failed', 'returned', 'returned'])
  expect(served.hits()).toBe(3)
  await pool.close()
})

test('what waits behind a slow document comes back when it is called, and its slot is free when the body is there', async () => {
  let slow: ServerResponse | undefined
  const asked = Promise.withResolvers<void>()
  await using served = await site(4, {
    '/1': (_, response) => {
      slow = response
      asked.resolve()
    },
  })
  const pool = poolOf({})
  const told: string[] = []
  const [first, second, ...rest] = pool.run(
    urlsOf(served, 4).map((url, index) => observed(index, url, told)),
    'shared',
  )
  await asked.promise
  pool.recall()
  expect((await Promise.all(rest)).map(endOf)).toEqual(['returned', 'returned'])
  slow?.end('<a/>')
  expect((await Promise.all([first, second])).map((end) => end && endOf(end))).toEqual(['done', 'done'])
  expect(served.hits()).toBe(2)
  await pool.close()
})

test('while a large document is parsed, nothing waits behind it and its slot is free', async () => {
  const large = gzipSync(`<a>${'<b>of many</b>'.repeat(200_000)}</a>`)
  await using served = await site(3, {
    '/0': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(large),
  })
  const pool = poolOf({ record: 'b' })
  const told: string[] = []
  const ends = await Promise.all(
    pool.run(
      urlsOf(served, 3).map((url, index) => observed(index, url, told)),
      'shared',
    ),
  )
  expect(ends.map(endOf)).toEqual(['done', 'returned', 'returned'])
  expect(told.filter((text) => text.startsWith('downloaded'))).toEqual(['downloaded 0'])
  await pool.close()
})

test('a wish to be left alone ends the chains of all slots, before main does anything about it', async () => {
  let held: ServerResponse | undefined
  const asked = Promise.withResolvers<void>()
  await using served = await site(4, {
    '/0': (_, response) => {
      held = response
      asked.resolve()
    },
    '/busy': (_, response) => response.writeHead(429, { 'retry-after': '60' }).end(),
  })
  const pool = poolOf({})
  const ends = pool.run(
    urlsOf(served, 4).map((url, index) => observed(index, url)),
    'shared',
  )
  await asked.promise
  const [busy] = await Promise.all(pool.run([observed(10, served.url('/busy'))], 'shared'))
  expect(busy && endOf(busy)).toBe('failed')
  held?.end('<a/>')
  expect((await Promise.all(ends)).map(endOf)).toEqual(['done', 'returned', 'returned', 'returned'])
  expect(served.hits()).toBe(2)
  // What is made from then on goes on as ever.
  const later = pool.run(
    [1, 2, 3].map((index) => observed(20 + index, served.url(`/${index}`))),
    'shared',
  )
  expect((await Promise.all(later)).map(endOf)).toEqual(['done', 'done', 'done'])
  await pool.close()
})

test('a thread that ends in the middle takes the document with it that did it, and those after it were not begun', async () => {
  using folder = temporaryFolder()
  const transform = folder.write(
    'ends.mjs',
    `export default (record) => { if (record === 'end') process.exit(3); return record }`,
  )
  await using served = await site(5, { '/2': '<a>end</a>' })
  const pool = poolOf({ transform })
  const ends = await Promise.all(
    pool.run(
      urlsOf(served, 5).map((url, index) => observed(index, url)),
      'shared',
    ),
  )
  const [first = '', second = '', ...others] = ends.map(endOf)
  // Whether main has heard of those that were done is a matter of milliseconds; then they are asked for again.
  for (const before of [first, second]) expect(['done', 'victim']).toContain(before)
  expect(others).toEqual(['culprit', 'returned', 'returned'])
  await pool.close()
})

test('a slow document holds up nothing, also not what was to follow it', async () => {
  const count = 400
  let answered = 0
  let answerSlow = () => {}
  const quick: Route = (_, response) => {
    answered += 1
    response.end('<a/>')
    // The slow one is answered when all others have been.
    if (answered === count - 1) answerSlow()
  }
  const routes = Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}`, quick]))
  const slow: Route = (_, response) => {
    answerSlow = () => response.end('<a/>')
    if (answered === count - 1) answerSlow()
  }
  await using served = await serve({ ...routes, '/150': slow })
  let done = 0
  for await (const document of mill(urlsOf(served, count))) if (document.status === 'done') done += 1
  expect(done).toBe(count)
  expect(served.hits()).toBe(count)
  expect(served.maxConcurrent).toBeLessThanOrEqual(4)
})

/** A run over a quick host that is held up at some documents: what is under way, and what is to happen then. */
async function heldUp(
  from: number,
  count: number,
  answer: (held: ReadonlyMap<string, ServerResponse>) => void,
  input: { readonly onEvent?: (event: RunEvent) => void; readonly stopping?: AbortSignal },
): Promise<{ readonly path: string; readonly at: number }[]> {
  const hits: { readonly path: string; readonly at: number }[] = []
  const held = new Map<string, ServerResponse>()
  const hold: Route = (request, response) => {
    const path = request.url ?? ''
    hits.push({ path, at: performance.now() })
    if (held.has(path) || held.size >= 4) response.end('<a/>')
    else {
      held.set(path, response)
      if (held.size === 4) answer(held)
    }
  }
  const routes = Object.fromEntries(Array.from({ length: count - from }, (_, index) => [`/${from + index}`, hold]))
  await using served = await site(count, routes)
  const options = resolveOptions({})
  await run({
    list: listDocuments({ urls: urlsOf(served, count) }, options),
    options,
    sink: NOWHERE,
    listener: input.onEvent ?? (() => {}),
    ...(input.stopping && { stopping: input.stopping }),
  }).catch((error: unknown) => {
    if (input.stopping === undefined) throw error
  })
  return hits
}

test('when a host asks to be left alone, nothing is asked of it either that waits in threads', async () => {
  let cooledAt = Number.POSITIVE_INFINITY
  let release = () => {}
  const hits = await heldUp(
    100,
    200,
    (held) => {
      const [busy, ...others] = held.values()
      busy?.writeHead(429, { 'retry-after': '1' }).end()
      release = () => {
        for (const response of others) response.end('<a/>')
      }
    },
    {
      onEvent: ({ type }) => {
        if (type !== 'host-cooling') return
        cooledAt = performance.now()
        // After what main does about it.
        setImmediate(release)
      },
    },
  )
  const early = hits.slice(4).filter(({ at }) => at < cooledAt + 990)
  expect(early).toEqual([])
  expect(hits).toHaveLength(101)
})

test('a run that is stopped in order begins nothing that waits in threads', async () => {
  const stopping = new AbortController()
  const hits = await heldUp(
    100,
    200,
    (held) => {
      stopping.abort()
      // What is under way is still wanted; main has heard of the stop by then.
      setImmediate(() => {
        for (const response of held.values()) response.end('<a/>')
      })
    },
    { stopping: stopping.signal },
  )
  expect(hits).toHaveLength(4)
})

test('the first document of a chain is begun, also when the others are called back at once', async () => {
  await using served = await site(4, {})
  const pool = poolOf({})
  const ends = pool.run(
    urlsOf(served, 4).map((url, index) => observed(index, url)),
    'shared',
  )
  pool.recall()
  const [first = '', ...others] = (await Promise.all(ends)).map(endOf)
  expect(first).toBe('done')
  expect(others).toEqual(['returned', 'returned', 'returned'])
  expect(served.hits()).toBe(1)
  await pool.close()
})

test('a run with memory for fewer documents than slots starts each of them once', async () => {
  const count = 300
  await using served = await site(count, {})
  // A quarter of it is for documents: for eight at once.
  const options = resolveOptions({ threads: 1, concurrency: 32, perHost: 32, memory: '64M' })
  let started = 0
  await run({
    list: listDocuments({ urls: urlsOf(served, count) }, options),
    options,
    sink: NOWHERE,
    listener: ({ type }) => {
      if (type === 'attempt-started') started += 1
      // Ends the run, which would go on forever without a turn of the loop.
      if (started > count) throw new Error('a document was started twice')
    },
  })
  expect(served.hits()).toBe(count)
})

test('documents that their server says to be unchanged follow each other as well', async () => {
  using folder = temporaryFolder()
  const count = 100
  const unchanged: Route = ({ headers }, response) => {
    if (headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else response.writeHead(200, { etag: '"1"' }).end('<a/>')
  }
  await using served = await serve(
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}`, unchanged])),
  )
  const output = { output: folder.file('records.ndjson'), concurrency: 1 }
  await mill(urlsOf(served, count), output).summary()
  let underWay = 0
  let together = 0
  const onEvent = ({ type }: RunEvent) => {
    if (type === 'attempt-started') underWay += 1
    else if (type === 'attempt-ended') underWay -= 1
    together = Math.max(together, underWay)
  }
  await mill(urlsOf(served, count), { ...output, update: true, onEvent }).summary()
  // What follows is told to have begun before what it follows is told to have ended.
  expect(together).toBeGreaterThan(1)
  expect(served.maxConcurrent).toBe(1)
})
