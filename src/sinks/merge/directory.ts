/** Directories with a file for each document. */
import { constants } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'
import { join } from 'node:path'
import { hasFailpoint } from '../../failpoint.ts'
import type { LedgerRow } from '../../ledger/ledger.ts'
import { openDirectoryLedger, placeFiles } from '../directory.ts'
import type { Choice } from './choice.ts'
import type { MergeTarget, MergeTargetRequest } from './target.ts'

/** Files that one commit tells of: a sync of the directory is shared among them. Tests that kill at the fifth commit want five. */
const COMMIT_FILES = hasFailpoint ? 3 : 256

/** @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED, PART_INCOMPLETE */
export async function openDirectoryTarget({ output, shape, rejects }: MergeTargetRequest): Promise<MergeTarget> {
  const request = { output, shape, rejects, options: { existing: 'resume' }, stage: 'merging' } as const
  const beside = await openDirectoryLedger(request)
  const { ledger } = beside
  const commit = async (part: string, rows: readonly LedgerRow[]) => {
    const files = rows.flatMap(({ placement }) =>
      placement?.file === undefined ? [] : [namedFile(part, placement.file)],
    )
    await placeFiles(output, ledger, files)
    ledger.commit({ rows })
  }
  return {
    ledger,
    rejects: beside.rejects,
    async take(part, choice: Choice) {
      let rows: LedgerRow[] = []
      for (const row of part.ledger.rows('seq')) {
        if (!choice.takes(row)) continue
        rows.push(row)
        if (rows.length < COMMIT_FILES) continue
        await commit(part.path, rows)
        rows = []
      }
      if (rows.length > 0) await commit(part.path, rows)
    },
    close: () => beside.close(),
  }
}

/** A document has the same name in every directory: it is made of its URL. */
function namedFile(part: string, name: string): Parameters<typeof placeFiles>[2][number] {
  return {
    name,
    async write(path) {
      // Where the file system can, without a byte being copied.
      await copyFile(join(part, name), path, constants.COPYFILE_FICLONE)
      const file = await open(path, 'r+')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
    },
  }
}
