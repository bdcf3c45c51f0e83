/** Whether the parts of a Parquet output have as many rows as its ledger says. */
import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { namesIn } from './columns-table.ts'
import { linesPathIn, PARTS } from './parquet.ts'

const LF = 0x0a

/** What is wrong, a sentence each. Rows are counted by the parts' footers, those to come by their lines. */
export async function* parquetProblems(output: string, ledger: SqliteLedger): AsyncGenerator<string> {
  let rows = 0
  for (const part of namesIn(ledger.meta(PARTS))) {
    const path = join(output, part)
    try {
      const { buffer, byteOffset, byteLength } = await readFile(path)
      const file = buffer.slice(byteOffset, byteOffset + byteLength)
      rows += Number(parquetMetadata(file).num_rows)
    } catch (cause) {
      yield existsSync(path)
        ? `${path} is no Parquet file: ${cause instanceof Error ? cause.message : String(cause)}`
        : `${path} is gone`
    }
  }
  const committed = ledger.position('lines')?.bytes ?? 0
  if (committed > 0) {
    for await (const chunk of createReadStream(linesPathIn(output), { end: committed - 1 }))
      for (const byte of Buffer.from(chunk)) if (byte === LF) rows += 1
  }
  const { records } = ledger.counts()
  if (rows !== records) yield `${output} has ${rows} rows, the ledger counts ${records}`
}
