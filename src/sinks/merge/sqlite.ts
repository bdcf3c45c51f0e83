/** SQLite databases: rows are moved by SQLite itself, a thousand documents a transaction, with the ledger's rows in it. */
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { MillError } from '../../errors.ts'
import { failpoint, hasFailpoint } from '../../failpoint.ts'
import type { LedgerRow } from '../../ledger/ledger.ts'
import { BUSY_TIMEOUT_MS, lockLedger, SQLITE_SETTINGS } from '../../ledger/ledger-file.ts'
import type { RunShape } from '../../ledger/run-shape.ts'
import { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import { namesIn, PLACE, quoted } from '../columns-table.ts'
import { outputFailed } from '../output-error.ts'
import { RejectsFile, rejectsName } from '../rejects.ts'
import { FED, KEYED, MADE } from '../sqlite.ts'
import type { Choice } from './choice.ts'
import type { Part } from './part.ts'
import type { MergeTarget, MergeTargetRequest } from './target.ts'

/** Documents of one transaction. Tests that kill at the fifth want five. */
const COMMIT_ROWS = hasFailpoint ? 3 : 1000

/** What the part's database is called on the output's connection. */
const PART = 'xmlmill_part'

/** @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED, PART_INCOMPLETE */
export async function openSqliteTarget({ output, shape, rejects }: MergeTargetRequest): Promise<MergeTarget> {
  const lock = lockLedger(output, output)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(output, { timeout: BUSY_TIMEOUT_MS })
    database.exec(SQLITE_SETTINGS)
    database.exec('PRAGMA temp_store = MEMORY; CREATE TEMP TABLE taking (url TEXT PRIMARY KEY) WITHOUT ROWID')
    const ledger = new SqliteLedger(database, output, shape, false, 'merging')
    const file = await RejectsFile.open(rejects, rejectsName(rejects, output), ledger, false)
    const target = new SqliteTarget(output, database, ledger, shape)
    return {
      ledger,
      rejects: file,
      take: (part, choice) => target.take(part, choice),
      async close() {
        try {
          await file.close()
        } finally {
          target.close()
          lock.release()
        }
      },
    }
  } catch (cause) {
    database?.close()
    lock.release()
    throw outputFailed(output, cause)
  }
}

class SqliteTarget {
  readonly #output: string
  readonly #database: DatabaseSync
  readonly #ledger: SqliteLedger
  readonly #key: readonly string[]

  constructor(output: string, database: DatabaseSync, ledger: SqliteLedger, shape: RunShape) {
    this.#output = output
    this.#database = database
    this.#ledger = ledger
    this.#key = shape.key === undefined ? PLACE : namesIn(shape.key)
  }

  async take(part: Part, choice: Choice): Promise<void> {
    const database = this.#database
    database.prepare(`ATTACH ? AS ${PART}`).run(part.path)
    try {
      const moves = this.#prepareTables(part)
      let rows: LedgerRow[] = []
      for (const row of part.ledger.rows('seq')) {
        if (!choice.takes(row)) continue
        rows.push(row)
        if (rows.length < COMMIT_ROWS) continue
        this.#commit(rows, moves)
        rows = []
        await nextTurn()
      }
      if (rows.length > 0) this.#commit(rows, moves)
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw outputFailed(this.#output, cause)
    } finally {
      database.exec(`DETACH ${PART}`)
    }
  }

  close(): void {
    this.#database.close()
  }

  /** Makes the part's tables where they are not there. Gives what moves the rows of the documents in `taking`, table by table. */
  #prepareTables(part: Part): readonly string[] {
    const database = this.#database
    database.exec('BEGIN IMMEDIATE')
    const moves = namesIn(part.ledger.meta(FED)).map((table) => {
      const there = this.#columnsOf('main', table)
      const columns = this.#columnsOf(PART, table)
      if (there.length === 0) this.#makeTable(table)
      else this.#checkColumns(part, table, columns, there)
      this.#note(FED, table)
      const list = columns.map(quoted).join(', ')
      const updates = columns.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')
      return `INSERT INTO main.${quoted(table)} (${list}) SELECT ${list} FROM ${PART}.${quoted(table)}
        WHERE url IN (SELECT url FROM temp.taking) ORDER BY ${this.#hasRowid(table) ? 'rowid' : PLACE.map(quoted).join(', ')}
        ON CONFLICT (${this.#key.map(quoted).join(', ')}) DO UPDATE SET ${updates}`
    })
    if (part.ledger.meta(KEYED) !== undefined) this.#ledger.setMeta(KEYED, 'yes')
    database.exec('COMMIT')
    return moves
  }

  #columnsOf(schema: string, table: string): readonly string[] {
    const rows = this.#database.prepare('SELECT name FROM pragma_table_info(?, ?)').all(table, schema)
    return rows.map(({ name }) => String(name))
  }

  #hasRowid(table: string): boolean {
    const list = this.#database.prepare('SELECT wr FROM pragma_table_list WHERE schema = ? AND name = ?')
    return list.get(PART, table)?.wr === 0
  }

  /** As the part has it, with its indexes. */
  #makeTable(table: string): void {
    const made = this.#database
      .prepare(
        `SELECT sql FROM ${PART}.sqlite_schema WHERE tbl_name = ? AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC`,
      )
      .all(table)
    for (const { sql } of made) this.#database.exec(String(sql))
    this.#note(MADE, table)
  }

  #checkColumns(part: Part, table: string, columns: readonly string[], there: readonly string[]): void {
    const names = there.map((name) => name.toLowerCase())
    const missing = columns.filter((name) => !names.includes(name.toLowerCase()))
    if (missing.length === 0) return
    throw new MillError(
      'OUTPUT_FAILED',
      `the table ${table} of ${this.#output} has no column ${missing.join(', ')}, which that of ${part.path} has`,
    )
  }

  #commit(rows: readonly LedgerRow[], moves: readonly string[]): void {
    const database = this.#database
    database.exec('BEGIN IMMEDIATE')
    database.exec('DELETE FROM temp.taking')
    const take = database.prepare('INSERT OR IGNORE INTO temp.taking (url) VALUES (?)')
    for (const { status, url } of rows) if (status === 'done') take.run(url)
    for (const move of moves) database.exec(move)
    this.#ledger.commit({ rows, within: () => failpoint('database.filled') })
  }

  #note(what: string, table: string): void {
    const names = namesIn(this.#ledger.meta(what))
    if (!names.includes(table)) this.#ledger.setMeta(what, JSON.stringify([...names, table]))
  }
}
