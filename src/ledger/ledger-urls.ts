/**
 * What a ledger knows by URL, for outputs whose rows say their document by nothing else. A URL that was listed several times, and kept, is that of
 * several documents.
 */
import type { DatabaseSync } from 'node:sqlite'

export class LedgerUrls {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Of done documents, each with the records written of all its documents. */
  *withRecords(): Generator<{ readonly url: string; readonly records: number }> {
    const rows = this.#database
      .prepare("SELECT url, sum(records_written) AS records FROM xmlmill_documents WHERE status = 'done' GROUP BY url")
      .iterate()
    for (const { url, records } of rows) yield { url: String(url), records: Number(records) }
  }

  /** Of done documents whose records are in this file of several, or in one that is not known. */
  *in(file: string): Generator<string> {
    const rows = this.#database
      .prepare("SELECT url FROM xmlmill_documents WHERE status = 'done' AND (file = ? OR file IS NULL)")
      .iterate(file)
    for (const { url } of rows) yield String(url)
  }

  /** One that several done documents have, if there is any. */
  repeated(): string | undefined {
    const row = this.#database
      .prepare("SELECT url FROM xmlmill_documents WHERE status = 'done' GROUP BY url HAVING count(*) > 1 LIMIT 1")
      .get()
    return row === undefined ? undefined : String(row.url)
  }
}
