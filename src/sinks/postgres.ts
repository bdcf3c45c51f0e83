/**
 * Records into a PostgreSQL database: a table for each element's name, and the ledger's tables beside them. A group of
 * documents is one transaction, records and ledger alike; a run that loses its connection leaves nothing of its last group.
 *
 * Rows come by COPY. Into a table that xmlmill made they go directly: the ledger sees to it that no document comes twice. Into one
 * that was there, and with --key, they go by a temporary table and a merge, which takes about twice the time.
 */
import type pg from 'pg'
import { failpoint } from '../failpoint.ts'
import { LEAST_COMMIT_INTERVAL_MS } from '../ledger/commit-interval.ts'
import { documentKeys } from '../ledger/document-key.ts'
import { ledgerRow } from '../ledger/ledger.ts'
import { shardText } from '../options.ts'
import { redactUrl } from '../redact.ts'
import { isRefusal, type Refusal } from './columns.ts'
import { namesIn, PLACE, quoted, type TableCell, type TableForm, tableForm } from './columns-table.ts'
import { connect, databaseFailed, lockDatabase, lockRows } from './postgres-connection.ts'
import { PostgresLedger } from './postgres-ledger.ts'
import { CopyRows, unstorable } from './postgres-rows.ts'
import {
  checkColumns,
  columnTypes,
  hasOthers,
  isAsMade,
  makeTable,
  merge,
  OpenCopy,
  openStage,
  STAGED,
  type Table,
  takeMisfits,
} from './postgres-tables.ts'
import { type RecordLine, recordLines } from './record-lines.ts'
import { Refusals } from './refusals.ts'
import { type Positions, RejectsFile, rejectsName } from './rejects.ts'
import type { DoneDocument, OnRefused, SettledDocument, Store } from './sink.ts'
import type { Admit, TargetRequest } from './target.ts'

/** Bytes of rows that are sent at once. */
const COPY_BYTES = 512 << 10

/** What the ledger calls the names of the tables that xmlmill has made, and of those that have rows of its documents. */
const MADE = 'tables made'
export const FED = 'tables fed'
/** Said where rows may replace each other. */
export const MERGES = 'merges'

/**
 * Connects to a database and takes its output's lock.
 * @throws MillError OPTIONS_INVALID, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openPostgres({ output, options, shape, rejects, admit }: TargetRequest): Promise<Store> {
  const form = tableForm(options)
  const scope = options.table.name ?? ''
  const client = await connect(output)
  try {
    // Each worker of a fleet has a claim on what it writes, each shard has documents of its own.
    const shard = admit === undefined && options.shard !== undefined ? ` shard ${shardText(options.shard)}` : undefined
    const isShared = admit !== undefined || shard !== undefined
    await lockDatabase(client, output, scope, isShared)
    if (shard !== undefined) await lockDatabase(client, output, scope + shard, false)
    if (options.existing === 'replace') await dropOurs(client, scope)
    const ledger = await PostgresLedger.open(client, output, scope, shape)
    const positions: Positions = {
      position: (name) => ledger.position(name),
      commit: ({ rows, files }) => ledger.put(rows, files),
    }
    // Other machines may have a file by the same path.
    const name = `${rejectsName(rejects)}${shard ?? ''}`
    const file = await RejectsFile.open(rejects, name, positions, options.existing === 'replace')
    const replaces = options.existing === 'update'
    const mayRefuse = !form.takesAll || (await hasOthers(client, namesIn(ledger.meta(MADE)), options.table.name))
    const parts = { output, scope, client, ledger, rejects: file, form, mayRefuse, replaces, admit, isShared }
    return new PostgresStore(parts)
  } catch (cause) {
    await client.end().catch(() => {})
    throw databaseFailed(output, cause)
  }
}

/** Removes the tables that an earlier run made, and what the ledger has of the output; nothing else. */
async function dropOurs(client: pg.Client, scope: string): Promise<void> {
  const { rows: ledgers } = await client.query<{ is: boolean }>("SELECT to_regclass('xmlmill_meta') IS NOT NULL AS is")
  if (ledgers[0]?.is !== true) return
  await client.query('BEGIN')
  const { rows } = await client.query<{ value: string }>(
    'SELECT value FROM xmlmill_meta WHERE output = $1 AND name = $2',
    [scope, MADE],
  )
  await client.query('SET LOCAL client_min_messages = warning')
  for (const table of namesIn(rows[0]?.value)) await client.query(`DROP TABLE IF EXISTS ${quoted(table)}`)
  for (const table of ['meta', 'files', 'documents'])
    await client.query(`DELETE FROM xmlmill_${table} WHERE output = $1`, [scope])
  await client.query('COMMIT')
}

