/** Where the ledger of an output of files is, and what it calls the files. */
import { join } from 'node:path'

/** Our own corner of a directory: the ledger and the files that have no name yet. */
export const CORNER = '.xmlmill'

/** A file of records. */
export const RECORDS = 'records'

/** The file of lines in a directory of Parquet files. */
export const LINES = 'lines'

/** Where the ledger of a file is. */
export function ledgerPathOf(output: string): string {
  return `${output}.xmlmill`
}

/** Where the ledger of a directory is. */
export function ledgerPathIn(output: string): string {
  return join(output, CORNER, 'ledger')
}
