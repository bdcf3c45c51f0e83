/**
 * Claims: which documents a worker may start. One transaction does all that has gathered: slots that are free again, documents that came back,
 * what hosts have asked for, and then new documents (turns.ts). All of them stand in one line (CLAIM_LOCK), so that a host's limits hold over
 * all machines.
 */
import type { Connection } from '../sinks/postgres-connection.ts'
import type { FleetDatabase } from './database.ts'
import { type Engine, WithinTransaction } from './engine.ts'
import { type HostNews, takeNews } from './host-news.ts'
import { putBack, type Returned, reapLost } from './returns.ts'
import { CLAIM_LOCK, milliseconds, SCHEMA } from './tables.ts'
import { type Claim, type TurnRequest, takeTurns } from './turns.ts'
import { LEASE_MS } from './worker.ts'

export const RENEW_MS = 2000

/** How long a worker that cannot claim anything waits at most before it asks again: others may have freed a host. */
const ASK_AGAIN_MS = 250

export interface ClaimRequest extends TurnRequest {
  /** Jobs whose body has arrived. */
  readonly downloaded: readonly string[]
  /** Jobs that are settled, or no more of this worker's concern. */
  readonly ended: readonly string[]
  readonly returned: readonly Returned[]
  readonly news: readonly HostNews[]
  /** Everything that this worker still has: other leases of its own are left over from a connection that broke. */
  readonly held: readonly string[] | undefined
}

export interface ClaimAnswer {
  /** False when the worker's lease ran out: what it had is somebody else's by now. */
  readonly isAlive: boolean
  readonly claims: readonly Claim[]
  /** When to ask again if there was less than wanted, in milliseconds. */
  readonly askAgainMs: number
  /** Whether there is nothing to wait for: no document to start, and none under way, or another run that has some. */
  readonly isOver: boolean
  readonly state: string
}

/** @param ask what is asked for, made anew where the connection breaks and all is done again */
export async function claim(database: FleetDatabase, engine: Engine, ask: () => ClaimRequest): Promise<ClaimAnswer> {
  return database.transaction(async (client) => {
    const request = ask()
    await client.query(`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`)
    const state = await request.worker.renew(client, request.run)
    if (state === undefined) return { isAlive: false, claims: [], askAgainMs: 0, isOver: false, state: 'open' }
    const isAlive = true
    const within = new WithinTransaction(client)
    if (request.held !== undefined) await putBackUnknown(client, engine, within, request)
    await putBack(client, engine, within, request.returned)
    await release(client, request)
    if (request.worker.looksForLost(performance.now())) await reapLost(client, engine, within, LEASE_MS)
    await takeNews(client, request.news)
    const claims = state === 'open' && request.want > 0 ? await takeTurns(client, request) : []
    if (state !== 'open' || claims.length > 0 || request.want === 0)
      return { isAlive, claims, askAgainMs: state === 'open' ? 0 : ASK_AGAIN_MS, isOver: false, state }
    await giveUpPutOff(client, request.run)
    return { isAlive, claims, state, ...(await outlook(client, request.run)) }
  })
}

/** Frees slots. Hosts that have more may start it now. */
async function release(
  client: Connection,
  { run, worker, downloaded, ended }: Pick<ClaimRequest, 'run' | 'worker' | 'downloaded' | 'ended'>,
): Promise<void> {
  if (downloaded.length === 0 && ended.length === 0) return
  await client.query({
    name: 'release',
    text: `WITH gone AS (
       DELETE FROM ${SCHEMA}.leases WHERE run = $1 AND worker = $2 AND job = ANY ($4::uuid[]) RETURNING host, holds_slot
     ), freed AS (
       UPDATE ${SCHEMA}.leases SET holds_slot = false
       WHERE run = $1 AND worker = $2 AND job = ANY ($3::uuid[]) AND holds_slot RETURNING host
     ), slots AS (
       SELECT host, count(*) AS count
       FROM (SELECT host FROM gone WHERE holds_slot UNION ALL SELECT host FROM freed) AS one GROUP BY host
     ), free AS (
       UPDATE ${SCHEMA}.hosts SET running = running - slots.count FROM slots WHERE number = slots.host RETURNING number
     )
     UPDATE ${SCHEMA}.run_hosts SET ready_at = least(ready_at, clock_timestamp())
     FROM free WHERE host = free.number AND NOT is_empty`,
    values: [run, worker.number, downloaded, ended],
  })
}

