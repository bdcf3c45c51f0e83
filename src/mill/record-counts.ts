/** Where a document's records have gone: every one is in the output, among the rejects, or dropped by the transform. */
import { MillError } from '../errors.ts'
import type { DocumentFacts } from '../model.ts'
import { redactUrl } from '../redact.ts'
import type { Refused, Sink } from '../sinks/sink.ts'

/** A reason may quote data. */
const MAX_REASON_CHARACTERS = 300

/**
 * Every record is somewhere: a mistake here would be silent loss.
 * @throws MillError INTERNAL, which stops the run
 */
export function checkCounts(
  url: string,
  facts: DocumentFacts,
  arrived: { readonly records: number; readonly rejects: number },
  hasTransform: boolean,
): void {
  const { recordsSeen, recordsWritten, recordsRejected, notes } = facts
  const dropped = notes.droppedByTransform ?? 0
  // A transform may make several rows of a record: at least one of each that it neither refused nor dropped.
  const kept = recordsSeen - recordsRejected - dropped
  const isWhole = hasTransform ? kept >= 0 && recordsWritten >= kept : recordsWritten === kept
  if (isWhole && arrived.records === recordsWritten && arrived.rejects === recordsRejected) return
  throw new MillError(
    'INTERNAL',
    `${redactUrl(url)}: ${recordsSeen} records were seen; ${recordsWritten} written (${arrived.records} arrived), ` +
      `${recordsRejected} rejected (${arrived.rejects} arrived), ${dropped} dropped by the transform`,
  )
}

/** The facts of a document of which the output has put some records among the rejects. */
export function withRefused(facts: DocumentFacts, refused: Refused | undefined): DocumentFacts {
  if (refused === undefined) return facts
  const { recordsWritten, recordsRejected, rejections = [] } = facts
  const { records, reason, gap } = refused
  return {
    ...facts,
    recordsWritten: recordsWritten - records,
    recordsRejected: recordsRejected + records,
    rejections: [
      ...rejections,
      { code: 'RECORD_REFUSED', count: records, reason: reason.slice(0, MAX_REASON_CHARACTERS) },
    ],
    ...(gap !== undefined && { columnGap: gap }),
  }
}

/**
 * The facts of a document of which the transform has rejected some records.
 * @param reason that of the first, see firstReason
 */
export function withReason(facts: DocumentFacts, reason: string | undefined): DocumentFacts {
  if (facts.recordsRejected === 0) return facts
  const rejection = { code: 'TRANSFORM_THREW', count: facts.recordsRejected, reason: reason ?? '' } as const
  return { ...facts, rejections: [rejection] }
}

/** Of lines for the file of rejects: why the first one is there. The record, which may be large, is not read. */
export function firstReason(lines: Uint8Array): string | undefined {
  const { buffer, byteOffset, byteLength } = lines
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const end = bytes.indexOf(',"record":')
  const head: unknown = end === -1 ? undefined : JSON.parse(`${bytes.toString('utf8', 0, end)}}`)
  if (typeof head !== 'object' || head === null || !('reason' in head)) return undefined
  return String(head.reason).slice(0, MAX_REASON_CHARACTERS)
}

/** All of a run's records: as many as were given to the output are in it or among the rejects in the end. */
export class RecordTally {
  #delivered = 0
  #settled = 0
  #rejected = 0
  /** Whether more of a document's records were refused than it had. */
  #isOverdrawn = false

  /** What earlier runs have left among the rejects. */
  async rejectedBefore(sink: Sink): Promise<number> {
    return ((await sink.rejectedRecords?.()) ?? 0) - this.#rejected
  }

  /** A document is on its way to the output. */
  delivered({ recordsWritten, recordsRejected }: DocumentFacts): void {
    this.#delivered += recordsWritten + recordsRejected
  }

  /** The output has it, or has refused some of it (see withRefused). */
  settled({ recordsWritten, recordsRejected }: DocumentFacts): void {
    this.#isOverdrawn ||= recordsWritten < 0
    this.#settled += recordsWritten + recordsRejected
    this.#rejected += recordsRejected
  }

  /**
   * Call when everything is written.
   * @throws MillError INTERNAL
   */
  check(): void {
    if (this.#delivered === this.#settled && !this.#isOverdrawn) return
    throw new MillError(
      'INTERNAL',
      `${this.#delivered} records were given to the output, and it has accounted for ${this.#settled}`,
    )
  }
}
