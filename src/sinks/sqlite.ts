/**
 * Records into an SQLite database: a table for each element's name, and the ledger's tables beside them. A group of documents
 * is one transaction, records and ledger alike.
 *
 * node:sqlite is synchronous: rows are inserted a piece of records at a time (1 MiB at most, some milliseconds), and the main
 * loop turns in between.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import { commitIntervalMs } from '../ledger/commit-interval.ts'
import { documentKeys } from '../ledger/document-key.ts'
import { ledgerRow } from '../ledger/ledger.ts'
import { BUSY_TIMEOUT_MS, lockLedger, SQLITE_SETTINGS } from '../ledger/ledger-file.ts'
import type { OutputLock } from '../ledger/output-lock.ts'
import { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { redactUrl } from '../redact.ts'
import { isRefusal } from './columns.ts'
import { namesIn, PLACE, quoted, type TableCell, type TableForm, tableForm } from './columns-table.ts'
import { outputFailed } from './output-error.ts'
import { asBuffer, type RecordLine, recordLines } from './record-lines.ts'
import { Refusals } from './refusals.ts'
import { RejectsFile, rejectsName } from './rejects.ts'
import type { DoneDocument, OnRefused, SettledDocument, Store } from './sink.ts'
import type { TargetRequest } from './target.ts'

/** What the ledger calls the names of the tables that xmlmill has made, and of those that have rows of its documents. */
export const MADE = 'tables made'
export const FED = 'tables fed'
/** Said where rows replace each other by columns of their own. */
export const KEYED = 'keyed'

/** SQLite's result codes for a row that a table does not take (sqlite.org/rescode.html). */
const ROW_ERRORS: ReadonlySet<number> = new Set([18, 19, 20])

/**
 * Opens a database, made if it is absent.
 * @throws MillError OPTIONS_INVALID, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openSqlite(request: TargetRequest): Promise<Store> {
  const { output, options, shape, rejects } = request
  const form = tableForm(options)
  const lock = lockLedger(output, output)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(output, { timeout: BUSY_TIMEOUT_MS })
    database.exec(SQLITE_SETTINGS)
    if (options.existing === 'replace') dropOurs(database)
    const ledger = new SqliteLedger(database, output, shape, options.existing === 'update')
    const file = await RejectsFile.open(rejects, rejectsName(rejects, output), ledger, options.existing === 'replace')
    return new SqliteStore({
      output,
      database,
      ledger,
      rejects: file,
      lock,
      form,
      mayRefuse: !form.takesAll || hasOthers(database, ledger),
      replaces: options.existing === 'update',
    })
  } catch (cause) {
    database?.close()
    lock.release()
    throw outputFailed(output, cause)
  }
}

/** Whether there is anything that xmlmill has not made: a table with constraints, or a trigger, may refuse a row. */
function hasOthers(database: DatabaseSync, ledger: SqliteLedger): boolean {
  const made = namesIn(ledger.meta(MADE))
  return database
    .prepare(
      "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'xmlmill\\_%' ESCAPE '\\'",
    )
    .all()
    .some(({ type, name }) => type !== 'table' || !made.includes(String(name)))
}

/** Removes the tables of records and of the ledger that an earlier run made, and nothing else. */
function dropOurs(database: DatabaseSync): void {
  const ledgers = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'xmlmill\\_%' ESCAPE '\\'")
    .all()
    .map(({ name }) => String(name))
  if (!ledgers.includes('xmlmill_meta')) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const row = database.prepare('SELECT value FROM xmlmill_meta WHERE name = ?').get(MADE)
    for (const table of [...namesIn(row?.value), ...ledgers]) database.exec(`DROP TABLE IF EXISTS ${quoted(table)}`)
    database.exec('COMMIT')
  } catch (cause) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw cause
  }
}

interface Parts {
  readonly output: string
  readonly database: DatabaseSync
  readonly ledger: SqliteLedger
  readonly rejects: RejectsFile
  readonly lock: OutputLock
  readonly form: TableForm
  readonly mayRefuse: boolean
  /** Whether a document may have rows of an earlier run. */
  readonly replaces: boolean
}