/**
 * When nothing else is left of a run than documents of hosts that asked for a wait beyond the limit, these are given up: a later claim
 * takes them as failed.
 */
async function giveUpPutOff(client: Connection, run: number): Promise<void> {
  await client.query(
    `WITH left_over AS (
       SELECT h.number, h.fault IS NOT NULL AND h.cool_until > clock_timestamp() AS is_put_off
       FROM ${SCHEMA}.run_hosts r JOIN ${SCHEMA}.hosts h ON h.number = r.host WHERE r.run = $1 AND NOT r.is_empty LIMIT 10000
     ), given AS (
       UPDATE ${SCHEMA}.hosts SET is_given_up = true FROM left_over WHERE hosts.number = left_over.number
         AND NOT EXISTS (SELECT FROM left_over WHERE NOT is_put_off)
         AND NOT EXISTS (SELECT FROM ${SCHEMA}.leases WHERE run = $1)
       RETURNING hosts.number
     )
     UPDATE ${SCHEMA}.run_hosts SET ready_at = clock_timestamp() FROM given WHERE run = $1 AND host = given.number`,
    [run],
  )
}

/** Nothing could be claimed: when to ask again, and whether that is of any use. */
async function outlook(
  client: Connection,
  run: number,
): Promise<{ readonly askAgainMs: number; readonly isOver: boolean }> {
  const { rows } = await client.query<{ next: number | null; waiting: boolean; leased: boolean; others: boolean }>(
    `SELECT (SELECT ${milliseconds('min(ready_at)')} - ${milliseconds('clock_timestamp()')} FROM ${SCHEMA}.run_hosts
             WHERE run = $1 AND NOT is_empty AND ready_at < 'infinity') AS next,
       EXISTS (SELECT FROM ${SCHEMA}.run_hosts WHERE run = $1 AND NOT is_empty) AS waiting,
       EXISTS (SELECT FROM ${SCHEMA}.leases WHERE run = $1) AS leased,
       EXISTS (SELECT FROM ${SCHEMA}.runs WHERE number <> $1 AND state = 'open'
               AND EXISTS (SELECT FROM ${SCHEMA}.run_hosts WHERE run = number AND NOT is_empty)) AS others`,
    [run],
  )
  const { next = null, waiting = false, leased = false, others = false } = rows[0] ?? {}
  const askAgainMs = Math.max(1, Math.min(next ?? ASK_AGAIN_MS, ASK_AGAIN_MS))
  return { askAgainMs, isOver: !waiting && (!leased || others) }
}

/** Leases of this worker that it knows nothing of: they were committed, and the connection broke before it was told. */
async function putBackUnknown(
  client: Connection,
  engine: Engine,
  within: WithinTransaction,
  { run, worker, held = [] }: ClaimRequest,
): Promise<void> {
  const { rows } = await client.query<{ job: string; retry_count: number; host: number }>(
    `SELECT job, retry_count, host FROM ${SCHEMA}.leases WHERE run = $1 AND worker = $2 AND NOT job = ANY ($3::uuid[])`,
    [run, worker.number, held],
  )
  await putBack(
    client,
    engine,
    within,
    rows.map(({ job, retry_count: retryCount, host }) => ({ run, job, retryCount, host, waitMs: 0 })),
  )
  await release(client, {
    run,
    worker,
    downloaded: [],
    ended: rows.map(({ job }) => job),
  })
}
