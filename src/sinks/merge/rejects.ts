/** The rejects of a part, behind those of the output. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { splitLines } from '../../channel/lines.ts'
import { MillError } from '../../errors.ts'
import type { Choice } from './choice.ts'
import type { Part } from './part.ts'
import type { MergeTarget } from './target.ts'

/** What the ledger of a merged output calls the bytes of rejects that it has of each part: by the part's id, file by file. */
const TAKEN = 'rejects taken'

const READ_BYTES = 1 << 20
const LF = Buffer.from('\n')

/**
 * Takes the rejects in one commit with the note that they are taken, before any document of the part: so at the second try of a merge that was
 * killed it is known that they are there, and which documents were in the output before them.
 * @throws MillError OUTPUT_FAILED
 */
export async function takeRejects(part: Part, target: MergeTarget, choice: Choice): Promise<void> {
  const taken: Record<string, readonly number[]> = JSON.parse(target.ledger.meta(TAKEN) ?? '{}')
  const before = taken[part.id] ?? []
  const isThere = part.rejects.every(({ bytes }, place) => (before[place] ?? 0) >= bytes)
  if (isThere) return
  const left = urlsLeft(part, choice)
  for (const [place, { path, bytes: to }] of part.rejects.entries()) {
    const chunks = readChunks(path, before[place] ?? 0, wantedBytes(part.path, path, to))
    for (const bytes of left.size === 0 ? chunks : linesWithout(left, chunks)) await target.rejects.add(bytes)
  }
  const files = await target.rejects.synced()
  const now = { ...taken, [part.id]: part.rejects.map(({ bytes }) => bytes) }
  target.ledger.commit({ rows: [], files, within: () => target.ledger.setMeta(TAKEN, JSON.stringify(now)) })
  target.rejects.committed(files)
}

/** Whoever has emptied the file is done with what was in it; one that is not there may have been left behind where the part comes from. */
function wantedBytes(part: string, path: string, counted: number): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined)
    throw new MillError(
      'OUTPUT_FAILED',
      `the rejects of ${part} (${counted} bytes) are not in ${path}: put them there, or an empty file to do without them`,
    )
  return size === 0 ? 0 : counted
}

/** The documents with rejects that are not taken; where one of several by the same URL is, it is better to have rejects twice than not. */
function urlsLeft({ ledger }: Part, choice: Choice): ReadonlySet<string> {
  const left = new Set<string>()
  const taken = new Set<string>()
  for (const row of ledger.rows('seq')) if (row.recordsRejected > 0) (choice.takes(row) ? taken : left).add(row.url)
  for (const url of taken) left.delete(url)
  return left
}

function* linesWithout(urls: ReadonlySet<string>, chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const line of splitLines(chunks)) {
    const { url }: { readonly url?: string } = JSON.parse(line.toString())
    if (url === undefined || !urls.has(url)) yield Buffer.concat([line, LF])
  }
}

/** Bytes of a file, in buffers that are not used again: a line may be in several. */
function* readChunks(path: string, from: number, to: number): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r')
  try {
    for (let at = from; at < to; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at))
      const bytesRead = readSync(descriptor, buffer, 0, buffer.byteLength, at)
      if (bytesRead === 0) throw new MillError('OUTPUT_FAILED', `${path} is shorter than its ledger says`)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    closeSync(descriptor)
  }
}
