import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type LibraryOptions, mill, type RunEvent } from '../../src/index.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const GOOD = 10

interface Ending {
  readonly done: readonly string[]
  /** Code by path of each that failed. */
  readonly failed: Readonly<Record<string, string>>
  readonly messages: readonly string[]
  readonly rejects: readonly unknown[]
  readonly events: readonly RunEvent[]
}

/** Mills ten good documents and `/bad` between them through a transform that does `deed` at each of so many records of `/bad`. */
async function millWith(deed: string, options: LibraryOptions = {}, records = 2): Promise<Ending> {
  using folder = temporaryFolder()
  const transform = folder.write(
    'transform.mjs',
    `export default function transform(record, { url, n }) {
      if (!url.endsWith('/bad')) return { n }
      ${deed}
    }`,
  )
  const good = Array.from({ length: GOOD }, (_, n) => `/good/${n}`)
  await using site = await serve({
    ...Object.fromEntries(good.map((path) => [path, '<a><b>1</b><b>2</b></a>'])),
    '/bad': `<a>${'<b>1</b>'.repeat(records)}</a>`,
  })
  const paths = good.toSpliced(3, 0, '/bad')
  const ending = { done: [] as string[], failed: {} as Record<string, string> }
  const messages: string[] = []
  const rejects: unknown[] = []
  const events: RunEvent[] = []
  const urls = paths.map((path) => site.url(path))
  // Long enough that a thread that only waits for a processor is not taken for a stuck one.
  const settings: LibraryOptions = { record: 'b', transform, transformTimeout: 2, onEvent: (e) => events.push(e) }
  for await (const document of mill(urls, { ...settings, ...options })) {
    const path = document.url.slice(site.url('').length)
    if (document.status === 'failed') {
      ending.failed[path] = document.error.code
      messages.push(document.error.message)
    } else {
      ending.done.push(path)
      rejects.push(...document.rejects())
    }
  }
  return { ...ending, messages, rejects, events }
}

function crashes(events: readonly RunEvent[]): number {
  return events.filter(({ type }) => type === 'thread-crashed').length
}

function everyGoodOne(): string[] {
  return Array.from({ length: GOOD }, (_, n) => `/good/${n}`)
}

test.each([
  ['an endless loop', 'for (;;);', {}, 'TRANSFORM_TIMEOUT', 3],
  ['a call that blocks', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', {}, 'TRANSFORM_TIMEOUT', 3],
  ['a promise that never settles', 'return new Promise(() => {})', {}, 'TRANSFORM_TIMEOUT', 0],
  [
    'a heap that is exhausted',
    'const all = []; for (;;) all.push(new Array(1e5).fill({}))',
    { memory: '256m', transformTimeout: 20 },
    'OUT_OF_MEMORY',
    2,
  ],
  ['process.exit', 'process.exit(7)', {}, 'WORKER_CRASHED', 3],
  [
    'a throw after the call',
    'setTimeout(() => { throw new Error("late") }, 1); return new Promise(() => {})',
    { transformTimeout: 5 },
    'WORKER_CRASHED',
    3,
  ],
  [
    'a null that is thrown after the call',
    'setTimeout(() => { throw null }, 1); return new Promise(() => {})',
    { transformTimeout: 5 },
    'WORKER_CRASHED',
    3,
  ],
  [
    'a rejection that nobody handles',
    'Promise.reject(new Error("alone")); return new Promise(() => {})',
    { transformTimeout: 5 },
    'WORKER_CRASHED',
    3,
  ],
])('%s costs its own document and no other', async (_, deed, options, code, threads) => {
  const { done, failed, events } = await millWith(deed, options)
  expect(failed).toEqual({ '/bad': code })
  expect(done.toSorted()).toEqual(everyGoodOne())
  expect(crashes(events)).toBe(threads)
})

test('a thread in a system call that cannot be broken off is replaced at once', async () => {
  using folder = temporaryFolder()
  const line = `echo $$ >> '${folder.file('sleeping')}'; exec sleep 3600`
  const sleep = `process.getBuiltinModule("node:child_process").execFileSync("sh", ["-c", ${JSON.stringify(line)}])`
  const { done, failed } = await millWith(sleep, { threads: 1 })
  expect(failed).toEqual({ '/bad': 'TRANSFORM_TIMEOUT' })
  expect(done.toSorted()).toEqual(everyGoodOne())
  // The run is over, and what each of its three tries waited for is not: a signal still finds it, and ends it with its thread.
  const sleeping = readFileSync(folder.file('sleeping'), 'utf8').trim().split('\n').map(Number)
  expect(sleeping.map((pid) => process.kill(pid))).toEqual([true, true, true])
})

test.each([
  ['null', 'throw null', 'null'],
  ['undefined', 'throw undefined', 'undefined'],
  ['an object without a prototype', 'throw Object.create(null)', '[Object: null prototype] {}'],
  ['an error with a getter that throws', 'throw { get message() { throw 1 } }', '{ message: [Getter] }'],
  ['a result with a BigInt', 'return { big: 1n }', 'BigInt'],
  ['a function as result', 'return () => 1', 'function'],
  ['a result that contains itself', 'const loop = {}; loop.loop = loop; return loop', 'circular'],
  ['a result with a toJSON that throws', 'return { toJSON() { throw new RangeError("no") } }', 'RangeError: no'],
  ['a promise that is rejected', 'return Promise.reject(new Error("later"))', 'Error: later'],
  ['endless recursion', 'return (function f() { return f() + 1 })()', 'Maximum call stack size'],
])('%s rejects the record, and the document goes on', async (_, deed, reason) => {
  const { done, failed, rejects, events } = await millWith(deed)
  expect(failed).toEqual({})
  expect(done).toHaveLength(GOOD + 1)
  expect(rejects).toHaveLength(2)
  expect(rejects).toMatchObject([{ n: 0, code: 'TRANSFORM_THREW', reason: expect.stringContaining(reason) }, { n: 1 }])
  expect(crashes(events)).toBe(0)
})

test('a heavy transform that gets on is left alone, however long a batch of records takes', async () => {
  // All together more than the time-out; each, even where others have the processor most of the time, much less.
  const deed = 'const until = performance.now() + 250; while (performance.now() < until); return { n }'
  const { done, failed } = await millWith(deed, {}, 10)
  expect(failed).toEqual({})
  expect(done).toHaveLength(GOOD + 1)
})

test('a document that leaves a bomb behind is done, and whoever is hit by it is tried again', async () => {
  const { done, failed } = await millWith(
    'if (n === 1) setTimeout(() => { throw new Error("bomb") }, 50); return { n }',
  )
  expect(failed).toEqual({})
  expect(done).toHaveLength(GOOD + 1)
})

test('a module that ends every thread at its start stops the run', async () => {
  using folder = temporaryFolder()
  const transform = folder.write(
    'transform.mjs',
    `import { isMainThread } from 'node:worker_threads'
    if (!isMainThread) process.exit(9)
    export default (record) => record`,
  )
  await using site = await serve({ '/a': '<a/>' })
  const urls = Array.from({ length: 5 }, (_, n) => site.url(`/a?${n}`))
  const outcomes: string[] = []
  const running = (async () => {
    for await (const document of mill(urls, { transform, transformTimeout: 0.4 }))
      outcomes.push(document.status === 'failed' ? document.error.code : document.status)
  })()
  // Whether a thread comes as far as its first document before it ends is a matter of microseconds.
  await running.then(
    () => expect(new Set(outcomes)).toEqual(new Set(['WORKER_CRASHED'])),
    (error: unknown) => expect(error).toMatchObject({ code: 'THREADS_FAILED' }),
  )
})
