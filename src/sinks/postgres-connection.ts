/** The connection to a PostgreSQL output, and the lock that it holds. */
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import { outputFailed } from './output-error.ts'

/** The server notices a killed run when it reads from its connection again: at once, or after a statement. */
const LOCK_TRIES = 10
const LOCK_RETRY_MS = 100

export type Connection = pg.Client

const CONNECT_TIMEOUT_MS = 30_000

/**
 * Connects. No error has the credentials of the URL.
 * @throws MillError OUTPUT_FAILED
 */
export async function connect(output: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: output,
    application_name: `xmlmill ${process.pid} ${hostname()}`.slice(0, 63),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  })
  // A connection that is lost between two statements: the next one says so.
  client.on('error', () => {})
  try {
    await client.connect()
    // What is committed is on the disk, whatever the server's own settings are; and a slow list is no reason to hang up.
    await client.query('SET synchronous_commit = on; SET statement_timeout = 0; SET idle_session_timeout = 0')
    return client
  } catch (cause) {
    await client.end().catch(() => {})
    throw databaseFailed(output, cause)
  }
}

/** What the database or the connection says, as an error of the run. */
export function databaseFailed(output: string, cause: unknown): MillError {
  // Where every address of a name refuses, the error has no message of its own.
  if (cause instanceof AggregateError && cause.errors.length > 0) return databaseFailed(output, cause.errors[0])
  return outputFailed(redactUrl(output), cause)
}

/**
 * Takes the advisory lock of an output; the server frees it when the connection ends, however it ends.
 * @param scope which of the outputs in the database
 * @param isShared whether the machines of a fleet, or the shards of a list, have it together
 * @throws MillError OUTPUT_LOCKED naming the holder
 */
export async function lockDatabase(client: pg.Client, output: string, scope: string, isShared: boolean): Promise<void> {
  const name = `xmlmill:${scope}`
  const take = isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock'
  for (let tries = 1; ; tries += 1) {
    const { rows } = await client.query<{ taken: boolean }>(
      `SELECT ${take}(hashtextextended($1 || ':' || current_schema(), 0)) AS taken`,
      [name],
    )
    if (rows[0]?.taken === true) return
    if (tries === LOCK_TRIES) break
    await delay(LOCK_RETRY_MS)
  }
  const { rows } = await client.query<{ application: string; started: Date }>(
    `SELECT a.application_name AS application, a.backend_start AS started FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1 || ':' || current_schema(), 0)`,
    [name],
  )
  const [, pid, host] = /^xmlmill (\d+) (.*)$/.exec(rows[0]?.application ?? '') ?? []
  const who =
    pid === undefined ? 'another run' : `process ${pid} on ${host}, which started at ${rows[0]?.started.toISOString()}`
  throw new MillError('OUTPUT_LOCKED', `${redactUrl(output)} is in use by ${who}`)
}

/**
 * Until the transaction ends nobody else who shares the output writes rows: with --key two might replace the same ones, each in an order of its
 * own, and wait for each other.
 */
export async function lockRows(client: pg.Client, scope: string): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1 || ':' || current_schema(), 0))", [
    `xmlmill rows:${scope}`,
  ])
}
