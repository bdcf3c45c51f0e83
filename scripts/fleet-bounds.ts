/**
 * Measures what several machines promise, at full size, with worker processes as machines and a PostgreSQL of its own. Figures, no verdicts
 * but one: a document whose records are not there exactly once is said, and fails the script.
 *
 *   node scripts/fleet-bounds.ts [polite] [throughput] [chaos] [million] [single] [--corpus DIR] [--documents N] [--seconds 120]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { claim } from '../src/fleet/claims.ts'
import { FleetDatabase } from '../src/fleet/database.ts'
import { startEngine } from '../src/fleet/engine.ts'
import { FleetWorker } from '../src/fleet/worker.ts'
import { query, startPostgres, type TestServer } from '../test/support/postgres.ts'
import { Origin } from './fleet-origin.ts'

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function writeList(path: string, urls: Iterable<string>): Promise<void> {
  const file = createWriteStream(path)
  let lines: string[] = []
  for (const url of urls) {
    lines.push(url)
    if (lines.length < 10_000) continue
    if (!file.write(`${lines.join('\n')}\n`)) await once(file, 'drain')
    lines = []
  }
  file.end(`${lines.join('\n')}\n`)
  await finished(file)
}

class Setting {
  readonly url: string
  readonly folder: string

  constructor(url: string, folder: string) {
    this.url = url
    this.folder = folder
  }

  start(args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [main, ...args], { cwd: this.folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }

  work(...args: readonly string[]): ChildProcess {
    return this.start(['work', this.url, '-q', ...args])
  }

  /** @returns seconds */
  async run(args: readonly string[]): Promise<number> {
    const from = performance.now()
    await ended(this.start(args))
    return (performance.now() - from) / 1000
  }

  async submit(urls: Iterable<string>, ...args: readonly string[]): Promise<number> {
    await writeList(join(this.folder, 'urls.txt'), urls)
    return this.run(['submit', '-i', 'urls.txt', '--queue', this.url, '-q', ...args])
  }

  /** Says what is wrong with the rows, of which each document is to have two. */
  async check(documents: number): Promise<void> {
    const [rows] = await query<{ rows: number; places: number; documents: number }>(
      this.url,
      'SELECT count(*)::int AS rows, count(DISTINCT (url, n))::int AS places, count(DISTINCT url)::int AS documents FROM p',
    )
    const [queue] = await query<{ done: number }>(
      this.url,
      "SELECT count(*)::int AS done FROM xmlmill.job WHERE state = 'completed'",
    )
    const isRight = rows?.rows === documents * 2 && rows.places === documents * 2 && queue?.done === documents
    say(`  rows: ${JSON.stringify({ ...rows, ...queue })}: ${isRight ? 'each document once' : 'WRONG'}`)
    if (!isRight) process.exitCode = 1
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'close')
  if (code !== 0) say(`  exit code ${code}`)
}

const load = () => `load ${loadavg()[0]?.toFixed(1)}`

async function measurePolite(setting: Setting): Promise<void> {
  for (const [name, args] of [
    ['per host 4', ['--per-host', '4', '-j', '8', '-t', '1']],
    ['per host 4, 50/s', ['--per-host', '4', '-j', '8', '-t', '1', '--rate', '50/s']],
  ] as const) {
    const origin = await Origin.start(3, 10)
    const runName = name.replace(/\W+/g, '-')
    await setting.submit(origin.urls(4000), '-r', 'p', '--table', 'p', '--name', runName, ...args)
    const from = performance.now()
    await Promise.all(Array.from({ length: 8 }, () => ended(setting.work('--name', runName))))
    const { requests, mostAtOnce, mostInASecond } = await origin.seen()
    const seconds = (performance.now() - from) / 1000
    say(`polite (${name}): 8 machines, 3 hosts, 4,000 documents in ${seconds.toFixed(1)} s, ${load()}`)
    say(`  requests ${requests}, most at once ${mostAtOnce}, most starts at a host within a second ${mostInASecond}`)
    await origin.stop()
  }
}

