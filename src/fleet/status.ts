/** How a queue stands: its runs, its workers, and the hosts that are busy or left alone. */
import { redactUrl } from '../redact.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { FleetDatabase } from './database.ts'
import { checkTables, SCHEMA } from './tables.ts'
import { LEASE_MS, type WorkerFigures } from './worker.ts'

export interface FleetStatus {
  readonly runs: readonly RunStatus[]
  readonly workers: readonly WorkerStatus[]
  readonly hosts: readonly HostStatus[]
}

export interface RunStatus {
  readonly name: string
  readonly state: string
  readonly submittedAt: Date
  readonly waiting: number
  readonly running: number
  readonly done: number
  readonly failed: number
  /** Code -> documents. */
  readonly failures: Readonly<Record<string, number>>
  /** Documents a second, of all workers that are there. */
  readonly rate: number
}

export interface WorkerStatus {
  readonly number: number
  readonly machine: string
  readonly pid: number
  readonly threads: number
  readonly run: string | null
  /** Those that have left are not told of. */
  readonly state: 'there' | 'silent' | 'lost'
  readonly silentMs: number
  readonly figures: Partial<WorkerFigures>
}

export interface HostStatus {
  readonly name: string
  readonly running: number
  /** How much longer it is left alone. */
  readonly coolMs: number
  readonly isGivenUp: boolean
}

/** Workers that were lost are told of for so long. */
const LOST_SHOWN = '10 minutes'
const HOSTS_SHOWN = 20

/** @throws MillError QUEUE_UNUSABLE */
export async function readStatus(database: FleetDatabase): Promise<FleetStatus> {
  return database.transaction(async (client) => {
    await checkTables(client, redactUrl(database.url))
    const workers = await readWorkers(client)
    const runs = await readRunStates(client, workers)
    return { runs, workers, hosts: await readHosts(client) }
  })
}

/** Opens a queue to look at it. */
export function openStatus(url: string): FleetDatabase {
  return new FleetDatabase(url)
}

async function readWorkers(client: Connection): Promise<readonly WorkerStatus[]> {
  const { rows } = await client.query<
    Omit<WorkerStatus, 'state' | 'silentMs'> & { is_lost: boolean; silent_ms: number }
  >(
    `SELECT w.number, machine, pid, threads, r.name AS run, figures, lost_at IS NOT NULL AS is_lost,
       extract(epoch FROM now() - heartbeat_at)::double precision * 1000 AS silent_ms
     FROM ${SCHEMA}.workers w LEFT JOIN ${SCHEMA}.runs r ON r.number = w.run
     WHERE left_at IS NULL AND (lost_at IS NULL OR lost_at > now() - interval '${LOST_SHOWN}') ORDER BY w.number`,
  )
  return rows.map(({ is_lost, silent_ms: silentMs, ...worker }) => ({
    ...worker,
    silentMs,
    state: is_lost ? 'lost' : silentMs > LEASE_MS ? 'silent' : 'there',
  }))
}

interface RunRow {
  number: number
  name: string
  state: string
  submitted_at: Date
  waiting: string
  running: string
  done: string
  failed: string
}

async function readRunStates(client: Connection, workers: readonly WorkerStatus[]): Promise<readonly RunStatus[]> {
  const { rows } = await client.query<RunRow>(
    `SELECT r.number, r.name, r.state, r.submitted_at,
       count(*) FILTER (WHERE j.state < 'active') AS waiting, count(*) FILTER (WHERE j.state = 'active') AS running,
       count(*) FILTER (WHERE j.state = 'completed') AS done, count(*) FILTER (WHERE j.state = 'failed') AS failed
     FROM ${SCHEMA}.runs r LEFT JOIN ${SCHEMA}.job j ON j.name = 'run-' || r.number GROUP BY r.number ORDER BY r.number`,
  )
  const { rows: failures } = await client.query<{ name: string; code: string | null; documents: string }>(
    `SELECT name, output ->> 'code' AS code, count(*) AS documents FROM ${SCHEMA}.job WHERE state = 'failed'
     GROUP BY 1, 2 ORDER BY 3 DESC`,
  )
  return rows.map((row) => ({
    name: row.name,
    state: row.state,
    submittedAt: row.submitted_at,
    waiting: Number(row.waiting),
    running: Number(row.running),
    done: Number(row.done),
    failed: Number(row.failed),
    failures: Object.fromEntries(
      failures
        .filter(({ name }) => name === `run-${row.number}`)
        .map(({ code, documents }) => [code ?? 'INTERNAL', Number(documents)]),
    ),
    rate: workers
      .filter(({ run, state }) => run === row.name && state === 'there')
      .reduce((sum, { figures }) => sum + (figures.rate ?? 0), 0),
  }))
}

async function readHosts(client: Connection): Promise<readonly HostStatus[]> {
  const { rows } = await client.query<{ name: string; running: number; cool_ms: number; is_given_up: boolean }>(
    `SELECT name, running, is_given_up,
       greatest(0, extract(epoch FROM least(cool_until, now() + interval '1 year') - now()))::double precision * 1000 AS cool_ms
     FROM ${SCHEMA}.hosts WHERE name <> '' AND (running > 0 OR cool_until > now() OR is_given_up)
     ORDER BY cool_until > now() DESC, running DESC, name LIMIT ${HOSTS_SHOWN}`,
  )
  return rows.map(({ name, running, cool_ms: coolMs, is_given_up: isGivenUp }) => ({
    name,
    running,
    coolMs,
    isGivenUp,
  }))
}
