/** A list of documents of which many are hostile, drawn by a seed, with the servers that serve it. */
import { GOOD_BODY, HOSTILE_CASES, type HostileCase, pathOf } from './chaos-cases.ts'
import { answer, type Fault, type FaultServer, faultServer } from './fault-server.ts'
import { refusingPort } from './refusing-port.ts'
import { between, chance, seededRandom } from './seeded-random.ts'

export interface PlannedDocument {
  readonly url: string
  readonly name: string
  /** `done` or the code of the failure. */
  readonly ends: string
}

export interface ChaosPlan extends AsyncDisposable {
  readonly documents: readonly PlannedDocument[]
  readonly servers: readonly FaultServer[]
}

/** What the transform of a chaos run does when a record says so. */
export const CHAOS_TRANSFORM = `
const DEEDS = {
  exit: () => process.exit(3),
  late: () => { setTimeout(() => { throw null }, 1); return new Promise(() => {}) },
  loop: () => { for (;;); },
  never: () => new Promise(() => {}),
  throw: () => { throw undefined },
}
export default (record) => (Object.hasOwn(DEEDS, record) ? DEEDS[record]() : record)
`

/** Deeds in the threads, and how many documents of a list do each: they cost a thread, or a time-out, three times. */
const DEEDS = [
  { deed: 'exit', ends: 'WORKER_CRASHED', count: 3 },
  { deed: 'late', ends: 'WORKER_CRASHED', count: 1 },
  { deed: 'loop', ends: 'TRANSFORM_TIMEOUT', count: 1 },
  { deed: 'never', ends: 'TRANSFORM_TIMEOUT', count: 2 },
  { deed: 'throw', ends: 'done', count: 20 },
] as const

const GOOD_SHARE = 0.45

export async function planChaos(seed: number, count: number): Promise<ChaosPlan> {
  const random = seededRandom(seed)
  const routes: Record<string, Fault> = { '/good': ({ socket }) => socket.write(answer(GOOD_BODY)) }
  const planned: { readonly path: string; readonly name: string; readonly ends: string; readonly own?: HostileCase }[] =
    []
  const shared = HOSTILE_CASES.filter(({ coolsHost }) => coolsHost !== true)
  for (const own of HOSTILE_CASES) {
    if (own.coolsHost === true) planned.push({ path: pathOf(own), name: own.name, ends: own.ends, own })
  }
  for (const { deed, ends, count: times } of DEEDS) {
    for (let n = 0; n < times; n++) {
      const path = `/deed-${deed}/${n}`
      routes[path] = ({ socket }) => socket.write(answer(`<a><b>${deed}</b></a>`))
      planned.push({ path, name: deed, ends })
    }
  }
  for (let n = planned.length; n < count; n++) {
    const hostile = shared[between(random, 0, shared.length - 1)]
    if (hostile === undefined || chance(random, GOOD_SHARE)) {
      const path = `/good/${n}`
      const body = `<a>${`<b>${n}</b>`.repeat(between(random, 1, 2000))}</a>`
      routes[path] = ({ socket }) => socket.write(answer(body))
      planned.push({ path, name: 'good', ends: 'done' })
    } else {
      const path = pathOf(hostile, n)
      routes[path] = hostile.answer
      for (let turn = 1; turn < 12; turn++) routes[`${path}?${turn}`] = hostile.answer
      planned.push({ path, name: hostile.name, ends: hostile.ends })
    }
  }
  const order = planned.map((document) => ({ document, key: random() })).toSorted((a, b) => a.key - b.key)

  const site = await faultServer(routes)
  const servers = [site]
  const documents: PlannedDocument[] = []
  for (const { document } of order) {
    const { path, name, ends, own } = document
    const server = own === undefined ? site : await faultServer({ [path]: own.answer })
    if (server !== site) servers.push(server)
    documents.push({ url: server.url(path), name, ends })
  }
  // A host with nobody at home.
  const closed = await refusingPort()
  for (let n = 0; n < 30; n++) {
    documents.splice(between(random, 0, documents.length - 1), 1, {
      url: `http://${closed.host}/${n}`,
      name: 'nobody at home',
      // Which of them are tried before the host is given up is a matter of turns.
      ends: 'HOST_UNAVAILABLE|CONNECT_FAILED',
    })
  }
  return {
    documents,
    servers,
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) await server.close()
      await closed[Symbol.asyncDispose]()
    },
  }
}
