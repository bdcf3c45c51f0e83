/** A worker: takes the runs of a queue one after the other, and mills what it can claim of each. */
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { loadTransform } from '../channel/transform-module.ts'
import { MillError } from '../errors.ts'
import { run as mill } from '../mill.ts'
import type { MillOptions, RunOptions } from '../options.ts'
import { documentsPerThread } from '../pool/pool.ts'
import { redactUrl } from '../redact.ts'
import type { Listener } from '../report/events.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { ClaimedDocuments } from './claimed-documents.ts'
import { FleetDatabase } from './database.ts'
import { type Engine, loadEngine, startEngine, WithinTransaction } from './engine.ts'
import { FleetSink } from './fleet-sink.ts'
import { reapLost } from './returns.ts'
import { type FleetRun, readRuns, runOptions } from './run-record.ts'
import { CLAIM_LOCK, checkTables, SCHEMA } from './tables.ts'
import { transformFile } from './transform-file.ts'
import { FleetWorker, LEASE_MS } from './worker.ts'

/** How often a worker that has nothing to do looks for something. */
const IDLE_MS = 500

export interface WorkSetting {
  readonly url: string
  /** The only run to work on. */
  readonly name: string | undefined
  /** This machine's own options, resolved, and as they were given. */
  readonly local: RunOptions
  readonly given: MillOptions
  /** `any`, the hash of the only one, or none. */
  readonly allowTransform: string | undefined
  /** Whether to stay for runs to come. */
  readonly waits: boolean
  readonly stopping: AbortSignal
  /** Shows a run while it is milled. Says whether to go on with the next one. */
  readonly show: (run: FleetRun, options: RunOptions, perform: Perform) => Promise<boolean>
}

export type Perform = (listener: Listener, stopping: AbortSignal) => Promise<void>

/**
 * Works until nothing is left to do, or the signal.
 * @throws MillError QUEUE_UNUSABLE, TRANSFORM_REFUSED, and what ends a run
 */
export async function work(setting: WorkSetting): Promise<void> {
  const { url, name, stopping } = setting
  await using database = new FleetDatabase(url)
  const [runs] = await Promise.all([
    database.transaction(async (client) => {
      await checkTables(client, redactUrl(url))
      return readRuns(client, name)
    }),
    loadEngine(),
  ])
  if (name !== undefined && runs.length === 0)
    throw new MillError('QUEUE_UNUSABLE', `${redactUrl(url)} has no run by the name ${name}`)
  const engine = await startEngine(database, false)
  const worker = new FleetWorker(setting.local.threads)
  try {
    await database.transaction((client) => worker.join(client))
    while (!stopping.aborted) {
      const next = await database.transaction(async (client) => {
        await standBy(client, engine, worker)
        return nextRun(client, name)
      })
      if (next.run !== undefined) {
        if (!(await workOn(setting, { database, engine, worker, run: next.run }))) break
      } else if (next.mayCome || setting.waits) await delay(IDLE_MS, undefined, { signal: stopping }).catch(() => {})
      else break
    }
    await database.transaction((client) => worker.leave(client))
  } finally {
    await engine.stop({ graceful: false, close: false }).catch(() => {})
  }
}

interface Place {
  readonly database: FleetDatabase
  readonly engine: Engine
  readonly worker: FleetWorker
  readonly run: FleetRun
}

/** Between two runs, and while there is none, a worker is there all the same, and looks after those that are lost. */
async function standBy(client: Connection, engine: Engine, worker: FleetWorker): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`)
  if ((await worker.renew(client, null)) === undefined) await worker.join(client)
  if (worker.looksForLost(performance.now())) await reapLost(client, engine, new WithinTransaction(client), LEASE_MS)
}

/** The first run that has documents to start; or whether some that others have may yet come back. */
async function nextRun(
  client: Connection,
  name: string | undefined,
): Promise<{ readonly run: FleetRun | undefined; readonly mayCome: boolean }> {
  const { rows } = await client.query<{ name: string; waiting: boolean; leased: boolean }>(
    `SELECT name, EXISTS (SELECT FROM ${SCHEMA}.run_hosts WHERE run = number AND NOT is_empty) AS waiting,
       EXISTS (SELECT FROM ${SCHEMA}.leases WHERE run = number) AS leased
     FROM ${SCHEMA}.runs WHERE state = 'open' AND ($1::text IS NULL OR name = $1) ORDER BY number`,
    [name ?? null],
  )
  const first = rows.find(({ waiting }) => waiting)
  const [run] = first === undefined ? [] : await readRuns(client, first.name)
  return { run, mayCome: rows.some(({ leased }) => leased) }
}

/** @returns whether to go on with the next run */
async function workOn(setting: WorkSetting, { database, engine, worker, run }: Place): Promise<boolean> {
  const isOutputQueue = run.options.output === null
  const merged = runOptions(run, setting.local, setting.given, setting.url)
  await using transform = await transformFile(run, setting.allowTransform)
  const base: RunOptions = { ...merged, thread: { ...merged.thread, transform: transform?.href } }
  if (transform !== undefined) await loadTransform(transform.href)
  const part = worker.number
  const options: RunOptions = {
    ...base,
    output: isOutputQueue ? setting.url : partPath(run.options.output ?? '', part),
    // Beside a part; of a database in the working directory, where several workers may be.
    rejects: setting.local.rejects ?? (isOutputQueue ? `${run.name}.part-${part}.rejects.ndjson` : undefined),
  }
  const { threads, schedule } = options
  const perform: Perform = async (listener, stopping) => {
    if (!isOutputQueue) await database.transaction((client) => notePart(client, run, part, options.output ?? ''))
    const source = new ClaimedDocuments({
      database,
      engine,
      worker,
      run: run.number,
      limits: schedule,
      hostFailures: run.options.schedule.hostFailures,
      retryMaxWaitMs: schedule.retryMaxWaitMs,
      // Those that threads hold, and as many as can be downloading meanwhile.
      room: threads * documentsPerThread(threads, schedule.concurrency) + schedule.concurrency,
    })
    const sink = new FleetSink({ database, engine, run: run.number, worker: part, source, options, isOutputQueue })
    try {
      await sink.open()
      await mill({
        list: source,
        options,
        sink,
        listener: (event) => {
          source.listener(event)
          worker.listener(event)
          listener(event)
        },
        stopping,
      })
    } finally {
      await sink.close()
      await source.close()
    }
  }
  // Awaited here: the transform's file is there until then.
  return await setting.show(run, options, perform)
}

/** Where a worker writes its part of an output: `papers.ndjson.gz` becomes `papers.part-3.ndjson.gz`. */
function partPath(output: string, part: number): string {
  const isFolder = output.endsWith('/')
  const name = basename(output)
  const dot = name.indexOf('.', 1)
  const parted = dot === -1 ? `${name}.part-${part}` : `${name.slice(0, dot)}.part-${part}${name.slice(dot)}`
  return `${join(dirname(output), parted)}${isFolder ? '/' : ''}`
}

async function notePart(client: Connection, run: FleetRun, part: number, path: string): Promise<void> {
  await client.query(
    `INSERT INTO ${SCHEMA}.parts (run, worker, machine, path) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [run.number, part, hostname(), resolve(path)],
  )
}
