/** Whether the tables of an SQLite output have what the ledger in it says. */
import { DatabaseSync } from 'node:sqlite'
import { namesIn, quoted } from './columns-table.ts'
import { FED, KEYED } from './sqlite.ts'

/** What is wrong, a sentence each. With --key rows replace each other: then documents may have fewer of them than they had. */
export function* sqliteProblems(output: string): Generator<string> {
  const database = new DatabaseSync(output, { readOnly: true })
  try {
    const meta = (name: string) => database.prepare('SELECT value FROM xmlmill_meta WHERE name = ?').get(name)?.value
    const tables = namesIn(meta(FED))
    const all = tables.map((table) => `SELECT url FROM ${quoted(table)}`).join(' UNION ALL ')
    const isKeyed = meta(KEYED) !== undefined
    const rows = database
      .prepare(`WITH counted AS (SELECT url, count(*) AS rows FROM (${all === '' ? "SELECT '' AS url WHERE 0" : all}) GROUP BY url)
        SELECT documents.url, documents.records_written AS expected, coalesce(counted.rows, 0) AS rows
        FROM (SELECT url, sum(records_written) AS records_written FROM xmlmill_documents WHERE status = 'done' GROUP BY url) AS documents
        LEFT JOIN counted USING (url)
        WHERE ${isKeyed ? 'coalesce(counted.rows, 0) > documents.records_written' : 'coalesce(counted.rows, 0) <> documents.records_written'}`)
      .iterate()
    for (const { url, expected, rows: count } of rows)
      yield `${url}: it has ${count} rows, the ledger counts ${expected}`
    const strangers = database
      .prepare(`SELECT DISTINCT url FROM (${all === '' ? "SELECT '' AS url WHERE 0" : all})
        WHERE url NOT IN (SELECT url FROM xmlmill_documents WHERE status = 'done')`)
      .iterate()
    for (const { url } of strangers) yield `${url}: it has rows, and the ledger does not know it as done`
  } finally {
    database.close()
  }
}
