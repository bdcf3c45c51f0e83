/** What a person does to a run: pause, resume, cancel it, and have what failed tried again. */
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { FleetDatabase } from './database.ts'
import { type Engine, type JobData, queueOf, startEngine, WithinTransaction } from './engine.ts'
import { type FleetRun, type RunState, readRuns } from './run-record.ts'
import { CLAIM_LOCK, checkTables, SCHEMA } from './tables.ts'

const BATCH_DOCUMENTS = 1000

/** @throws MillError QUEUE_UNUSABLE when there is no such run, or more than one and none was named */
export async function theRun(database: FleetDatabase, name: string | undefined): Promise<FleetRun> {
  const where = redactUrl(database.url)
  const runs = await database.transaction(async (client) => {
    await checkTables(client, where)
    return readRuns(client, name)
  })
  const [run, another] = runs
  if (run === undefined)
    throw new MillError('QUEUE_UNUSABLE', name === undefined ? `${where} has no runs` : `${where} has no run ${name}`)
  if (another !== undefined) {
    const names = runs.map((one) => one.name).join(', ')
    throw new MillError('OPTIONS_INVALID', `${where} has several runs: give --name with one of ${names}`)
  }
  return run
}

/** Whether a run's documents are started. What is under way goes on to its end. */
export async function setPaused(url: string, name: string | undefined, isPaused: boolean): Promise<FleetRun> {
  await using database = new FleetDatabase(url)
  const run = await theRun(database, name)
  if (run.state === 'cancelled')
    throw new MillError('QUEUE_UNUSABLE', `the run ${run.name} was cancelled; submit it again to have the rest milled`)
  await database.transaction((client) => setState(client, run, isPaused ? 'paused' : 'open'))
  return run
}

/**
 * Takes what has not been started out of the queue; what is done stays.
 * @returns how many documents that were
 */
export async function cancel(
  url: string,
  name: string | undefined,
): Promise<{ readonly run: FleetRun; readonly documents: number }> {
  await using database = new FleetDatabase(url)
  const run = await theRun(database, name)
  await database.transaction((client) => setState(client, run, 'cancelled'))
  const engine = await startEngine(database, false)
  try {
    const documents = await engine.deleteQueuedJobs(queueOf(run.number))
    await database.transaction((client) =>
      client.query(`UPDATE ${SCHEMA}.run_hosts SET is_empty = true, ready_at = 'infinity' WHERE run = $1`, [
        run.number,
      ]),
    )
    return { run, documents }
  } finally {
    await engine.stop({ graceful: false, close: false }).catch(() => {})
  }
}

/**
 * Has documents that failed tried again, as if for the first time, and their hosts asked again.
 * @returns how many documents that were
 */
export async function retryFailed(
  url: string,
  name: string | undefined,
): Promise<{ readonly run: FleetRun; readonly documents: number }> {
  await using database = new FleetDatabase(url)
  const run = await theRun(database, name)
  const engine = await startEngine(database, false)
  try {
    let documents = 0
    for (;;) {
      const batch = await database.transaction((client) => retryBatch(client, engine, run))
      if (batch === 0) break
      documents += batch
    }
    if (run.state === 'cancelled' && documents > 0)
      await database.transaction((client) => setState(client, run, 'open'))
    return { run, documents }
  } finally {
    await engine.stop({ graceful: false, close: false }).catch(() => {})
  }
}

async function retryBatch(client: Connection, engine: Engine, run: FleetRun): Promise<number> {
  const queue = queueOf(run.number)
  const { rows } = await client.query<{ id: string; priority: number; data: JobData }>(
    `SELECT id, priority, data FROM ${SCHEMA}.job WHERE name = $1 AND state = 'failed' LIMIT ${BATCH_DOCUMENTS}`,
    [queue],
  )
  if (rows.length === 0) return 0
  const within = new WithinTransaction(client)
  await engine.retry(
    queue,
    rows.map(({ id }) => id),
    { db: within },
  )
  for (const { id, data } of rows) {
    const { history, lost, ...fresh } = data
    if (history !== undefined || lost !== undefined) await engine.update(queue, fresh, { id, db: within })
  }
  const hosts = [...new Set(rows.map(({ priority }) => priority))]
  await client.query(`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`)
  await client.query(
    `WITH asked AS (
       UPDATE ${SCHEMA}.hosts SET is_given_up = false, failures = 0, pauses = 0, fault = NULL, paused_at = '-infinity'
       WHERE number = ANY ($2::integer[]) RETURNING number
     )
     UPDATE ${SCHEMA}.run_hosts SET is_empty = false, ready_at = least(ready_at, clock_timestamp())
     FROM asked WHERE run = $1 AND host = asked.number`,
    [run.number, hosts],
  )
  return rows.length
}

async function setState(client: Connection, { number }: FleetRun, state: RunState): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`)
  await client.query(`UPDATE ${SCHEMA}.runs SET state = $2 WHERE number = $1`, [number, state])
}
