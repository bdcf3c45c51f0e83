/** The parts that workers have written, into one output. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MillError } from '../errors.ts'
import { KEY_BYTES } from '../ledger/document-key.ts'
import { resolveOptions } from '../options.ts'
import { type Merged, mergeOutputs, type PartMerged } from '../sinks/merge.ts'
import { openOutput } from '../sinks/output.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { FleetDatabase } from './database.ts'
import { queueOf } from './engine.ts'
import { type FleetRun, runOptions } from './run-record.ts'
import { theRun } from './steering.ts'
import { JOBS, SCHEMA } from './tables.ts'

export interface CollectRequest {
  readonly url: string
  readonly name: string | undefined
  /** Where the parts go; the output of the run unless given. */
  readonly output: string | undefined
  /** A folder with copies of the parts, where they are not at the paths at which they were written. */
  readonly parts: string | undefined
  readonly onPart: (part: PartMerged) => void
}

export interface Collected extends Pick<Merged, 'done' | 'records'>, Left {
  readonly output: string
}

/** What the queue says of documents that are not done. */
interface Left {
  readonly failed: number
  /** Those that wait or are under way. */
  readonly open: number
}

/**
 * Joins what is there of a run; again it adds what has come meanwhile.
 * @throws MillError OPTIONS_INVALID where the records are in the database, OUTPUT_LOCKED while a worker writes one of the parts,
 * OUTPUT_FAILED for a part that is not here, and as mergeOutputs
 */
export async function collect({ url, name, output, parts: folder, onPart }: CollectRequest): Promise<Collected> {
  await using database = new FleetDatabase(url)
  const run = await theRun(database, name)
  const target = output ?? run.options.output
  if (run.options.output === null || target === null)
    throw new MillError(
      'OPTIONS_INVALID',
      `the records of ${run.name} are in the queue's database: there is nothing to collect`,
    )
  const parts = await database.transaction((client) => readParts(client, run, folder))
  for (const path of parts.keys()) await complete(run, path, url)
  const fates = await database.transaction((client) => readFates(client, run))
  const { done, records } = await mergeOutputs({
    output: target,
    parts: [...parts.keys()],
    keeps: ({ key, status }, part) => {
      // One that was claimed once and is done is in one part at most.
      const fate = fates.get(key.toString('latin1', 0, KEY_BYTES)) ?? 'once'
      if (fate === 'once') return true
      return status === 'failed' ? fate === 'failed' : fate === parts.get(part)
    },
    onPart,
  })
  return { done, records, output: target, ...(await database.transaction((client) => readLeft(client, run))) }
}

/** Path -> worker. */
async function readParts(
  client: Connection,
  run: FleetRun,
  folder: string | undefined,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ worker: number; machine: string; path: string; is_needed: boolean }>(
    `SELECT worker, machine, path, EXISTS (
       SELECT FROM ${JOBS} WHERE name = $2 AND state = 'completed' AND (output ->> 'worker')::integer = worker
     ) AS is_needed FROM ${SCHEMA}.parts WHERE run = $1 ORDER BY worker`,
    [run.number, queueOf(run.number)],
  )
  const parts = new Map<string, number>()
  for (const { worker, machine, path, is_needed: isNeeded } of rows) {
    const here = folder === undefined ? path : join(folder, basename(path))
    if (existsSync(here)) parts.set(here, worker)
    else if (isNeeded) {
      const message = `${here}, the part of worker ${worker}, is not here; it was written on ${machine} as ${path}`
      throw new MillError(
        'OUTPUT_FAILED',
        `${message}: copy it and what is beside it into one folder, and give that as --parts`,
      )
    }
  }
  return parts
}

/** The worker whose records count; or that it has failed; or that a worker may have written it, and nothing of that counts yet. */
type Fate = number | 'failed' | 'open'

/** By key, of all documents that are not done by whoever claimed them first. */
async function readFates(client: Connection, run: FleetRun): Promise<ReadonlyMap<string, Fate>> {
  const { rows } = await client.query<{ id: string; state: string; worker: number | null }>(
    `SELECT id, state, (output ->> 'worker')::integer AS worker FROM ${JOBS}
     WHERE name = $1 AND (retry_count > 0 OR (state <> 'completed' AND started_on IS NOT NULL))`,
    [queueOf(run.number)],
  )
  const keyOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1')
  const fateOf = ({ state, worker }: (typeof rows)[number]): Fate =>
    state === 'failed' ? 'failed' : state === 'completed' ? (worker ?? 'open') : 'open'
  return new Map(rows.map((row) => [keyOf(row.id), fateOf(row)]))
}

async function readLeft(client: Connection, run: FleetRun): Promise<Left> {
  const { rows } = await client.query<{ failed: number; open: number }>(
    `SELECT count(*) FILTER (WHERE state = 'failed')::integer AS failed,
       count(*) FILTER (WHERE state <= 'active')::integer AS open FROM ${JOBS} WHERE name = $1`,
    [queueOf(run.number)],
  )
  return rows[0] ?? { failed: 0, open: 0 }
}

/** Takes a part to its end whose worker was stopped: what it had put off until then is done. */
async function complete(run: FleetRun, path: string, url: string): Promise<void> {
  const { thread, ...options } = runOptions(run, resolveOptions({}), {}, url)
  // A name alone: a table has other columns with a transform, and nobody has allowed this machine to run it.
  const transform = run.transform && `sha256:${run.transform.hash}`
  await using part = await openOutput(
    { ...options, output: path, thread: { ...thread, transform } },
    { shape: run.shape },
  )
  await part.sink.complete?.()
  await part.close()
}
