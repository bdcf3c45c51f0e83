/** What workers learn of hosts, written where all of them see it: how often they failed, and until when they are to be left alone. */
import type { Failure } from '../errors.ts'
import { HostBudget, unavailable } from '../schedule/host-budget.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { SCHEMA } from './tables.ts'

export type HostNews =
  /** It asked to be left alone; for longer than the limit where there is a failure. */
  | { readonly kind: 'asked'; readonly host: number; readonly waitMs: number; readonly tooLong?: Failure | undefined }
  | {
      readonly kind: 'fault'
      readonly host: number
      readonly failure: Failure
      readonly ageMs: number
      readonly rules: HostRules
    }
  | { readonly kind: 'well'; readonly host: number }

export interface HostRules {
  readonly hostFailures: number
  readonly maxPauseMs: number
}

interface CountRow {
  name: string
  failures: number
  pauses: number
  paused_at: number
  is_given_up: boolean
  now: number
}

export async function takeNews(client: Connection, news: readonly HostNews[]): Promise<void> {
  for (const one of news) {
    if (one.kind === 'asked') await cool(client, one.host, one.waitMs, one.tooLong)
    else if (one.kind === 'fault') await charge(client, one)
  }
  const well = news.flatMap((one) => (one.kind === 'well' ? [one.host] : []))
  if (well.length > 0)
    await client.query(
      `UPDATE ${SCHEMA}.hosts SET failures = 0, pauses = 0, is_given_up = false, fault = NULL, paused_at = '-infinity'
       WHERE number = ANY ($1::integer[]) AND (failures > 0 OR pauses > 0 OR fault IS NOT NULL)`,
      [well],
    )
}

async function cool(client: Connection, host: number, waitMs: number, fault?: Failure): Promise<void> {
  await client.query(
    `UPDATE ${SCHEMA}.hosts SET cool_until = greatest(cool_until, clock_timestamp() + $2 * interval '1 millisecond'),
       fault = coalesce($3::jsonb, fault) WHERE number = $1 AND name <> ''`,
    [host, waitMs, fault ?? null],
  )
}

async function charge(client: Connection, news: Extract<HostNews, { kind: 'fault' }>): Promise<void> {
  const { rows } = await client.query<CountRow>(
    `SELECT name, failures, pauses, extract(epoch FROM paused_at)::double precision * 1000 AS paused_at, is_given_up,
       extract(epoch FROM clock_timestamp())::double precision * 1000 AS now FROM ${SCHEMA}.hosts WHERE number = $1`,
    [news.host],
  )
  const row = rows[0]
  if (row === undefined || row.name === '') return
  const { hostFailures, maxPauseMs } = news.rules
  const budget = new HostBudget(hostFailures, maxPauseMs, Math.random, {
    failures: row.failures,
    pauses: row.pauses,
    pausedAt: row.paused_at,
    isGivenUp: row.is_given_up,
  })
  const verdict = budget.failed(row.now - news.ageMs, row.now)
  const { failures, pauses, pausedAt, isGivenUp } = budget.count
  const fault = verdict.next === 'give-up' ? unavailable(row.name, budget.count, news.failure) : null
  await client.query(
    `UPDATE ${SCHEMA}.hosts SET failures = $2, pauses = $3, is_given_up = $4, fault = coalesce($5::jsonb, fault),
       paused_at = CASE WHEN $6 THEN to_timestamp($7) ELSE paused_at END WHERE number = $1`,
    [
      news.host,
      failures,
      pauses,
      isGivenUp,
      fault,
      verdict.next === 'pause',
      Number.isFinite(pausedAt) ? pausedAt / 1000 : 0,
    ],
  )
  if (verdict.next === 'pause') await cool(client, news.host, verdict.until - row.now)
}
