/**
 * A file without the lines that were superseded by --update, made once at the end of a run.
 *
 * The new file is written beside and synced; the ledger notes the new places in a table of its own; the new file takes the old one's
 * name; the ledger takes over the new places. A kill before the name has changed leaves the new file beside: it is thrown
 * away. A kill after it leaves the note without that file: the places are taken over at the next opening.
 */
import { existsSync, realpathSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { MovedDocument } from '../ledger/commit.ts'
import type { SqliteLedger } from '../ledger/sqlite-ledger.ts'
import { AppendFile, syncDirectory } from './append-file.ts'
import { outputFailed } from './output-error.ts'
import { RecordsReader } from './records-reader.ts'

const NAME = 'records'

/** The file itself, where a link leads to it, and the new one beside it; compressed as the output's name says. */
function pathsOf(output: string): { readonly path: string; readonly beside: string } {
  const path = existsSync(output) ? realpathSync(output) : output
  return { path, beside: join(dirname(path), `.rewrite-${basename(output)}`) }
}

/**
 * Writes the file again with nothing in it but what the ledger places, in the order in which the documents were first listed.
 * @param headBytes what stands before all documents and stays, before compression
 * @throws MillError OUTPUT_FAILED
 */
export async function rewriteWithout(ledger: SqliteLedger, file: AppendFile, headBytes = 0): Promise<void> {
  const { path, beside } = pathsOf(file.path)
  if (headBytes + ledger.counts().bytes === file.plainBytes) {
    ledger.endSuperseding()
    return
  }
  try {
    await rm(beside, { force: true })
    const handle = await open(path, 'r')
    const next = await AppendFile.open(beside, NAME, { bytes: 0, plainBytes: 0 })
    try {
      const reader = new RecordsReader(handle, file.path, ledger, NAME)
      ledger.beginMoving()
      for await (const chunk of reader.read(0, headBytes)) await next.append(chunk)
      let moved: MovedDocument[] = []
      for (const { seq, url, offset, length, crc32: expected } of ledger.placed('seq')) {
        const placed = next.plainBytes
        let sum = 0
        for await (const chunk of reader.read(offset, length)) {
          sum = crc32(chunk, sum)
          await next.append(chunk)
        }
        if (sum !== expected) {
          throw new MillError(
            'OUTPUT_FAILED',
            `${path}: the records of ${url} are not what was written; see xmlmill verify`,
          )
        }
        moved.push({ seq, offset: placed })
        if (moved.length === 1000) {
          ledger.addMoved(moved)
          moved = []
        }
      }
      const commit = await next.synced()
      failpoint('rewrite.written')
      ledger.noteMoved(moved, commit)
      failpoint('rewrite.noted')
    } finally {
      await next.close()
      await handle.close()
    }
    await finishRewrite(ledger, file.path)
  } catch (cause) {
    throw outputFailed(path, cause)
  }
}

/** Takes a noted rewrite to its end, or throws away one that was not noted. */
export async function finishRewrite(ledger: SqliteLedger, output: string): Promise<void> {
  const { path, beside } = pathsOf(output)
  const isNoted = ledger.hasNotedMove
  if (existsSync(beside)) {
    if (!isNoted) {
      await rm(beside, { force: true })
      return
    }
    await rename(beside, path)
    failpoint('rewrite.renamed')
  }
  if (!isNoted) return
  await syncDirectory(dirname(path))
  ledger.takeMoved()
  failpoint('rewrite.done')
}
