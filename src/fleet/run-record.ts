/** A run as the queue has it: its options, resolved once, and its transform, which travels with it. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillError } from '../errors.ts'
import type { RunShape } from '../ledger/run-shape.ts'
import type { MillOptions, RunOptions, ScheduleOptions, ThreadOptions } from '../options.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { VERSION } from '../version.ts'
import { SCHEMA } from './tables.ts'
import { MODULE_EXTENSIONS } from './transform-file.ts'

export type RunState = 'open' | 'paused' | 'cancelled'

export interface FleetRun {
  readonly number: number
  readonly name: string
  readonly state: RunState
  readonly shape: RunShape
  readonly options: StoredOptions
  readonly transform: StoredTransform | undefined
}

/** What of a run's options holds on every machine. */
interface StoredOptions {
  /** Null for the queue's own database. */
  readonly output: string | null
  readonly table: RunOptions['table']
  readonly schedule: ScheduleOptions
  readonly thread: Omit<ThreadOptions, 'transform'>
  readonly threads: number
}

interface StoredTransform {
  /** As whoever wrote the row has it: no name for a file. */
  readonly name: string
  readonly source: string
  /** SHA-256 of the source that is here, in hexadecimal. */
  readonly hash: string
  /** The hash that stands beside it. */
  readonly submittedHash: string
}

function sourceHash(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}

/** A submitted run's options as they go into the queue. */
export function storedOptions(options: RunOptions, isOutputQueue: boolean): StoredOptions {
  const { transform: _, ...thread } = options.thread
  const { table, schedule, threads, output = null } = options
  return { output: isOutputQueue ? null : output, table, schedule, thread, threads }
}

/**
 * A run's options on this machine.
 * @param local this machine's own, resolved
 * @param given which of these were given
 * @throws MillError QUEUE_UNUSABLE for options that a newer xmlmill has put there
 */
export function runOptions(run: FleetRun, local: RunOptions, given: MillOptions, queueUrl: string): RunOptions {
  const { output, table, schedule, thread, threads } = run.options
  for (const [part, known] of [
    [thread, local.thread],
    [schedule, local.schedule],
    [table, local.table],
  ] as const) {
    const unknown = Object.keys(part).find((name) => !(name in known))
    if (unknown === undefined) continue
    const message = `the run ${run.name} has the option ${unknown}, which this xmlmill does not know`
    throw new MillError('QUEUE_UNUSABLE', `${message}: it was submitted with a newer one`)
  }
  const { proxy, cacert, netrc, cache, offline } = local.thread
  return {
    ...local,
    output: output ?? queueUrl,
    table: { ...local.table, ...table },
    schedule: {
      ...local.schedule,
      ...schedule,
      // The queue counts for all machines together.
      hostFailures: 0,
      ...(given.concurrency !== undefined && { concurrency: local.schedule.concurrency }),
    },
    threads: given.threads === undefined ? threads : local.threads,
    thread: {
      ...local.thread,
      ...thread,
      ...(given.proxy !== undefined && { proxy }),
      ...(given.cacert !== undefined && { cacert }),
      ...(given.netrc !== undefined && { netrc }),
      ...(given.cache !== undefined && { cache }),
      ...(given.offline !== undefined && { offline }),
    },
  }
}

/** @throws MillError TRANSFORM_UNLOADABLE */
export async function readTransform(href: string | undefined): Promise<StoredTransform | undefined> {
  if (href === undefined) return undefined
  const path = fileURLToPath(href)
  if (!MODULE_EXTENSIONS.some((extension) => extension === extname(path)))
    throw new MillError(
      'TRANSFORM_UNLOADABLE',
      `${path} cannot go to other machines: a module is ${MODULE_EXTENSIONS.join(', ')}`,
    )
  try {
    const source = await readFile(path, 'utf8')
    const hash = sourceHash(source)
    return { name: basename(path), source, hash, submittedHash: hash }
  } catch (cause) {
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} cannot be read`, { cause })
  }
}

interface RunRow {
  number: number
  name: string
  state: RunState
  shape: RunShape
  options: StoredOptions
  transform_name: string | null
  transform_hash: string | null
  transform_source: string | null
}

const COLUMNS = 'number, name, state, shape, options, transform_name, transform_hash, transform_source'

function toRun(row: RunRow): FleetRun {
  const { number, name, state, shape, options, transform_name, transform_hash, transform_source } = row
  const transform =
    transform_source === null
      ? undefined
      : {
          name: transform_name ?? '',
          source: transform_source,
          hash: sourceHash(transform_source),
          submittedHash: transform_hash ?? '',
        }
  return { number, name, state, shape, options, transform }
}

/** All runs, or the one of that name, in the order of their submission. */
export async function readRuns(client: Connection, name?: string): Promise<readonly FleetRun[]> {
  const { rows } = await client.query<RunRow>(
    `SELECT ${COLUMNS} FROM ${SCHEMA}.runs WHERE $1::text IS NULL OR name = $1 ORDER BY number`,
    [name ?? null],
  )
  return rows.map(toRun)
}

/** Writes a run down; one that is there takes the new options. */
export async function writeRun(
  client: Connection,
  run: Pick<FleetRun, 'name' | 'shape' | 'options' | 'transform'>,
): Promise<FleetRun> {
  const { name, shape, options, transform } = run
  const { rows } = await client.query<RunRow>(
    `INSERT INTO ${SCHEMA}.runs (name, xmlmill_version, shape, options, transform_name, transform_hash, transform_source)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (name) DO UPDATE SET xmlmill_version = excluded.xmlmill_version, options = excluded.options,
       state = CASE runs.state WHEN 'cancelled' THEN 'open' ELSE runs.state END
     RETURNING ${COLUMNS}`,
    [name, VERSION, shape, options, transform?.name ?? null, transform?.hash ?? null, transform?.source ?? null],
  )
  const [row] = rows
  if (row === undefined) throw new MillError('INTERNAL', `the run ${name} was not written`)
  return toRun(row)
}
