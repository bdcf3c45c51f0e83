/**
 * The middle of a claim: hosts whose turn it is, and their next documents. It goes from the hosts to the documents, and so it takes a few
 * milliseconds whatever else is in the queue.
 *
 * Documents are taken by a statement of our own that does to pg-boss's jobs what its `fetch` does, for several hosts at once. `fetch` takes
 * from one range of priorities at a time: with eight hosts a claim it took three quarters of the database's time.
 */
import type { Failure } from '../errors.ts'
import type { Document } from '../model.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { type JobData, queueOf } from './engine.ts'
import { type HostLimits, type HostState, readyAfter, type Share, shareOf } from './host-share.ts'
import { JOBS, milliseconds, SCHEMA } from './tables.ts'
import type { FleetWorker } from './worker.ts'

/** Hosts that one claim looks at. */
const HOSTS_PER_CLAIM = 16

/** A claim takes from this many hosts, where so many have something: one slow host is not to have all of a worker's slots. */
const SPREAD = 4

/** Documents of a host that is given up that are taken at once: nothing is done with them but to say so. */
const GIVEN_UP_PER_CLAIM = 500

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

export interface TurnRequest {
  readonly run: number
  readonly worker: FleetWorker
  readonly limits: HostLimits
  /** Documents to claim at most. */
  readonly want: number
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

/** Claims what may start; under the lock of claims. */
export async function takeTurns(client: Connection, request: TurnRequest): Promise<Claim[]> {
  const plans = await planTurns(client, request)
  if (plans.length === 0) return []
  const jobs = await takeJobs(client, request.run, plans)
  const turns: Turn[] = []
  for (const plan of plans) {
    const turn = turnOf(plan, jobs.get(plan.host.number) ?? [], request.limits)
    const isShort = plan.count > turn.claims.length
    turns.push(isShort ? { ...turn, ...(await whatIsLeft(client, request.run, plan.host.number)) } : turn)
  }
  await note(client, request, turns)
  return turns.flatMap(({ claims }) => claims)
}

/** What a host's turn is to be. */
interface Plan {
  readonly host: HostState
  readonly count: number
  readonly share: Share | undefined
  /** When to look again at a host that nothing may be taken of; undefined for not before a slot is free. */
  readonly readyAt: number | undefined
  readonly failure: Failure | undefined
  readonly now: number
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

async function planTurns(client: Connection, { run, want, limits }: TurnRequest): Promise<readonly Plan[]> {
  const { rows } = await client.query<HostRow>({
    name: 'turns',
    text: `SELECT h.number, h.name, h.running, ${milliseconds('h.next_start')} AS next_start, h.pauses, h.is_given_up, h.fault,
       ${milliseconds('h.cool_until')} AS cool_until, (h.failures > 0 OR h.pauses > 0 OR h.fault IS NOT NULL) AS is_troubled,
       ${milliseconds('clock_timestamp()')} AS now
     FROM ${SCHEMA}.run_hosts r JOIN ${SCHEMA}.hosts h ON h.number = r.host
     WHERE r.run = $1 AND NOT r.is_empty AND r.ready_at <= clock_timestamp() ORDER BY r.ready_at LIMIT ${HOSTS_PER_CLAIM}`,
    values: [run],
  })
  const fair = Math.max(1, Math.ceil(want / Math.min(SPREAD, Math.max(1, rows.length))))
  const plans: Plan[] = []
  let left = want
  for (const row of rows) {
    if (left <= 0) break
    const plan = planOf(row, limits, Math.min(left, fair))
    if (plan.failure === undefined) left -= plan.count
    plans.push(plan)
  }
  return plans
}

function planOf(row: HostRow, limits: HostLimits, most: number): Plan {
  const { number, name, running, next_start: nextStart, cool_until: coolUntil, pauses, now } = row
  const host: HostState = { number, name, running, nextStart, coolUntil, pauses, isTroubled: row.is_troubled }
  if (row.is_given_up && row.fault !== null)
    return { host, count: GIVEN_UP_PER_CLAIM, share: undefined, readyAt: now, failure: row.fault, now }
  const share = shareOf(host, limits, most, now)
  return typeof share === 'object'
    ? { host, count: share.count, share, readyAt: undefined, failure: undefined, now }
    : { host, count: 0, share: undefined, readyAt: share, failure: undefined, now }
}

interface Job {
  id: string
  priority: number
  retry_count: number
  data: JobData
}

/** The next documents of several hosts, as pg-boss's fetch takes them: by the index that its own fetch uses. */
async function takeJobs(
  client: Connection,
  run: number,
  plans: readonly Plan[],
): Promise<ReadonlyMap<number, readonly Job[]>> {
  const wanted = plans.filter(({ count }) => count > 0)
  if (wanted.length === 0) return new Map()
  const { rows } = await client.query<Job>({
    name: 'take',
    text: `WITH asked AS (SELECT * FROM unnest($2::integer[], $3::integer[]) AS a (host, count)),
     next AS (
       SELECT one.id FROM asked CROSS JOIN LATERAL (
         SELECT id FROM ${JOBS} WHERE name = $1 AND priority = asked.host AND state < 'active' AND NOT blocked
           AND start_after <= to_timestamp($4) ORDER BY created_on LIMIT asked.count FOR UPDATE SKIP LOCKED
       ) AS one
     )
     UPDATE ${JOBS} AS job SET state = 'active', started_on = now(), heartbeat_on = now(),
       retry_count = CASE WHEN started_on IS NOT NULL THEN retry_count + 1 ELSE retry_count END
     FROM next WHERE job.name = $1 AND job.id = next.id RETURNING job.id, job.priority, job.retry_count, job.data`,
    values: [
      queueOf(run),
      wanted.map(({ host }) => host.number),
      wanted.map(({ count }) => count),
      (wanted[0]?.now ?? 0) / 1000,
    ],
  })
  return Map.groupBy(rows, ({ priority }) => priority)
}

/** What became of a host's turn. */
interface Turn {
  readonly host: number
  readonly claims: readonly Claim[]
  /** Undefined for not before a slot is free. */
  readonly readyAt: number | undefined
  readonly isEmpty: boolean
  readonly nextStart: number | undefined
}

function turnOf(plan: Plan, jobs: readonly Job[], limits: HostLimits): Turn {
  const { host, share, failure, now } = plan
  const interval = limits.startIntervalMs
  const claims = jobs.map(({ id: job, retry_count: retryCount, data }, index) => ({
    job,
    retryCount,
    data,
    host,
    waitMs: share === undefined ? 0 : Math.max(0, share.startAt + index * interval - now),
    ...(failure !== undefined && { failure }),
  }))
  const turn = { host: host.number, claims, isEmpty: false }
  if (share === undefined) return { ...turn, readyAt: plan.readyAt, nextStart: undefined }
  return {
    ...turn,
    readyAt: readyAfter(host, limits, jobs.length, share, now),
    nextStart: jobs.length === 0 ? undefined : share.startAt + jobs.length * interval,
  }
}

/** After a host has given less than was asked for: when the next of its documents may start, which all wait for another try. */
async function whatIsLeft(client: Connection, run: number, host: number): Promise<Partial<Turn>> {
  const { rows } = await client.query<{ at: number | null }>({
    name: 'left',
    text: `SELECT ${milliseconds('min(start_after)')} AS at FROM ${JOBS}
     WHERE name = $1 AND priority = $2 AND state < 'active' AND NOT blocked`,
    values: [queueOf(run), host],
  })
  const at = rows[0]?.at ?? null
  return at === null ? { isEmpty: true, readyAt: undefined } : { readyAt: at }
}

/** Writes down who has what, and when each host has its next turn. */
async function note(client: Connection, { run, worker }: TurnRequest, turns: readonly Turn[]): Promise<void> {
  const claims = turns.flatMap((turn) => turn.claims)
  await client.query({
    name: 'note',
    text: `WITH turns AS (
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
    values: [
      run,
      worker.number,
      turns.map(({ host }) => host),
      turns.map(({ readyAt }) => (readyAt === undefined ? null : readyAt / 1000)),
      turns.map(({ isEmpty }) => isEmpty),
      turns.map((turn) => turn.claims.filter(holdsSlot).length),
      turns.map(({ nextStart }) => (nextStart === undefined ? null : nextStart / 1000)),
      claims.map(({ job }) => job),
      claims.map(({ host }) => host.number),
      claims.map(({ retryCount }) => retryCount),
      claims.map(holdsSlot),
    ],
  })
}

function holdsSlot({ host, failure }: Claim): boolean {
  return host.name !== '' && failure === undefined
}