class SqliteStore implements Store {
  readonly #parts: Parts
  readonly #inserts = new Map<string, StatementSync>()
  readonly #deletes = new Map<string, StatementSync>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get mayRefuse(): boolean {
    return this.#parts.mayRefuse
  }

  get commitIntervalMs(): number {
    return commitIntervalMs(this.#parts.ledger.lastCommitMs)
  }

  recall: Store['recall'] = async (documents) => this.#parts.ledger.recall(documentKeys(documents))

  async write(documents: readonly SettledDocument[], onRefused: OnRefused): Promise<void> {
    const { output, database, ledger, rejects } = this.#parts
    const refused = new Refusals()
    try {
      database.exec('BEGIN IMMEDIATE')
      for (const document of documents) {
        if (document.status !== 'done') continue
        if (this.#parts.replaces) this.#deleteRows(document)
        await this.#insertRows(document, refused)
      }
      await rejects.append(documents)
      const files = await rejects.synced()
      const settledAt = Date.now()
      const rows = documents.map((document) => ledgerRow(document, settledAt, undefined, refused.records(document)))
      ledger.commit({ rows, files, within: () => failpoint('database.filled') })
      rejects.committed(files)
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw outputFailed(output, cause)
    }
    refused.tell(onRefused)
  }

  async rejectedRecords(): Promise<number> {
    return this.#parts.ledger.counts().rejected
  }

  async complete(): Promise<void> {
    this.#parts.ledger.markEnded()
  }

  async close(): Promise<void> {
    const { database, rejects, lock } = this.#parts
    try {
      await rejects.close()
    } finally {
      database.close()
      lock.release()
    }
  }

  async #insertRows(document: DoneDocument, refused: Refusals): Promise<void> {
    const { form, rejects } = this.#parts
    for await (const lines of recordLines(document.records)) {
      for (const line of lines) {
        const cells = form.cells(line)
        const refusal = isRefusal(cells) ? cells : this.#insert(line, cells)
        if (refusal === undefined) continue
        await rejects.refuse(line, refusal)
        refused.add(document, refusal)
      }
      if (lines.length > 1) await nextTurn()
    }
  }

  #insert(line: RecordLine, cells: readonly TableCell[]) {
    const insert = this.#insertInto(this.#parts.form.tableOf(line))
    try {
      insert.run(line.url, line.n, line.row, ...cells.map(toSqlite))
      return undefined
    } catch (cause) {
      const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : 0
      if (!ROW_ERRORS.has(code)) throw cause
      return { reason: cause instanceof Error ? cause.message : String(cause) }
    }
  }

  /** The statement for a table, which is made if it is not there. */
  #insertInto(table: string): StatementSync {
    const known = this.#inserts.get(table)
    if (known !== undefined) return known
    const { output, database, form } = this.#parts
    const names = [...PLACE, ...form.names]
    const present = database
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => String(name).toLowerCase())
    if (present.length === 0) this.#makeTable(table)
    else {
      const missing = names.filter((name) => !present.includes(name.toLowerCase()))
      if (missing.length > 0)
        throw new MillError(
          'OUTPUT_FAILED',
          `the table ${table} of ${output} has no column ${missing.join(', ')}; give another --table`,
        )
    }
    const insert = database.prepare(
      `INSERT INTO ${quoted(table)} (${list(names)}) VALUES (${names.map(() => '?').join(', ')})
       ON CONFLICT (${list(form.key)}) DO UPDATE SET ${names.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`,
    )
    this.#note(FED, table)
    this.#inserts.set(table, insert)
    return insert
  }

  #note(what: string, table: string): void {
    const { ledger } = this.#parts
    const names = namesIn(ledger.meta(what))
    if (!names.includes(table)) ledger.setMeta(what, JSON.stringify([...names, table]))
  }

  #makeTable(table: string): void {
    const { database, form } = this.#parts
    // Without a type a column keeps text as text and numbers as numbers.
    const type = form.isJson ? ' TEXT' : ''
    const columns = ['url TEXT NOT NULL', 'n INTEGER NOT NULL', 'row INTEGER NOT NULL']
    for (const name of form.names) columns.push(`${quoted(name)}${type}`)
    database.exec(`CREATE TABLE ${quoted(table)} (${columns.join(', ')}, PRIMARY KEY (${list(form.key)}))`)
    if (form.key !== PLACE) database.exec(`CREATE INDEX ${quoted(`${table}_url`)} ON ${quoted(table)} (url)`)
    this.#note(MADE, table)
    if (form.key !== PLACE) this.#parts.ledger.setMeta(KEYED, 'yes')
  }

  #deleteRows({ document }: DoneDocument): void {
    for (const table of namesIn(this.#parts.ledger.meta(FED))) {
      const known = this.#deletes.get(table)
      const statement = known ?? this.#parts.database.prepare(`DELETE FROM ${quoted(table)} WHERE url = ?`)
      if (known === undefined) this.#deletes.set(table, statement)
      // As the records have it.
      statement.run(redactUrl(document.url))
    }
  }
}

/** As text, which JSON is here as well: what it would take for bytes are blobs. */
function toSqlite(cell: TableCell): string | number | null {
  if (typeof cell === 'boolean') return Number(cell)
  return cell instanceof Uint8Array ? asBuffer(cell).toString() : cell
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(', ')
}