async function measureThroughput(setting: Setting): Promise<void> {
  const documents = Number(values.documents)
  const origin = await Origin.start(20, 0)
  await setting.submit(origin.urls(documents), '-r', 'p', '-j', '16', '-t', '2')
  const from = performance.now()
  await Promise.all([ended(setting.work()), ended(setting.work())])
  const seconds = (performance.now() - from) / 1000
  say(
    `throughput: 2 machines, 20 hosts, ${documents} documents in ${seconds.toFixed(1)} s: ${(documents / seconds).toFixed(0)} documents/s, most at once ${(await origin.seen()).mostAtOnce}, ${load()}`,
  )
  await setting.check(documents)
  await origin.stop()
}

async function measureChaos(setting: Setting, server: TestServer): Promise<void> {
  const seconds = Number(values.seconds)
  const origin = await Origin.start(6, 40)
  const documents = seconds * 150
  await setting.submit(origin.urls(documents), '-r', 'p', '-j', '8', '-t', '1')
  const machines = [setting.work(), setting.work()]
  const lost: number[] = []
  let kills = 0
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    await delay(5000)
    const which = kills % 2
    const machine = machines[which]
    if (machine === undefined || machine.exitCode !== null) break
    kills += 1
    if (kills % 6 === 3) {
      machine.kill('SIGSTOP')
      await delay(16_000)
      machine.kill('SIGCONT')
      continue
    }
    if (kills % 6 === 5) {
      await server.stop()
      await delay(2000)
      await server.start()
      continue
    }
    const killedAt = performance.now()
    machine.kill('SIGKILL')
    machines[which] = setting.work()
    lost.push(await releasedAfter(setting, machine.pid ?? 0, killedAt))
  }
  say(
    `chaos: ${kills} faults in ${seconds} s; what a killed machine had was back after ${lost.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s`,
  )
  await Promise.all(machines.map((machine) => (machine.exitCode === null ? once(machine, 'close') : undefined)))
  await ended(setting.work())
  await setting.check(documents)
  await origin.stop()
}

/** Milliseconds until the queue has taken back what a killed process had. */
async function releasedAfter(setting: Setting, pid: number, killedAt: number): Promise<number> {
  for (;;) {
    const [row] = await query<{ left: number }>(
      setting.url,
      `SELECT count(*)::int AS left FROM xmlmill.leases l JOIN xmlmill.workers w ON w.number = l.worker WHERE w.pid = ${pid}`,
    )
    if (row?.left === 0) return performance.now() - killedAt
    await delay(100)
  }
}

/** A million documents, 300,000 of them of one host, at the front. */
function* millionUrls(): Generator<string> {
  for (let index = 0; index < 1_000_000; index += 1) {
    const host = index < 300_000 ? 'front' : `host-${index % 2000}`
    yield `https://${host}.example.org/collection/documents/document-${index}.xml`
  }
}

async function measureMillion(setting: Setting): Promise<void> {
  const seconds = await setting.submit(millionUrls(), '-r', 'p')
  const size = async () => {
    const [row] = await query<{ size: string }>(
      setting.url,
      'SELECT pg_size_pretty(pg_database_size(current_database())) AS size',
    )
    return row?.size
  }
  say(`million: submitted in ${seconds.toFixed(1)} s, the database has ${await size()}, ${load()}`)
  await using database = new FleetDatabase(setting.url)
  const engine = await startEngine(database, false)
  const worker = new FleetWorker(4)
  await database.transaction((client) => worker.join(client))
  await measureClaims(database, engine, worker, 'at the start', 1000, 8)
  // To the middle: half of every host's documents are done.
  await drain(database, engine, worker, 500_000)
  await measureClaims(database, engine, worker, 'in the middle', 1000, 8)
  say(`  the database has ${await size()} then`)
  await engine.stop({ graceful: false, close: false })
}

