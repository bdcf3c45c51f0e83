/** Whether the parts of a Parquet output have every document's rows, as its ledger says. */
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { namesIn } from './columns-table.ts'
import { linesPathIn, PARTS } from './parquet.ts'
import { PartFile } from './parquet-part.ts'
import { recordLines } from './record-lines.ts'

/**
 * What is wrong, a sentence each. With --bare rows do not say whose they are: then only all of them are counted.
 */
export async function* parquetProblems(output: string, ledger: SqliteLedger): AsyncGenerator<string> {
  const tally = new Tally()
  const isBare = 'bare' in JSON.parse(ledger.meta('shape') ?? '{}')
  for (const part of namesIn(ledger.meta(PARTS))) {
    const path = join(output, part)
    try {
      const file = await PartFile.open(path)
      // Rows of documents that --update has put into another part go at the end of its run.
      const current = ledger.isSuperseding ? new Set(ledger.urls.in(part)) : undefined
      if (isBare) tally.rows += file.rows
      else
        for (const { url, n } of await file.read(['url', 'n']))
          if (current?.has(String(url)) !== false) tally.add(url, Number(n))
    } catch (cause) {
      yield existsSync(path)
        ? `${path} is no Parquet file: ${cause instanceof Error ? cause.message : String(cause)}`
        : `${path} is gone`
    }
  }
  const committed = ledger.position('lines')?.bytes ?? 0
  if (committed > 0) {
    const waiting = {
      async *read() {
        for await (const chunk of createReadStream(linesPathIn(output), { end: committed - 1 }))
          yield Buffer.from(chunk)
      },
    }
    for await (const lines of recordLines(waiting)) for (const { url, n } of lines) tally.add(url, n)
  }
  const { records } = ledger.counts()
  if (tally.rows !== records) yield `${output} has ${tally.rows} rows, the ledger counts ${records}`
  for (const url of tally.disordered) yield `${url}: its rows are not in order`
  if (!isBare) yield* differences(tally.rowsByUrl, ledger)
}

function* differences(rowsByUrl: Map<unknown, number>, ledger: SqliteLedger): Generator<string> {
  for (const { url, records } of ledger.urls.withRecords()) {
    const rows = rowsByUrl.get(url) ?? 0
    if (rows !== records) yield `${url}: it has ${rows} rows, the ledger counts ${records}`
    rowsByUrl.delete(url)
  }
  for (const [url] of rowsByUrl) yield `${url}: it has rows, and the ledger does not know it as done`
}

class Tally {
  rows = 0
  readonly rowsByUrl = new Map<unknown, number>()
  readonly disordered = new Set<unknown>()
  #last: { readonly url: unknown; readonly n: number } | undefined

  add(url: unknown, n: number): void {
    this.rows += 1
    this.rowsByUrl.set(url, (this.rowsByUrl.get(url) ?? 0) + 1)
    // A document that is listed twice begins again.
    if (this.#last !== undefined && url === this.#last.url && n < this.#last.n && n !== 0) this.disordered.add(url)
    this.#last = { url, n }
  }
}
