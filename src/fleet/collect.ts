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

export interface Collected extends Merged {
  readonly output: string
  /** Documents that are not done yet. */
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
  const { parts, owners, open } = await database.transaction((client) => readParts(client, run, folder))
  for (const path of parts.keys()) await complete(run, path, url)
  const merged = await mergeOutputs({
    output: target,
    parts: [...parts.keys()],
    // One that was claimed once is in one part at most.
    keeps: (key, part) => {
      const owner = owners.get(key.toString('latin1', 0, KEY_BYTES))
      return owner === undefined || owner === parts.get(part)
    },
    onPart,
  })
  return { ...merged, output: target, open }
}

interface Parts {
  /** Path -> worker. */
  readonly parts: ReadonlyMap<string, number>
  /** Documents that were claimed more than once, by key -> the worker whose records count; null for none. */
  readonly owners: ReadonlyMap<string, number | null>
  readonly open: number
}

async function readParts(client: Connection, run: FleetRun, folder: string | undefined): Promise<Parts> {
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
  const { rows: again } = await client.query<{ id: string; worker: number | null }>(
    `SELECT id, (output ->> 'worker')::integer AS worker FROM ${JOBS}
     WHERE name = $1 AND state IN ('completed', 'failed') AND retry_count > 0`,
    [queueOf(run.number)],
  )
  const { rows: left } = await client.query<{ open: number }>(
    `SELECT count(*)::integer AS open FROM ${JOBS} WHERE name = $1 AND state <= 'active'`,
    [queueOf(run.number)],
  )
  const keyOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1')
  return { parts, owners: new Map(again.map(({ id, worker }) => [keyOf(id), worker])), open: left[0]?.open ?? 0 }
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
