/** A file of records that its ledger knows, whatever the records look like: NDJSON or rows of CSV. */
import { existsSync, statSync } from 'node:fs'
import { MillError } from '../errors.ts'
import { lockLedger, removeLedger } from '../ledger/ledger-file.ts'
import { AppendFile } from './append-file.ts'
import { ledgerPathOf, RECORDS } from './ledger-place.ts'
import { OutputLedger, type OutputLedgerRequest } from './output-ledger.ts'
import { finishRewrite } from './rewrite.ts'

export interface RecordFile {
  readonly file: AppendFile
  readonly beside: OutputLedger
}

/**
 * Opens the file, compressed as its name says, where its ledger says that it ended.
 * @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openRecordFile(request: OutputLedgerRequest): Promise<RecordFile> {
  const { output, options } = request
  const ledgerPath = ledgerPathOf(output)
  const lock = lockLedger(ledgerPath, output)
  try {
    if (options.existing === 'replace') removeLedger(ledgerPath)
    else if (!existsSync(ledgerPath) && existsSync(output) && statSync(output).size > 0)
      throw new MillError('OUTPUT_EXISTS', `${output} exists, has data in it, and no ledger beside it`)
  } catch (cause) {
    lock.release()
    throw cause
  }
  const beside = await OutputLedger.open(ledgerPath, lock, request)
  try {
    await finishRewrite(beside.ledger, output)
    const position = beside.ledger.position(RECORDS) ?? { bytes: 0, plainBytes: 0 }
    const file = await AppendFile.open(output, RECORDS, position)
    // From now on a file without its ledger is not ours.
    beside.ledger.commit({ rows: [], files: [{ name: RECORDS, position, members: [] }] })
    if (options.existing === 'update') beside.ledger.markSuperseding()
    return { file, beside }
  } catch (cause) {
    await beside.close()
    throw cause
  }
}