interface Parts {
  readonly output: string
  readonly client: pg.Client
  readonly ledger: PostgresLedger
  readonly rejects: RejectsFile
  readonly form: TableForm
  readonly mayRefuse: boolean
  /** Whether a document may have rows of an earlier run. */
  readonly replaces: boolean
  readonly admit: Admit | undefined
  /** Which of the outputs in the database. */
  readonly scope: string
  /** Whether others write to it at the same time. */
  readonly isShared: boolean
}

/** A transaction that something failed in ends with ROLLBACK, and without an error. */
async function commit(client: pg.Client): Promise<void> {
  const { command } = await client.query('COMMIT')
  if (command !== 'COMMIT') throw new Error('the transaction was undone by the server')
}

/** Rows on their way to a table. */
interface Pending {
  readonly table: Table
  readonly rows: CopyRows
  /** Whose they are, where a row may still be refused. */
  lines: { readonly document: DoneDocument; readonly line: RecordLine }[]
}

/** A stage's columns are all of text, and the first says which of the pending rows one is. */
function addRow(
  { table, rows, lines }: Pending,
  document: DoneDocument,
  line: RecordLine,
  cells: readonly TableCell[],
) {
  const { isDirect } = table
  rows.begin(PLACE.length + cells.length + (isDirect ? 0 : 1))
  if (!isDirect) rows.text(String(lines.length))
  rows.text(line.url)
  for (const place of [line.n, line.row]) {
    if (isDirect) rows.integer(place)
    else rows.text(String(place))
  }
  for (const cell of cells) {
    if (cell === null) rows.none()
    else if (typeof cell !== 'object') rows.text(String(cell))
    else if (isDirect) rows.jsonb(cell)
    else rows.textBytes(cell)
  }
  if (!isDirect) lines.push({ document, line })
}

