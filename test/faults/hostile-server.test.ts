import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ErrorCode, mill } from '../../src/index.ts'
import { GOOD_BODY, HOSTILE_CASES, HOSTILE_OPTIONS, pathOf } from '../support/chaos-cases.ts'
import { answer, type Fault, type FaultServer, faultServer } from '../support/fault-server.ts'

interface Ending {
  readonly code: ErrorCode | 'done'
  readonly message: string
}

const endings = new Map<string, Ending>()
const good: unknown[] = []
const servers: FaultServer[] = []
let shared: FaultServer
const urls = new Map<string, { readonly url: string; readonly server: FaultServer }>()

const GOOD = 10

beforeAll(async () => {
  const plain: Fault = ({ socket }) => socket.write(answer(GOOD_BODY))
  const goodPaths = Array.from({ length: GOOD }, (_, n) => `/good/${n}`)
  const routes: Record<string, Fault> = { '/good': plain }
  for (const path of goodPaths) routes[path] = plain
  for (const hostile of HOSTILE_CASES) {
    const path = pathOf(hostile)
    routes[path] = hostile.answer
    for (let turn = 1; turn < 12; turn++) routes[`${path}?${turn}`] = hostile.answer
  }
  shared = await faultServer(routes)
  servers.push(shared)
  for (const hostile of HOSTILE_CASES) {
    const path = pathOf(hostile)
    const server = hostile.coolsHost === true ? await faultServer({ [path]: hostile.answer }) : shared
    if (server !== shared) servers.push(server)
    urls.set(hostile.name, { url: server.url(path), server })
  }

  const hostile = [...urls.values()].map(({ url }) => url)
  // A good one after every tenth.
  const step = Math.floor(hostile.length / GOOD)
  const list = hostile.flatMap((url, n) =>
    n % step === 0 && n < GOOD * step ? [url, shared.url(`/good/${n / step}`)] : [url],
  )
  const options = { ...HOSTILE_OPTIONS, concurrency: 32, perHost: 32 }
  for await (const document of mill(list, options)) {
    const ending: Ending =
      document.status === 'failed'
        ? { code: document.error.code, message: document.error.message }
        : { code: 'done', message: '' }
    endings.set(document.url, ending)
    if (document.status === 'done' && document.url.includes('/good/')) good.push(...document.records())
  }
})

afterAll(async () => {
  for (const server of servers) await server.close()
})

test.each(HOSTILE_CASES)('$name ends as $ends', ({ name, ends, hits, maxHits }) => {
  const { url, server } = urls.get(name) ?? { url: '', server: shared }
  const ending = endings.get(url)
  expect(`${ending?.code} ${ending?.message}`).toMatch(ends)
  expect(ending?.code).toBe(ends)
  const asked = server.hits(new URL(url).pathname)
  expect(asked).toBeGreaterThanOrEqual(hits)
  expect(asked).toBeLessThanOrEqual(maxHits)
})

test('ten good documents among them all arrive', () => {
  expect(good).toEqual(Array(GOOD).fill('text'))
})

test('no connection stays open', async () => {
  await Promise.all(servers.map((server) => server.allClosed()))
  expect(servers.map(({ openSockets }) => openSockets)).toEqual(servers.map(() => 0))
})

test('there are more than ninety of them', () => {
  expect(HOSTILE_CASES.length).toBeGreaterThan(90)
  expect(new Set(HOSTILE_CASES.map((hostile) => pathOf(hostile))).size).toBe(HOSTILE_CASES.length)
})
