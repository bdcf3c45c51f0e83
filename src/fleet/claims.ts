/**
 * Claims: which documents a worker may start. One transaction does all that has gathered: slots that are free again, documents that came back,
 * what hosts have asked for, and then new documents. All of them stand in one line (CLAIM_LOCK), so that a host's limits hold over all machines;
 * each takes a few milliseconds whatever the size of the queue, for it goes from the hosts that may start something to their next documents.
 */
import type { Failure } from '../errors.ts'
import type { Document } from '../model.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import type { FleetDatabase } from './database.ts'
import { type Engine, type JobData, queueOf, WithinTransaction } from './engine.ts'
import { type HostNews, takeNews } from './host-news.ts'
import { type HostLimits, type HostState, readyAfter, type Share, shareOf } from './host-share.ts'
import { putBack, type Returned, reapLost } from './returns.ts'
import { CLAIM_LOCK, SCHEMA } from './tables.ts'
import { type FleetWorker, LEASE_MS } from './worker.ts'

/** Hosts that one claim looks at. */
const HOSTS_PER_CLAIM = 8

/** Documents of a host that is given up that are taken at once: nothing is done with them but to say so. */
const GIVEN_UP_PER_CLAIM = 500

/** A claim takes from this many hosts, where so many have something: one slow host is not to have all of a worker's slots. */
const SPREAD = 4

export const RENEW_MS = 2000

/** How long a worker that cannot claim anything waits at most before it asks again: others may have freed a host. */
const ASK_AGAIN_MS = 250

/** A document that was claimed. */
export interface Claim {
  readonly job: string
  readonly retryCount: number
  readonly data: JobData
  readonly host: HostState
  /** Milliseconds to wait before it may start. */
  readonly waitMs: number
  /** Set when it is not to be tried: the host is given up. */
  readonly failure?: Failure
}

