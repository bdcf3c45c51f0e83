/** Documents that go back to the queue: those that wait for another try, those of a worker that leaves, those of one that was lost. */
import { MillError } from '../errors.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { type Engine, type JobData, queueOf, type WithinTransaction } from './engine.ts'
import { SCHEMA } from './tables.ts'

/** How often a document may lose its worker before it is taken for the reason. */
const MAX_LOST = 5

export interface Returned {
  readonly run: number
  readonly job: string
  readonly retryCount: number
  readonly host: number
  readonly waitMs: number
  /** Where something was learned of it. */
  readonly data?: JobData
}

/** Puts documents back, as far as they are still with whoever returns them. Their leases are taken off by the caller. */
export async function putBack(
  client: Connection,
  engine: Engine,
  within: WithinTransaction,
  returned: readonly Returned[],
): Promise<void> {
  for (const [run, ours] of Map.groupBy(returned, (one) => one.run)) {
    const queue = queueOf(run)
    await engine.cancel(
      queue,
      ours.map(({ job: id, retryCount }) => ({ id, retryCount })),
      { db: within },
    )
    const back = within.settled
    if (back.size === 0) continue
    await engine.resume(queue, [...back], { db: within })
    for (const { job, waitMs, data } of ours) {
      if (!back.has(job) || (waitMs <= 0 && data === undefined)) continue
      await engine.update(queue, data ?? undefined, {
        id: job,
        db: within,
        ...(waitMs > 0 && { startAfter: `${waitMs / 1000} seconds` }),
      })
    }
    const there = ours.filter(({ job }) => back.has(job))
    await client.query(
      `UPDATE ${SCHEMA}.run_hosts r SET is_empty = false, ready_at = least(r.ready_at, back.ready_at)
       FROM (SELECT host, min(clock_timestamp() + wait_ms * interval '1 millisecond') AS ready_at
             FROM unnest($2::integer[], $3::double precision[]) AS b (host, wait_ms) GROUP BY host) AS back
       WHERE r.run = $1 AND r.host = back.host`,
      [run, there.map(({ host }) => host), there.map(({ waitMs }) => waitMs)],
    )
  }
}

interface LostRow {
  run: number
  job: string
  host: number
  retry_count: number
  data: JobData
}

/**
 * Looks for workers whose lease has run out, and puts what they had back. A document that is just being committed is left for the next
 * time: its worker lives, or the server ends its transaction soon. After a restart of the server everybody has the time of a lease to
 * renew it.
 */
export async function reapLost(
  client: Connection,
  engine: Engine,
  within: WithinTransaction,
  leaseMs: number,
): Promise<void> {
  await client.query(
    `UPDATE ${SCHEMA}.workers SET lost_at = clock_timestamp()
     WHERE left_at IS NULL AND lost_at IS NULL AND heartbeat_at < clock_timestamp() - $1 * interval '1 millisecond'
       AND pg_postmaster_start_time() < clock_timestamp() - $1 * interval '1 millisecond'`,
    [leaseMs],
  )
  const { rows } = await client.query<LostRow>(
    `SELECT l.run, l.job, l.host, l.retry_count, j.data
     FROM ${SCHEMA}.workers w JOIN ${SCHEMA}.leases l ON l.worker = w.number
     JOIN ${SCHEMA}.job j ON j.name = 'run-' || l.run AND j.id = l.job
     WHERE w.lost_at IS NOT NULL FOR UPDATE OF j SKIP LOCKED`,
  )
  if (rows.length === 0) return
  const isFatal = (row: LostRow) => (row.data.lost ?? 0) + 1 >= MAX_LOST
  for (const { run, job, retry_count: retryCount } of rows.filter(isFatal)) {
    const message = `its worker was lost ${MAX_LOST} times while it had this document`
    const { code } = new MillError('WORKER_CRASHED', message)
    await engine.fail(queueOf(run), [{ id: job, retryCount }], { code, message }, { db: within })
  }
  const again = rows.filter((row) => !isFatal(row))
  await putBack(
    client,
    engine,
    within,
    again.map(({ run, job, retry_count: retryCount, host, data }) => ({
      run,
      job,
      retryCount,
      host,
      waitMs: 0,
      data: { ...data, lost: (data.lost ?? 0) + 1 },
    })),
  )
  await client.query(
    `WITH gone AS (
       DELETE FROM ${SCHEMA}.leases l USING unnest($1::integer[], $2::uuid[]) AS g (run, job)
       WHERE l.run = g.run AND l.job = g.job RETURNING l.host, l.holds_slot
     ), free AS (
       UPDATE ${SCHEMA}.hosts SET running = running - slots.count
       FROM (SELECT host, count(*) AS count FROM gone WHERE holds_slot GROUP BY host) AS slots
       WHERE number = slots.host RETURNING number
     )
     UPDATE ${SCHEMA}.run_hosts SET ready_at = least(ready_at, clock_timestamp())
     FROM free WHERE host = free.number AND NOT is_empty`,
    [rows.map(({ run }) => run), rows.map(({ job }) => job)],
  )
}
