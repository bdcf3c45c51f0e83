/**
 * What the page of a report is given, as JSON. The overview is bounded (about 100 KB) however long the run; the rows, a line each
 * document, come in chunks of their own.
 */
import type { RunSetting } from '../events.ts'
import type { CountedNote } from '../notes.ts'
import type { RunFigures } from '../run-figures.ts'
import type { Summary } from '../summary-fold.ts'
import type { Verdict } from '../verdict.ts'

export interface ReportOverview {
  /** Of this shape. */
  readonly version: 1
  readonly program: string
  /** Whether the run is over. */
  readonly hasEnded: boolean
  readonly setting?: RunSetting
  /** Something that a reader must know of where the report comes from. */
  readonly remarks: readonly string[]
  readonly summary: Summary
  readonly figures: RunFigures
  readonly verdict: Verdict
  readonly throughput: Bins<ThroughputSeries>
  readonly load: Bins<LoadSeries>
  readonly lanes: readonly Lane[]
  readonly sizes: Distribution
  readonly downloadTimes: Distribution
  readonly documentTimes: Distribution
  /** Those with the most documents, and how many there are. */
  readonly hosts: readonly HostRow[]
  readonly hostCount: number
  readonly notes: readonly CountedNote[]
  /** Whether whoever told the events counted notes at all: a ledger does not. */
  readonly hasNotes: boolean
  /** While the run lasts: attempts whose documents are not through their threads yet, those that take the longest first. */
  readonly underWay: readonly UnderWay[]
  /** While the run lasts: hosts that are left alone, and until when. */
  readonly cooling: readonly { readonly host: string; readonly untilMs: number }[]
  /** Attempts that failed and were followed by another, the first of them: they have no row. */
  readonly failedAttempts: readonly FailedAttempt[]
  /** Documents that have a row, and finished ones that do not because they are too many. */
  readonly rows: number
  readonly rowsLeftOut: number
}

export interface UnderWay {
  readonly url: string
  readonly attempt: number
  readonly startMs: number
  readonly wireBytes: number
  /** What the server announced; 0 when it did not. */
  readonly totalBytes: number
  readonly isDownloaded: boolean
}

export type ThroughputSeries = 'documents' | 'failed' | 'wireBytes' | 'records'
/** Milliseconds of the bin times: downloads, documents in threads; and milliseconds in which something held the next document back. */
export type LoadSeries = 'downloading' | 'attempting' | 'manners' | 'output' | 'list' | 'retries' | 'slots'
export type Phase = 'waiting' | 'downloading' | 'parsing' | 'transforming' | 'writing' | 'retrying'

/** Sums by stretches of time of one width, from the start of the run. */
export interface Bins<Series extends string> {
  readonly binMs: number
  readonly count: number
  readonly series: Readonly<Record<Series, readonly number[]>>
}

/** A thread's time by what it was spent on. Documents overlap in a thread, so a bin may hold more than its own width. */
export interface Lane extends Bins<Phase> {
  /** Threads are counted from 1, in the order in which they first gave something back. */
  readonly thread: number
}

/** Values counted in bins that grow by the same factor. */
export interface Distribution {
  /** Where each bin ends; it begins where the one before ends. */
  readonly ends: readonly number[]
  readonly counts: readonly number[]
  readonly median: number
  readonly p95: number
  readonly max: number
}

export interface HostRow {
  readonly host: string
  readonly done: number
  readonly failed: number
  readonly retries: number
  readonly wireBytes: number
  readonly medianDownloadMs: number
  readonly p95DownloadMs: number
  /** Of one connection. */
  readonly bytesPerSecond: number
}

export interface FailedAttempt {
  readonly id: number
  readonly thread: number
  readonly startMs: number
  readonly endMs: number
  readonly code: string
}

/** Rows in a chunk; only the last one has fewer. */
export const CHUNK_ROWS = 1000

/** Some rows, by columns. */
export interface RowChunk {
  readonly id: readonly number[]
  readonly url: readonly string[]
  readonly host: readonly string[]
  /** Empty for a document that is done, else the error code. */
  readonly code: readonly string[]
  readonly message: readonly string[]
  readonly attempts: readonly number[]
  /** As in Lane; 0 where it never came to a thread. */
  readonly thread: readonly number[]
  /** Start of the last attempt, its end in the thread, and when it was written. */
  readonly startMs: readonly number[]
  readonly endMs: readonly number[]
  readonly writtenMs: readonly number[]
  readonly downloadMs: readonly number[]
  readonly parseMs: readonly number[]
  readonly transformMs: readonly number[]
  readonly creditMs: readonly number[]
  readonly wireBytes: readonly number[]
  readonly decodedBytes: readonly number[]
  readonly records: readonly number[]
  readonly rejected: readonly number[]
}

/** A whole report, as it is embedded in a file. */
export interface ReportData {
  readonly overview: ReportOverview
  readonly chunks: readonly RowChunk[]
}

export interface PhaseTimes {
  readonly waiting: number
  readonly downloading: number
  readonly parsing: number
  readonly transforming: number
  readonly writing: number
}

/**
 * An attempt's time from start to end, shared out. Downloading and parsing overlap: what both took counts as parsing, and what is left
 * over, the time until the thread began, as waiting.
 */
export function phaseTimes(
  totalMs: number,
  times: {
    readonly downloadMs: number
    readonly parseMs: number
    readonly transformMs: number
    readonly creditMs: number
  },
): PhaseTimes {
  const own = times.parseMs + times.transformMs + times.creditMs
  const scale = own > totalMs && own > 0 ? totalMs / own : 1
  const rest = Math.max(0, totalMs - own)
  const downloading = Math.min(rest, times.downloadMs)
  return {
    waiting: rest - downloading,
    downloading,
    parsing: times.parseMs * scale,
    transforming: times.transformMs * scale,
    writing: times.creditMs * scale,
  }
}