class PostgresStore implements Store {
  readonly commitIntervalMs = LEAST_COMMIT_INTERVAL_MS
  readonly #parts: Parts
  readonly #pending = new Map<string, Pending>()
  #sending: Promise<void> = Promise.resolve()
  /** Ended before anything else is said to the server. */
  #copy: OpenCopy | undefined
  /** Records of the group that were refused. */
  #refused = new Refusals()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get mayRefuse(): boolean {
    return this.#parts.mayRefuse
  }

  recall: Store['recall'] = async (documents) => {
    try {
      return await this.#parts.ledger.recall(documentKeys(documents))
    } catch (cause) {
      throw databaseFailed(this.#parts.output, cause)
    }
  }

  async rejectedRecords(): Promise<number> {
    return this.#parts.ledger.rejectedRecords()
  }

  async write(given: readonly SettledDocument[], onRefused: OnRefused): Promise<void> {
    const { output, client, ledger, rejects } = this.#parts
    this.#refused = new Refusals()
    let documents = given
    try {
      // What others have committed while this one waited for a lock is to be seen.
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
      if (this.#parts.isShared && this.#parts.form.key !== PLACE) await lockRows(client, this.#parts.scope)
      documents = await this.#admitted(given)
      for (const document of documents) {
        if (document.status !== 'done') continue
        if (this.#parts.replaces) await this.#deleteRows(document)
        await this.#add(document)
      }
      await this.#sending
      for (const pending of this.#pending.values()) await this.#send(pending)
      await this.#endCopy()
      failpoint('database.filled')
      await rejects.append(documents)
      const files = await rejects.synced()
      const settledAt = Date.now()
      await ledger.put(
        documents.map((document) => ledgerRow(document, settledAt, undefined, this.#refused.records(document))),
        files,
      )
      failpoint('ledger.filled')
      await commit(client)
      failpoint('ledger.committed')
      rejects.committed(files)
    } catch (cause) {
      throw databaseFailed(output, cause)
    }
    this.#refused.tell(onRefused)
  }

  /** Those that are this machine's to write, and are not there already. */
  async #admitted(given: readonly SettledDocument[]): Promise<readonly SettledDocument[]> {
    const { client, ledger, admit } = this.#parts
    if (admit === undefined) return given
    const admitted = await admit(client, given)
    const known = await ledger.recall(documentKeys(admitted.map(({ document }) => document)))
    return admitted.filter((_, index) => known[index] === undefined)
  }

  /** A transaction that is open is undone by the server. */
  async close(): Promise<void> {
    try {
      await this.#parts.rejects.close()
    } finally {
      await this.#parts.client.end().catch(() => {})
    }
  }

  async #add(document: DoneDocument): Promise<void> {
    const { form } = this.#parts
    for await (const lines of recordLines(document.records)) {
      for (const line of lines) {
        const given = form.cells(line)
        const cells = isRefusal(given) ? given : (unstorable(given) ?? given)
        if (isRefusal(cells)) {
          await this.#refuse(document, line, cells)
          continue
        }
        // Nothing is awaited that is there: with small records that would be a tenth of the time.
        const pending = this.#pending.get(form.tableOf(line)) ?? (await this.#pendingFor(line))
        addRow(pending, document, line, cells)
        if (pending.rows.byteLength >= COPY_BYTES) await this.#sendMeanwhile(pending)
      }
    }
  }

  async #refuse(document: DoneDocument, line: RecordLine, refusal: Refusal): Promise<void> {
    await this.#parts.rejects.refuse(line, refusal)
    this.#refused.add(document, refusal)
  }

  /** Rows are under way while the next are made. */
  async #sendMeanwhile(pending: Pending): Promise<void> {
    await this.#sending
    this.#sending = this.#send(pending)
    // Thrown where it is awaited.
    this.#sending.catch(() => {})
  }

  async #send(pending: Pending): Promise<void> {
    const { client, form } = this.#parts
    const { table, rows, lines } = pending
    if (rows.byteLength === 0) return
    pending.lines = []
    const bytes = rows.take()
    const columns = [...PLACE, ...form.names]
    if (table.isDirect) {
      await this.#copyInto(quoted(table.name), columns, bytes)
      return
    }
    await this.#endCopy()
    await this.#copyInto(await openStage(client, form), [STAGED, ...columns], bytes)
    await this.#endCopy()
    for (const { staged, reason } of await takeMisfits(client, table, form)) {
      const misfit = lines[staged]
      if (misfit !== undefined) await this.#refuse(misfit.document, misfit.line, { reason })
    }
    await merge(client, table, form)
  }

  async #copyInto(into: string, columns: readonly string[], rows: Buffer): Promise<void> {
    if (this.#copy?.into !== into) {
      await this.#endCopy()
      this.#copy = new OpenCopy(this.#parts.client, into, columns)
    }
    await this.#copy?.write(rows)
  }

  async #endCopy(): Promise<void> {
    const copy = this.#copy
    this.#copy = undefined
    await copy?.end()
  }

  /** Nothing is on its way, and the server listens. */
  async #quiet(): Promise<void> {
    await this.#sending
    await this.#endCopy()
  }

  /** The rows for a record's table, which is made if it is not there. */
  async #pendingFor(line: RecordLine): Promise<Pending> {
    const { client, ledger, form } = this.#parts
    const name = form.tableOf(line)
    await this.#quiet()
    if (this.#parts.isShared) await ledger.lockMeta()
    let types = await columnTypes(client, name)
    if (types.size === 0) {
      await makeTable(client, name, form)
      await this.#note(MADE, name)
      types = await columnTypes(client, name)
    } else checkColumns(name, types, form)
    const isDirect = form.key === PLACE && isAsMade(types, form) && namesIn(ledger.meta(MADE)).includes(name)
    if (!isDirect) await ledger.setMeta(MERGES, 'yes')
    await this.#note(FED, name)
    const pending: Pending = { table: { name, isDirect, types }, rows: new CopyRows(), lines: [] }
    this.#pending.set(name, pending)
    return pending
  }

  async #note(what: string, table: string): Promise<void> {
    const { ledger } = this.#parts
    const names = namesIn(ledger.meta(what))
    if (!names.includes(table)) await ledger.setMeta(what, JSON.stringify([...names, table]))
  }

  async #deleteRows({ document }: DoneDocument): Promise<void> {
    const { client, ledger } = this.#parts
    await this.#quiet()
    // As the records have it.
    for (const table of namesIn(ledger.meta(FED)))
      await client.query(`DELETE FROM ${quoted(table)} WHERE url = $1`, [redactUrl(document.url)])
  }
}