export interface ClaimRequest {
  readonly run: number
  readonly worker: FleetWorker
  readonly limits: HostLimits
  /** Documents to claim at most. */
  readonly want: number
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
    const isAlive = await request.worker.renew(client, request.run)
    if (!isAlive) return { isAlive, claims: [], askAgainMs: 0, isOver: false, state: 'open' }
    const within = new WithinTransaction(client)
    if (request.held !== undefined) await putBackUnknown(client, engine, within, request)
    await putBack(client, engine, within, request.returned)
    await release(client, request)
    if (request.worker.looksForLost(performance.now())) await reapLost(client, engine, within, LEASE_MS)
    await takeNews(client, request.news)
    const state = await stateOf(client, request.run)
    const claims = state === 'open' && request.want > 0 ? await claimNext(client, engine, within, request) : []
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
  await client.query(
    `WITH gone AS (
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
    [run, worker.number, downloaded, ended],
  )
}

async function stateOf(client: Connection, run: number): Promise<string> {
  const { rows } = await client.query<{ state: string }>(`SELECT state FROM ${SCHEMA}.runs WHERE number = $1`, [run])
  return rows[0]?.state ?? 'cancelled'
}

interface HostRow {
  number: number
  name: string
  running: number
  next_start: number
  cool_until: number
  pauses: number
  is_troubled: boolean
  is_given_up: boolean
  fault: Failure | null
  now: number
}

/** Milliseconds of the epoch; what is infinite comes as such. */
const ms = (column: string) => `extract(epoch FROM ${column})::double precision * 1000`

const HOST_COLUMNS = `h.number, h.name, h.running, ${ms('h.next_start')} AS next_start, ${ms('h.cool_until')} AS cool_until,
  h.pauses, (h.failures > 0 OR h.pauses > 0 OR h.fault IS NOT NULL) AS is_troubled, h.is_given_up, h.fault, ${ms('clock_timestamp()')} AS now`

async function claimNext(
  client: Connection,
  engine: Engine,
  within: WithinTransaction,
  request: ClaimRequest,
): Promise<Claim[]> {
  const { run, want } = request
  const { rows } = await client.query<HostRow>(
    `SELECT ${HOST_COLUMNS} FROM ${SCHEMA}.run_hosts r JOIN ${SCHEMA}.hosts h ON h.number = r.host
     WHERE r.run = $1 AND NOT r.is_empty AND r.ready_at <= clock_timestamp() ORDER BY r.ready_at LIMIT $2`,
    [run, HOSTS_PER_CLAIM],
  )
  const turns: Turn[] = []
  const claims: Claim[] = []
  const fair = Math.max(1, Math.ceil(want / Math.min(SPREAD, Math.max(1, rows.length))))
  for (const row of rows) {
    const left = want - claims.length
    if (left <= 0) break
    const turn = await takeTurn(engine, within, request, row, Math.min(left, fair))
    if (turn.claims.length < turn.asked) Object.assign(turn, await whatIsLeft(client, run, row.number))
    turns.push(turn)
    claims.push(...turn.claims)
  }
  await note(client, request, turns)
  return claims
}

/** What became of a host's turn. */
interface Turn {
  readonly host: number
  readonly claims: readonly Claim[]
  readonly asked: number
  /** Undefined for not before a slot is free. */
  readonly readyAt: number | undefined
  readonly isEmpty?: boolean
  readonly nextStart: number | undefined
}

async function takeTurn(
  engine: Engine,
  within: WithinTransaction,
  { run, limits }: ClaimRequest,
  row: HostRow,
  most: number,
): Promise<Turn> {
  const host: HostState = {
    number: row.number,
    name: row.name,
    running: row.running,
    nextStart: row.next_start,
    coolUntil: row.cool_until,
    pauses: row.pauses,
    isTroubled: row.is_troubled,
  }
  const givenUp = row.is_given_up && row.fault !== null ? row.fault : undefined
  const share: Share | number | undefined =
    givenUp === undefined ? shareOf(host, limits, most, row.now) : { count: GIVEN_UP_PER_CLAIM, startAt: row.now }
  if (typeof share !== 'object') return { host: row.number, claims: [], asked: 0, readyAt: share, nextStart: undefined }
  const jobs = await engine.fetch<JobData>(queueOf(run), {
    batchSize: share.count,
    minPriority: row.number,
    maxPriority: row.number,
    db: within,
  })
  const interval = limits.startIntervalMs
  const claims = jobs.map((job, index) => ({
    job: job.id,
    retryCount: job.retryCount,
    data: job.data,
    host,
    waitMs: givenUp === undefined ? Math.max(0, share.startAt + index * interval - row.now) : 0,
    ...(givenUp !== undefined && { failure: givenUp }),
  }))
  if (givenUp !== undefined)
    return { host: row.number, claims, asked: share.count, readyAt: row.now, nextStart: undefined }
  const readyAt = readyAfter(host, limits, jobs.length, share, row.now)
  const nextStart = jobs.length === 0 ? undefined : share.startAt + jobs.length * interval
  return { host: row.number, claims, asked: share.count, readyAt, nextStart }
}

/** After a host has given less than was asked for: when the next of its documents may start, which all wait for another try. */
async function whatIsLeft(client: Connection, run: number, host: number): Promise<Partial<Turn>> {
  const { rows } = await client.query<{ at: number | null }>(
    `SELECT ${ms('min(start_after)')} AS at FROM ${SCHEMA}.job
     WHERE name = $1 AND priority = $2 AND state < 'active' AND NOT blocked`,
    [queueOf(run), host],
  )
  const at = rows[0]?.at ?? null
  return at === null ? { isEmpty: true, readyAt: undefined } : { readyAt: at }
}

/** Writes down who has what, and when each host has its next turn. */
async function note(client: Connection, { run, worker }: ClaimRequest, turns: readonly Turn[]): Promise<void> {
  if (turns.length === 0) return
  const claims = turns.flatMap((turn) => turn.claims)
  const times = {
    hosts: turns.map(({ host }) => host),
    readyAt: turns.map(({ readyAt }) => (readyAt === undefined ? null : readyAt / 1000)),
    isEmpty: turns.map(({ isEmpty = false }) => isEmpty),
    taken: turns.map((turn) => turn.claims.filter(holdsSlot).length),
    nextStart: turns.map(({ nextStart }) => (nextStart === undefined ? null : nextStart / 1000)),
  }
  await client.query(
    `WITH turns AS (
       SELECT * FROM unnest($3::integer[], $4::double precision[], $5::boolean[], $6::integer[], $7::double precision[])
         AS t (host, ready_at, is_empty, taken, next_start)
     ), ours AS (
       INSERT INTO ${SCHEMA}.leases (run, job, worker, host, retry_count, holds_slot, claimed_at)
       SELECT $1, job, $2, host, retry_count, holds_slot, clock_timestamp()
       FROM unnest($8::uuid[], $9::integer[], $10::integer[], $11::boolean[]) AS c (job, host, retry_count, holds_slot)
     ), started AS (
       UPDATE ${SCHEMA}.hosts SET running = running + turns.taken,
         next_start = coalesce(to_timestamp(turns.next_start), hosts.next_start)
       FROM turns WHERE number = turns.host AND (turns.taken > 0 OR turns.next_start IS NOT NULL)
     )
     UPDATE ${SCHEMA}.run_hosts r SET is_empty = turns.is_empty, ready_at = coalesce(to_timestamp(turns.ready_at), 'infinity')
     FROM turns WHERE r.run = $1 AND r.host = turns.host`,
    [
      run,
      worker.number,
      times.hosts,
      times.readyAt,
      times.isEmpty,
      times.taken,
      times.nextStart,
      claims.map(({ job }) => job),
      claims.map(({ host }) => host.number),
      claims.map(({ retryCount }) => retryCount),
      claims.map(holdsSlot),
    ],
  )
}

function holdsSlot({ host, failure }: Claim): boolean {
  return host.name !== '' && failure === undefined
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
    `SELECT (SELECT ${ms('min(ready_at)')} - ${ms('clock_timestamp()')} FROM ${SCHEMA}.run_hosts
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

/** A claim as the document that a run mills. */
export function documentOf(id: number, { data, host }: Claim): Document {
  const { url, occurrence, history } = data
  return {
    id,
    url,
    host: host.name,
    ...(occurrence !== undefined && { occurrence }),
    ...(history !== undefined && { history }),
  }
}
