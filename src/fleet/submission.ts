/** A list on its way into the queue: a thousand documents at a time, whatever its length. */
import type { Failure } from '../errors.ts'
import { documentKeys, KEY_BYTES } from '../ledger/document-key.ts'
import type { Document } from '../model.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { inBatches } from '../sources/batches.ts'
import type { DocumentSource } from '../sources/source.ts'
import type { FleetDatabase } from './database.ts'
import { type Engine, type JobData, queueOf, WithinTransaction } from './engine.ts'
import type { FleetRun } from './run-record.ts'
import { CLAIM_LOCK, SCHEMA } from './tables.ts'

const BATCH_DOCUMENTS = 1000

/** Hosts whose numbers are remembered. */
const MAX_HOSTS = 50_000

export interface Submitted {
  /** Documents that were not in the queue before. */
  readonly added: number
  /** Documents that were there, or that the output has. */
  readonly known: number
  readonly duplicates: number
  readonly badLines: number
}

export interface SubmissionSetting {
  readonly database: FleetDatabase
  readonly engine: Engine
  readonly run: FleetRun
  readonly list: DocumentSource
  /** Which of these the output has already. */
  readonly isDone: ((keys: Buffer) => Promise<readonly boolean[]>) | undefined
  readonly onBadLine: (url: string, failure: Failure) => void
  readonly onProgress: (listed: number) => void
  readonly signal: AbortSignal
}

/** Reads the list to its end, or until the signal. */
export async function submitList(setting: SubmissionSetting): Promise<Submitted> {
  const { database, list, run, signal } = setting
  const hosts = new HostNumbers(database)
  let added = 0
  let known = 0
  let badLines = 0
  for await (const batch of inBatches(list, BATCH_DOCUMENTS)) {
    if (signal.aborted) break
    const documents: Document[] = []
    for (const listed of batch) {
      if (listed.kind === 'document') documents.push(listed.document)
      else {
        badLines += 1
        setting.onBadLine(listed.line.url, listed.line.failure)
      }
    }
    const news = await addDocuments(setting, hosts, documents)
    added += news
    known += documents.length - news
    setting.onProgress(added + known)
  }
  // The claims' plans follow what is known of the tables: without this they take twice the time.
  await database.transaction(async (client) => {
    await client.query(`ANALYZE ${SCHEMA}.job; ANALYZE ${SCHEMA}.run_hosts; ANALYZE ${SCHEMA}.hosts`)
    await client.query(`UPDATE ${SCHEMA}.runs SET submitted_at = now() WHERE number = $1`, [run.number])
  })
  return { added, known, duplicates: list.duplicates, badLines }
}

/** @returns how many were not there before */
async function addDocuments(
  { database, engine, run, isDone }: SubmissionSetting,
  hosts: HostNumbers,
  documents: readonly Document[],
): Promise<number> {
  if (documents.length === 0) return 0
  const keys = documentKeys(documents)
  const done = (await isDone?.(keys)) ?? []
  const numbers = await hosts.of(documents.map(({ host }) => host))
  const jobs = documents.flatMap((document, index) =>
    done[index] === true ? [] : [jobOf(document, keys, index, numbers[index] ?? 0)],
  )
  if (jobs.length === 0) return 0
  return database.transaction(async (client) => {
    // What is lost with the server is the end of the list, and only until the last commit, which is not of this kind.
    await client.query('SET LOCAL synchronous_commit = off')
    const within = new WithinTransaction(client)
    const ids = await engine.insert(queueOf(run.number), jobs, { db: within, returnId: true })
    const added = new Set(ids)
    if (added.size === 0) return 0
    const touched = new Set(jobs.filter(({ id }) => added.has(id)).map(({ priority }) => priority))
    await client.query(`SELECT pg_advisory_xact_lock(${CLAIM_LOCK})`)
    await client.query(
      `INSERT INTO ${SCHEMA}.run_hosts (run, host, ready_at) SELECT $1, host, clock_timestamp() FROM unnest($2::integer[]) AS host
       ON CONFLICT (run, host) DO UPDATE SET is_empty = false, ready_at = least(run_hosts.ready_at, excluded.ready_at)`,
      [run.number, [...touched]],
    )
    return added.size
  })
}

function jobOf({ url, occurrence }: Document, keys: Buffer, index: number, host: number) {
  const data: JobData = { url, ...(occurrence !== undefined && { occurrence }) }
  return { id: jobId(keys, index), priority: host, data }
}

/** A document's key as the id of its job: given again, it is the same job. */
function jobId(keys: Buffer, index: number): string {
  const hex = keys.toString('hex', index * KEY_BYTES, (index + 1) * KEY_BYTES)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The numbers that hosts have in the queue; those that are new get one. */
class HostNumbers {
  readonly #database: FleetDatabase
  readonly #numbers = new Map<string, number>()

  constructor(database: FleetDatabase) {
    this.#database = database
  }

  async of(names: readonly string[]): Promise<readonly number[]> {
    if (this.#numbers.size > MAX_HOSTS) this.#numbers.clear()
    const unknown = new Set(names.filter((name) => !this.#numbers.has(name)))
    if (unknown.size > 0) {
      const rows = await this.#database.transaction((client) => numberHosts(client, [...unknown].toSorted()))
      for (const { name, number } of rows) this.#numbers.set(name, number)
    }
    return names.map((name) => this.#numbers.get(name) ?? 0)
  }
}

async function numberHosts(client: Connection, names: readonly string[]) {
  await client.query(`INSERT INTO ${SCHEMA}.hosts (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING`, [
    names,
  ])
  // Whoever gives a list with a host that was given up wants it asked again.
  await client.query(
    `UPDATE ${SCHEMA}.hosts SET is_given_up = false, failures = 0, pauses = 0, fault = NULL
     WHERE name = ANY ($1::text[]) AND is_given_up`,
    [names],
  )
  const { rows } = await client.query<{ name: string; number: number }>(
    `SELECT name, number FROM ${SCHEMA}.hosts WHERE name = ANY ($1::text[])`,
    [names],
  )
  return rows
}
