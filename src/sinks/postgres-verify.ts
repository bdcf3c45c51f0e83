/** Whether the tables of a PostgreSQL output have what the ledger beside them says. */
import type pg from 'pg'
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import { namesIn, quoted } from './columns-table.ts'
import { FED, MERGES } from './postgres.ts'
import { connect, databaseFailed } from './postgres-connection.ts'

interface Counts {
  readonly done: number
  readonly failed: number
  readonly records: number
}

/**
 * Looks at all of a database's outputs, as they are between two commits.
 * @throws MillError OPTIONS_INVALID where there is no ledger, OUTPUT_FAILED
 */
export async function verifyPostgres(output: string, report: (problem: string) => void): Promise<Counts> {
  const client = await connect(output)
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows } = await client.query<{ is: boolean }>("SELECT to_regclass('xmlmill_documents') IS NOT NULL AS is")
    if (rows[0]?.is !== true) throw new MillError('OPTIONS_INVALID', `${redactUrl(output)} has no ledger`)
    const outputs = await client.query<{ output: string }>('SELECT DISTINCT output FROM xmlmill_meta')
    for (const { output: scope } of outputs.rows) await verifyOutput(client, scope, report)
    const counts = await client.query<{ done: string; failed: string; records: string }>(
      `SELECT count(*) FILTER (WHERE status = 'done') AS done, count(*) FILTER (WHERE status = 'failed') AS failed,
       coalesce(sum(records_written) FILTER (WHERE status = 'done'), 0) AS records FROM xmlmill_documents`,
    )
    const [row] = counts.rows
    return { done: Number(row?.done), failed: Number(row?.failed), records: Number(row?.records) }
  } catch (cause) {
    throw databaseFailed(output, cause)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Where rows replace each other, documents may have fewer of them than they had, and others' rows may be there. */
async function verifyOutput(client: pg.Client, scope: string, report: (problem: string) => void): Promise<void> {
  const meta = await client.query<{ name: string; value: string }>(
    'SELECT name, value FROM xmlmill_meta WHERE output = $1',
    [scope],
  )
  const values = new Map(meta.rows.map(({ name, value }) => [name, value]))
  const merges = values.has(MERGES)
  const tables = namesIn(values.get(FED)).map((table) => `SELECT url FROM ${quoted(table)}`)
  const all = tables.length === 0 ? 'SELECT NULL::text AS url WHERE false' : tables.join(' UNION ALL ')
  const differing = await client.query<{ url: string; expected: string; found: string }>(
    `SELECT coalesce(documents.url, found.url) AS url, coalesce(expected, 0) AS expected, coalesce(rows, 0) AS found
     FROM (SELECT url, sum(records_written) AS expected FROM xmlmill_documents
           WHERE output = $1 AND status = 'done' GROUP BY url) AS documents
     ${merges ? 'LEFT' : 'FULL'} JOIN (SELECT url, count(*) AS rows FROM (${all}) AS every GROUP BY url) AS found USING (url)
     WHERE coalesce(rows, 0) ${merges ? '>' : '<>'} coalesce(expected, 0)`,
    [scope],
  )
  for (const { url, expected, found } of differing.rows)
    report(`${url}: it has ${found} rows, the ledger counts ${expected}`)
}