async function measureClaims(
  database: FleetDatabase,
  engine: Awaited<ReturnType<typeof startEngine>>,
  worker: FleetWorker,
  when: string,
  times: number,
  want: number,
): Promise<void> {
  const took: number[] = []
  let ended: string[] = []
  let claimed = 0
  let cpuMs = 0
  const backend = await database.transaction(async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return rows[0]?.pid ?? 0
  })
  for (let time = 0; time < times; time += 1) {
    const from = performance.now()
    const cpuFrom = cpuOf(backend)
    const answer = await claim(database, engine, () => request(worker, want, ended))
    took.push(performance.now() - from)
    cpuMs += cpuOf(backend) - cpuFrom
    claimed += answer.claims.length
    ended = answer.claims.map(({ job }) => job)
    if (answer.claims.length > 0)
      await engine.complete(
        'run-1',
        answer.claims.map(({ job: id, retryCount }) => ({ id, retryCount })),
      )
  }
  took.sort((a, b) => a - b)
  const at = (part: number) => took[Math.floor(took.length * part)]?.toFixed(1)
  say(
    `  claims ${when}: ${claimed} documents in ${times} claims, median ${at(0.5)} ms, 95th ${at(0.95)} ms, 99th ${at(0.99)} ms, longest ${took.at(-1)?.toFixed(1)} ms; ${(cpuMs / times).toFixed(2)} ms of the server's processor each, ${load()}`,
  )
  await claim(database, engine, () => request(worker, 0, ended))
}

/** Milliseconds of processor time that a process has had, which other programs on the machine do not lengthen as they do a wait; Linux alone. */
function cpuOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}

/** Claims and completes in large steps. */
async function drain(
  database: FleetDatabase,
  engine: Awaited<ReturnType<typeof startEngine>>,
  worker: FleetWorker,
  documents: number,
): Promise<void> {
  let ended: string[] = []
  for (let left = documents; left > 0; ) {
    const answer = await claim(database, engine, () => ({
      ...request(worker, 1000, ended),
      limits: { perHost: 1000, startIntervalMs: 0 },
    }))
    if (answer.claims.length === 0) break
    left -= answer.claims.length
    ended = answer.claims.map(({ job }) => job)
    await engine.complete(
      'run-1',
      answer.claims.map(({ job: id, retryCount }) => ({ id, retryCount })),
    )
  }
  await claim(database, engine, () => request(worker, 0, ended))
}

function request(worker: FleetWorker, want: number, ended: readonly string[]) {
  return {
    run: 1,
    worker,
    limits: { perHost: 4, startIntervalMs: 0 },
    want,
    downloaded: [],
    ended,
    returned: [],
    news: [],
    held: undefined,
  }
}

async function measureSingle(setting: Setting, server: TestServer): Promise<void> {
  const corpus = resolve(values.corpus)
  const files = readdirSync(corpus)
    .filter((name) => name.endsWith('.xml'))
    .map((name) => join(corpus, name))
  const plain: number[] = []
  const fleet: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const alone = new Setting(await server.database(`alone${round}`), setting.folder)
    await writeList(join(setting.folder, 'urls.txt'), files)
    plain.push(await alone.run(['-i', 'urls.txt', '-r', 'paper', '-o', alone.url, '-q']))
    const one = new Setting(await server.database(`one${round}`), setting.folder)
    await one.submit(files, '-r', 'paper')
    fleet.push(await one.run(['work', one.url, '-q']))
    rmSync(join(setting.folder, `alone${round}.rejects.ndjson`), { force: true })
  }
  const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[2] ?? 0
  const ratio = median(fleet) / median(plain)
  say(
    `single: ${files.length} documents; plain ${plain.map((s) => s.toFixed(1)).join(' ')} s, one machine of a fleet ${fleet.map((s) => s.toFixed(1)).join(' ')} s: ${(ratio * 100 - 100).toFixed(0)}% more, ${load()}`,
  )
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    corpus: { type: 'string', default: '.' },
    documents: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '120' },
  },
})

const MEASUREMENTS = {
  polite: measurePolite,
  throughput: measureThroughput,
  chaos: measureChaos,
  million: measureMillion,
  single: measureSingle,
} as const

await using server = await startPostgres()
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-fleet-bounds-'))
  await measure(new Setting(await server.database(name), folder), server)
  rmSync(folder, { recursive: true, force: true })
}
