/** Puts a run into a queue: its tables where there are none, its options, its list. */
import { MillError } from '../errors.ts'
import { KEY_BYTES } from '../ledger/document-key.ts'
import { checkShape } from '../ledger/run-shape.ts'
import type { RunOptions } from '../options.ts'
import { redactUrl } from '../redact.ts'
import { isDatabaseUrl, outputShape } from '../sinks/output.ts'
import { connect } from '../sinks/postgres-connection.ts'
import { PostgresLedger } from '../sinks/postgres-ledger.ts'
import type { DocumentSource } from '../sources/source.ts'
import { FleetDatabase, isSameDatabase } from './database.ts'
import { makeQueue, startEngine } from './engine.ts'
import { type FleetRun, readRuns, readTransform, storedOptions, writeRun } from './run-record.ts'
import { type SubmissionSetting, type Submitted, submitList } from './submission.ts'
import { checkTables, makeTables, tuneTables } from './tables.ts'

export interface SubmitSetting extends Pick<SubmissionSetting, 'onBadLine' | 'onProgress' | 'signal'> {
  readonly url: string
  readonly name: string
  /** With the output, which may be the queue's own database. */
  readonly options: RunOptions
  readonly list: DocumentSource
}

/**
 * Submits a run; one of that name takes what is new of the list, and the new options as far as they do not shape records.
 * @throws MillError OPTIONS_INVALID, SHAPE_CHANGED, QUEUE_UNUSABLE, OUTPUT_FAILED, TRANSFORM_REFUSED
 */
export async function submit(setting: SubmitSetting): Promise<Submitted & { readonly run: FleetRun }> {
  const { url, name, options, list } = setting
  const output = options.output ?? url
  const isOutputQueue = isDatabaseUrl(output) && (await isSameDatabase(url, output))
  if (isDatabaseUrl(output) && !isOutputQueue) {
    const message = `the output ${redactUrl(output)} is another database than the queue ${redactUrl(url)}`
    throw new MillError(
      'OPTIONS_INVALID',
      `${message}; records and queue are committed together, so put the queue there`,
    )
  }
  const shape = await outputShape(output, options)
  const transform = await readTransform(options.thread.transform)
  await using database = new FleetDatabase(url)
  await database.transaction(makeTables)
  const engine = await startEngine(database, true)
  try {
    const run = await database.transaction(async (client) => {
      await checkTables(client, redactUrl(url))
      await tuneTables(client)
      const [present] = await readRuns(client, name)
      if (present !== undefined) checkShape(`the run ${name}`, present.shape, shape)
      const written = await writeRun(client, { name, shape, options: storedOptions(options, isOutputQueue), transform })
      // Its hash is about to be told as the one to allow.
      if (written.transform?.hash !== transform?.hash)
        throw new MillError('TRANSFORM_REFUSED', `the transform of the run ${name} is not the one that was submitted`)
      return written
    })
    await makeQueue(engine, run.number)
    await using done = isOutputQueue ? await openDone(output, options, shape) : undefined
    const submitted = await submitList({ ...setting, database, engine, run, list, isDone: done?.isDone })
    return { run, ...submitted }
  } finally {
    await engine.stop({ graceful: false, close: false }).catch(() => {})
  }
}

interface Done extends AsyncDisposable {
  isDone(keys: Buffer): Promise<readonly boolean[]>
}

/** What the output has already, of a run without a queue. */
async function openDone(output: string, options: RunOptions, shape: FleetRun['shape']): Promise<Done | undefined> {
  const client = await connect(output)
  const close = () => client.end().catch(() => {})
  try {
    const ledger = await PostgresLedger.open(client, output, options.table.name ?? '', shape)
    const isDone = async (keys: Buffer) =>
      keys.byteLength < KEY_BYTES ? [] : (await ledger.recall(keys)).map((known) => known !== undefined)
    return { isDone, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
