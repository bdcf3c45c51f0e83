/**
 * A run's output where other machines write as well. What was lost to another machine is not written, and what the database
 * takes it takes together with the word that the document is done; while the database is away, the write waits for it.
 */
import { LEAST_COMMIT_INTERVAL_MS } from '../ledger/commit-interval.ts'
import { ledgerRow } from '../ledger/ledger.ts'
import type { RunOptions } from '../options.ts'
import { type Output, openOutput } from '../sinks/output.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import type { OnRefused, SettledDocument, Sink } from '../sinks/sink.ts'
import type { ClaimedDocuments } from './claimed-documents.ts'
import { Absence, type FleetDatabase } from './database.ts'
import { type Engine, queueOf, WithinTransaction } from './engine.ts'
import type { Claim } from './turns.ts'

export interface FleetSinkSetting {
  readonly database: FleetDatabase
  readonly engine: Engine
  readonly run: number
  readonly worker: number
  readonly source: ClaimedDocuments
  /** With the output that this machine writes. */
  readonly options: RunOptions
  /** Whether that is the queue's own database. */
  readonly isOutputQueue: boolean
}

/** Numbers of threads that a worker has to itself. */
const THREADS_PER_WORKER = 10_000

interface Claimed {
  readonly document: SettledDocument
  readonly claim: Claim
}

export class FleetSink implements Sink {
  readonly #setting: FleetSinkSetting
  #output: Output | undefined

  constructor(setting: FleetSinkSetting) {
    this.#setting = setting
  }

  /** Once it is open. */
  get mayRefuse(): boolean {
    return this.#output?.sink.mayRefuse === true
  }

  get commitIntervalMs(): number {
    return this.#output?.sink.commitIntervalMs ?? LEAST_COMMIT_INTERVAL_MS
  }

  /**
   * Opens the output, so that one that cannot be used is known before anything starts.
   * @throws MillError as openOutput
   */
  async open(): Promise<void> {
    await this.#opened()
  }

  async write(given: readonly SettledDocument[], onRefused: OnRefused): Promise<void> {
    const { source, isOutputQueue } = this.#setting
    // Of those that are lost already a file is not to have a second copy.
    const documents = given.filter(({ document }) => source.claimOf(document) !== undefined)
    if (documents.length === 0) return
    const absence = new Absence()
    for (;;) {
      try {
        const { sink } = await this.#opened()
        const originals = new Map(documents.map((document) => [document.document.id, document]))
        await sink.write(documents.map(this.#ofFleet), ({ document: { id } }, records) => {
          const original = originals.get(id)
          if (original?.status === 'done') onRefused(original, records)
        })
        break
      } catch (error) {
        // Opened anew it stands where its ledger says.
        await this.close()
        await absence.endure(error, performance.now())
      }
    }
    if (!isOutputQueue) await this.#complete(documents)
    source.settled(documents)
  }

  async complete(): Promise<void> {
    await this.#output?.sink.complete?.()
  }

  async close(): Promise<void> {
    const output = this.#output
    this.#output = undefined
    await output?.[Symbol.asyncDispose]()
  }

  async #opened(): Promise<Output> {
    const { options, isOutputQueue } = this.#setting
    this.#output ??= await openOutput(options, { admit: isOutputQueue ? this.#admit : undefined })
    return this.#output
  }

  /** The document with a number of its thread that no other machine's thread has: a report has a lane for each. */
  readonly #ofFleet = (document: SettledDocument): SettledDocument => {
    if (document.status === 'failed') return document
    return { ...document, thread: this.#setting.worker * THREADS_PER_WORKER + document.thread }
  }

  /** Records that are in a file of this machine count when the queue says so. */
  async #complete(documents: readonly SettledDocument[]): Promise<void> {
    await this.#setting.database.transaction((client) => this.#admit(client, documents))
  }

  /** Tells the queue what became of documents; those that are not this machine's any more are left out. */
  readonly #admit = async (
    client: Connection,
    documents: readonly SettledDocument[],
  ): Promise<readonly SettledDocument[]> => {
    const { source } = this.#setting
    const ours = documents.flatMap((document): Claimed[] => {
      const claim = source.claimOf(document.document)
      return claim === undefined ? [] : [{ document, claim }]
    })
    const within = new WithinTransaction(client)
    const settled = new Set<string>()
    const done = ours.filter(({ document }) => document.status !== 'failed')
    await this.#tell(within, done, undefined, settled)
    const failed = Map.groupBy(
      ours.filter(({ document }) => document.status === 'failed'),
      ({ document }) => failureText(document),
    )
    for (const [text, group] of failed) await this.#tell(within, group, text, settled)
    return ours.filter(({ claim }) => settled.has(claim.job)).map(({ document }) => document)
  }

  async #tell(
    within: WithinTransaction,
    group: readonly Claimed[],
    failure: string | undefined,
    settled: Set<string>,
  ): Promise<void> {
    if (group.length === 0) return
    const { engine, run, worker, isOutputQueue } = this.#setting
    const jobs = group.map(({ claim: { job: id, retryCount } }) => ({ id, retryCount }))
    const options = { db: within }
    if (failure === undefined) await engine.complete(queueOf(run), jobs, isOutputQueue ? null : { worker }, options)
    else await engine.fail(queueOf(run), jobs, JSON.parse(failure), options)
    for (const id of within.settled) settled.add(id)
  }
}

/** What the queue remembers of a failure; equal for equal ones, which are told together. */
function failureText(document: SettledDocument): string {
  const { code, message } = ledgerRow(document, 0)
  return JSON.stringify({ code, message })
}
