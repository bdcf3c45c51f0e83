/** The tables of records in a PostgreSQL database: made, checked, filled. */
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from } from 'pg-copy-streams'
import { MillError } from '../errors.ts'
import { PLACE, quoted, type TableForm } from './columns-table.ts'
import { COPY_HEAD, COPY_TAIL } from './postgres-rows.ts'

/** A table that rows go to. */
export interface Table {
  readonly name: string
  /** Whether xmlmill made it, as it still is, and rows are told apart by url and n: then there is never a row to replace, and none is looked for. */
  readonly isDirect: boolean
  /** Column -> its type. */
  readonly types: ReadonlyMap<string, string>
}

/** The types of a table's columns; empty where there is no such table. */
export async function columnTypes(client: pg.Client, name: string): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [quoted(name)],
  )
  return new Map(rows.map((row) => [row.name, row.type]))
}

/**
 * Whether there are tables that xmlmill has not made, to which records may go: their types may refuse a row.
 * @param only the name of the one table that records go to, where there is one
 */
export async function hasOthers(
  client: pg.Client,
  made: readonly string[],
  only: string | undefined,
): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(
    `SELECT EXISTS (
       SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE nspname = ANY (current_schemas(false)) AND relkind IN ('r', 'p', 'v', 'm', 'f')
         AND relname NOT LIKE 'xmlmill\\_%' AND relname <> ALL ($1) AND relname = coalesce($2, relname)) AS is`,
    [made, only ?? null],
  )
  return rows[0]?.is !== false
}

/** @throws MillError OUTPUT_FAILED */
export function checkColumns(name: string, types: ReadonlyMap<string, string>, form: TableForm): void {
  const missing = [...PLACE, ...form.names].filter((column) => !types.has(column))
  if (missing.length === 0) return
  throw new MillError(
    'OUTPUT_FAILED',
    `the table ${name} is there and has no column ${missing.join(', ')}; add it, or give another --table`,
  )
}

/** What the binary format of COPY must be right about. */
const PLACE_TYPES: Readonly<Record<(typeof PLACE)[number], string>> = { url: 'text', n: 'bigint', row: 'bigint' }

function columnType({ isJson }: TableForm): string {
  return isJson ? 'jsonb' : 'text'
}

/** Whether the columns are of the types that `makeTable` gives them: somebody may have changed them since. */
export function isAsMade(types: ReadonlyMap<string, string>, form: TableForm): boolean {
  const type = columnType(form)
  return (
    PLACE.every((name) => types.get(name) === PLACE_TYPES[name]) && form.names.every((name) => types.get(name) === type)
  )
}

export async function makeTable(client: pg.Client, name: string, form: TableForm): Promise<void> {
  const columns = PLACE.map((name) => `${quoted(name)} ${PLACE_TYPES[name]} NOT NULL`)
  for (const column of form.names) columns.push(`${quoted(column)} ${columnType(form)}`)
  await client.query(`CREATE TABLE ${quoted(name)} (${columns.join(', ')}, PRIMARY KEY (${list(form.key)}))`)
  if (form.key !== PLACE) await client.query(`CREATE INDEX ON ${quoted(name)} (url)`)
}

/**
 * One COPY, in its binary format, for as long as nothing else is said to the server. Rows go on one behind the other: a COPY of its own
 * for each half a megabyte left the server waiting half of the time.
 */
export class OpenCopy {
  readonly into: string
  readonly #stream: ReturnType<typeof from>
  readonly #done: Promise<void>

  constructor(client: pg.Client, into: string, columns: readonly string[]) {
    this.into = into
    this.#stream = client.query(from(`COPY ${into} (${list(columns)}) FROM STDIN (FORMAT binary)`))
    this.#stream.write(COPY_HEAD)
    this.#done = finished(this.#stream)
    // Thrown where it is awaited.
    this.#done.catch(() => {})
  }

  /** Resolves when more may come; rejects when the server has refused what came before. */
  async write(rows: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stream.write(rows, () => resolve())
    await Promise.race([promise, this.#done])
  }

  /** Resolves when the server has taken all of it. */
  async end(): Promise<void> {
    this.#stream.end(COPY_TAIL)
    await this.#done
  }
}

const STAGE = 'pg_temp.xmlmill_stage'

/** The column of the stage that says which of the rows one is. */
export const STAGED = 'xmlmill staged'

/** An empty table of this connection alone, its columns text: what a column's type does not take is then seen row by row. */
export async function openStage(client: pg.Client, form: TableForm): Promise<string> {
  const columns = [STAGED, ...PLACE, ...form.names].map((name) => `${quoted(name)} text`)
  await client.query(
    `SET LOCAL client_min_messages = warning;
     CREATE TEMPORARY TABLE IF NOT EXISTS xmlmill_stage (${columns.join(', ')}) ON COMMIT DELETE ROWS; TRUNCATE ${STAGE}`,
  )
  return STAGE
}

/** Rows that hold what a column's type does not take, with the column; they leave the stage. */
export async function takeMisfits(
  client: pg.Client,
  { types }: Table,
  form: TableForm,
): Promise<readonly { readonly staged: number; readonly reason: string }[]> {
  const typed = [...form.names].filter((name) => types.get(name) !== 'text')
  // Since PostgreSQL 16 it can be asked what a type takes; before, such a row fails the run.
  const { rows: versions } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  )
  if (typed.length === 0 || Number(versions[0]?.version) < 160_000) return []
  const reasons = typed.map(
    (name) =>
      `WHEN NOT pg_input_is_valid(${quoted(name)}, ${literal(types.get(name) ?? '')}) THEN ${literal(`${name} is no ${types.get(name)}`)}`,
  )
  const { rows } = await client.query<{ staged: string; reason: string }>(
    `WITH judged AS (SELECT ctid, ${quoted(STAGED)} AS staged, CASE ${reasons.join(' ')} END AS reason FROM ${STAGE})
     DELETE FROM ${STAGE} AS stage USING judged WHERE stage.ctid = judged.ctid AND judged.reason IS NOT NULL
     RETURNING judged.staged, judged.reason`,
  )
  return rows.map(({ staged, reason }) => ({ staged: Number(staged), reason }))
}

/** Moves the stage into the table; of rows with the same key the last one stays. */
export async function merge(client: pg.Client, { name, types }: Table, form: TableForm): Promise<void> {
  const columns = [...PLACE, ...form.names]
  const values = columns.map((column) => `${quoted(column)}::${types.get(column) ?? 'text'}`)
  await client.query(
    `INSERT INTO ${quoted(name)} (${list(columns)})
     SELECT ${values.join(', ')} FROM (
       SELECT DISTINCT ON (${list(form.key)}) * FROM ${STAGE} ORDER BY ${list(form.key)}, ${quoted(STAGED)}::bigint DESC
     ) AS last ORDER BY ${quoted(STAGED)}::bigint
     ON CONFLICT (${list(form.key)}) DO UPDATE SET ${columns.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ')}`,
  )
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(', ')
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
