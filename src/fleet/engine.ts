/**
 * pg-boss, which has the documents as its jobs: a queue for each run, a job for each document, the number of the document's host as its priority. So
 * pg-boss's own index leads from a host to its next documents, whatever else is in the queue.
 *
 * Nothing of pg-boss runs by itself here: workers renew one lease for all that they have, and whoever claims looks for leases that ran out
 * (claims.ts).
 */
import type { Db, PgBoss } from 'pg-boss'
import type { DocumentHistory } from '../model.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import type { FleetDatabase } from './database.ts'
import { SCHEMA } from './tables.ts'

/** What a job has of its document. */
export interface JobData {
  readonly url: string
  readonly occurrence?: number
  readonly history?: DocumentHistory
  /** How often its worker was lost. */
  readonly lost?: number
}

/** As long as it can be said: a run may be paused for years, and what is done must be known when a list is given again. */
const KEPT_SECONDS = 60 * 365 * 86_400

/**
 * Failed is failed: tries are counted by xmlmill, and what goes back to the queue is cancelled and resumed. The lease is not pg-boss's, so
 * that no supervisor of an application's own pg-boss, were it ever pointed here, ends a long document.
 */
const QUEUE = {
  retryLimit: 0,
  retentionSeconds: KEPT_SECONDS,
  deleteAfterSeconds: 0,
  expireInSeconds: 86_400,
} as const

export function queueOf(run: number): string {
  return `run-${run}`
}

export type Engine = PgBoss

/** So many files that they are best read while there is something to wait for. */
export async function loadEngine(): Promise<typeof PgBoss> {
  return (await import('pg-boss')).PgBoss
}

/** @param mayInstall whether pg-boss's tables may be made or brought to this version */
export async function startEngine(database: FleetDatabase, mayInstall: boolean): Promise<Engine> {
  const Boss = await loadEngine()
  const db: Db = { executeSql: async (text, values) => answerOf(await database.query(text, values)) }
  const engine = new Boss({
    db,
    schema: SCHEMA,
    migrate: mayInstall,
    createSchema: false,
    supervise: false,
    schedule: false,
  })
  // Its own errands, such as reading which queues there are, are tried again by itself.
  engine.on('error', () => {})
  engine.on('warning', () => {})
  await engine.start()
  return engine
}

export async function makeQueue(engine: Engine, run: number): Promise<void> {
  if ((await engine.getQueue(queueOf(run))) === null) await engine.createQueue(queueOf(run), QUEUE)
}

/** A transaction as pg-boss takes it, which also remembers which jobs the last statement settled. */
export class WithinTransaction implements Db {
  readonly #client: Connection
  #settled: ReadonlySet<string> = new Set()

  constructor(client: Connection) {
    this.#client = client
  }

  /** Of the jobs that were named in the last call: those that it changed, because they were as expected. */
  get settled(): ReadonlySet<string> {
    return this.#settled
  }

  // The signature is pg-boss's.
  executeSql: Db['executeSql'] = async (text, values) => {
    const answer = answerOf(await this.#client.query(text, values))
    const ids: unknown = answer.rows[0]?.ids
    if (Array.isArray(ids)) this.#settled = new Set(ids.map(String))
    return answer
  }
}

interface Answer {
  readonly rows: Record<string, unknown>[]
}

/** The rows of all statements of a query: pg-boss sends several at once and wants them all. */
function answerOf(result: Answer | Answer[]): Answer {
  return Array.isArray(result) ? { rows: result.flatMap(({ rows }) => rows) } : result
}
