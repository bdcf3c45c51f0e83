/** A run in figures: a fold over its events that holds a few kilobytes for each host and error code, however many documents there are. */
import { ERRORS, type ErrorCode, type Failure, type Place } from '../errors.ts'
import type { ColumnGap, DocumentFacts, Rejection } from '../model.ts'
import { redactUrl } from '../redact.ts'
import type { RunEvent } from './events.ts'
import { FormsFold } from './forms-fold.ts'
import { LogHistogram } from './log-histogram.ts'
import { RejectsFold } from './rejects-fold.ts'

/** What became of a run. Times are milliseconds, sizes bytes; user information is taken out of URLs. */
export interface Summary {
  readonly documents: {
    readonly done: number
    readonly failed: number
    /** In the output from an earlier run: skipped, or asked for again and found unchanged. */
    readonly alreadyThere: number
    /** Those of them that were asked for again and are as they were. */
    readonly unchanged: number
    /** Listed, and neither done nor failed: the run was stopped before them. */
    readonly waiting: number
    /** All of the list without duplicates; undefined when the run ended before the list did. */
    readonly listed: number | undefined
    readonly duplicates: number
    /** With --shard: lines of the list that other shards mill, duplicates among them. */
    readonly ofOtherShards: number
  }
  readonly records: {
    readonly written: number
    readonly rejected: number
    /** By earlier runs into the same output; they are in the file of rejects, too. */
    readonly rejectedBefore: number
  }
  readonly bytes: {
    /** Bodies as they came over the wire, of documents that are done or were asked for again. */
    readonly wire: number
    /** The same, decompressed. */
    readonly decoded: number
  }
  readonly elapsedMs: number
  /** Attempts that failed and were followed, or to be followed, by another. */
  readonly retries: number
  /** How often a host asked to be left alone for a while. */
  readonly cooldowns: number
  /** How often a host was left alone because it only failed. */
  readonly pauses: number
  readonly threads: number
  readonly crashes: number
  readonly hosts: {
    /** Hosts with a document done, up to the number that is tracked (1,000). */
    readonly seen: number
    /** The host whose median download took the longest. */
    readonly slowest: HostSummary | undefined
  }
  readonly slowestDocument:
    | { readonly url: string; readonly downloadMs: number; readonly wireBytes: number }
    | undefined
  /** By code, the most frequent first. */
  readonly failures: readonly FailureGroup[]
  /** By code, the most frequent first. */
  readonly rejections: readonly RejectionGroup[]
  /** Columns that were taken from the first records, and those that later, rejected ones wanted; undefined where none were missing. */
  readonly columnGap: ColumnGap | undefined
  /** What the output does not carry or a reader should know, counted by name, summed over the documents that are done. */
  readonly notes: Readonly<Record<string, number>>
  /** Elements that are single in some places and several in others, so that the json shape has a value here and an array there. */
  readonly varying: readonly string[]
  /** Why the run ended before its list did, if so. */
  readonly stopped: Failure | undefined
}

export interface HostSummary {
  readonly host: string
  readonly documents: number
  /** Within 5%: it comes from a histogram. */
  readonly medianDownloadMs: number
  /** Of one connection: the host's bytes by the time its downloads took, added up. */
  readonly bytesPerSecond: number
}

/** Rejected records of one code. */
export interface RejectionGroup extends Rejection {
  readonly meaning: string
  readonly remedy: string
}

export interface FailureGroup {
  readonly code: ErrorCode
  readonly count: number
  readonly meaning: string
  readonly remedy: string
  /** The first few. */
  readonly examples: readonly FailureExample[]
}

export interface FailureExample extends Place {
  readonly url: string
  readonly message: string
}

const MAX_EXAMPLES = 3
const MAX_EXAMPLE_CHARACTERS = 500
const MAX_HOSTS = 1000
const MAX_NOTES = 200

interface HostFigures {
  documents: number
  wireBytes: number
  downloadMs: number
  readonly downloads: LogHistogram
}

interface FailureFigures {
  count: number
  readonly examples: FailureExample[]
}

/** Adds events up; `summary()` may be asked at any time. */
export class SummaryFold {
  #done = 0
  #failed = 0
  #alreadyThere = 0
  #unchanged = 0
  #highestId = -1
  #listed: number | undefined
  #duplicates = 0
  #ofOtherShards = 0
  #written = 0
  #rejected = 0
  #rejectedBefore = 0
  #wireBytes = 0
  #decodedBytes = 0
  #elapsedMs = 0
  #retries = 0
  #cooldowns = 0
  #pauses = 0
  #threads = 0
  #crashes = 0
  #slowestDocument: Summary['slowestDocument']
  #stopped: Failure | undefined
  readonly #hosts = new Map<string, HostFigures>()
  readonly #failures = new Map<ErrorCode, FailureFigures>()
  /** Until when hosts are left alone; those whose time is over go at the next one. */
  readonly #cooling = new Map<string, number>()
  readonly #notes = new Map<string, number>()
  readonly #forms = new FormsFold()
  readonly #rejects = new RejectsFold()

  add(event: RunEvent): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, event.at)
    switch (event.type) {
      case 'run-started':
        this.#threads = event.threads
        break
      case 'list-ended':
        this.#listed = event.documents
        this.#duplicates = event.duplicates
        this.#ofOtherShards = event.ofOtherShards ?? 0
        break
      case 'attempt-started':
        this.#highestId = Math.max(this.#highestId, event.id)
        break
      case 'attempt-failed':
        this.#retries++
        break
      case 'host-cooling':
        if (event.reason === 'failures') this.#pauses++
        else this.#addCooling(event.host, event.at, event.until)
        break
      case 'document-done':
        this.#done++
        this.#highestId = Math.max(this.#highestId, event.id)
        this.#addFacts(event.url, event.host, event.facts)
        break
      case 'document-failed':
        this.#failed++
        this.#highestId = Math.max(this.#highestId, event.id)
        this.#addFailure(event.url, event.failure)
        break
      case 'documents-skipped':
        this.#alreadyThere += event.documents
        break
      case 'document-unchanged':
        this.#alreadyThere++
        this.#unchanged++
        this.#wireBytes += event.facts.wireBytes
        this.#decodedBytes += event.facts.decodedBytes
        this.#highestId = Math.max(this.#highestId, event.id)
        break
      case 'thread-crashed':
        this.#crashes++
        break
      case 'run-ended':
        this.#stopped = event.stopped
        this.#rejectedBefore = event.rejectedBefore ?? 0
        break
    }
  }

  summary(): Summary {
    const known = this.#listed ?? this.#highestId + 1
    return {
      documents: {
        done: this.#done,
        failed: this.#failed,
        alreadyThere: this.#alreadyThere,
        unchanged: this.#unchanged,
        waiting: Math.max(0, known - this.#done - this.#failed - this.#alreadyThere),
        listed: this.#listed,
        duplicates: this.#duplicates,
        ofOtherShards: this.#ofOtherShards,
      },
      records: { written: this.#written, rejected: this.#rejected, rejectedBefore: this.#rejectedBefore },
      bytes: { wire: this.#wireBytes, decoded: this.#decodedBytes },
      elapsedMs: this.#elapsedMs,
      retries: this.#retries,
      cooldowns: this.#cooldowns,
      pauses: this.#pauses,
      threads: this.#threads,
      crashes: this.#crashes,
      hosts: { seen: this.#hosts.size, slowest: this.#slowestHost() },
      slowestDocument: this.#slowestDocument,
      failures: Array.from(this.#failures, ([code, { count, examples }]) => ({
        code,
        count,
        meaning: ERRORS[code].meaning,
        remedy: ERRORS[code].remedy,
        examples: [...examples],
      })).sort((a, b) => b.count - a.count),
      rejections: this.#rejects.groups(),
      columnGap: this.#rejects.columnGap(),
      notes: Object.fromEntries(Array.from(this.#notes).sort(([, a], [, b]) => b - a)),
      varying: this.#forms.varying(),
      stopped: this.#stopped,
    }
  }

  #addFacts(url: string, host: string, facts: DocumentFacts): void {
    this.#written += facts.recordsWritten
    this.#rejected += facts.recordsRejected
    this.#rejects.add(facts)
    this.#wireBytes += facts.wireBytes
    this.#decodedBytes += facts.decodedBytes
    for (const [name, count] of Object.entries(facts.notes)) {
      if (this.#notes.size < MAX_NOTES || this.#notes.has(name)) {
        this.#notes.set(name, (this.#notes.get(name) ?? 0) + count)
      }
    }
    if (facts.forms !== undefined) this.#forms.add(facts.forms)
    const { downloadMs } = facts.times
    if (this.#slowestDocument === undefined || downloadMs > this.#slowestDocument.downloadMs) {
      this.#slowestDocument = { url: redactUrl(url), downloadMs, wireBytes: facts.wireBytes }
    }
    if (host !== '') this.#addToHost(host, facts.wireBytes, downloadMs)
  }

  #addToHost(host: string, wireBytes: number, downloadMs: number): void {
    let figures = this.#hosts.get(host)
    if (figures === undefined) {
      if (this.#hosts.size >= MAX_HOSTS) return
      figures = { documents: 0, wireBytes: 0, downloadMs: 0, downloads: new LogHistogram() }
      this.#hosts.set(host, figures)
    }
    figures.documents++
    figures.wireBytes += wireBytes
    figures.downloadMs += downloadMs
    figures.downloads.add(downloadMs)
  }

  /** Answers that arrive while the host is left alone already belong to the same pause. */
  #addCooling(host: string, at: number, until: number): void {
    for (const [other, end] of this.#cooling) if (end <= at) this.#cooling.delete(other)
    const present = this.#cooling.get(host)
    if (present === undefined) this.#cooldowns++
    this.#cooling.set(host, Math.max(until, present ?? 0))
  }

  #addFailure(url: string, failure: Failure): void {
    let figures = this.#failures.get(failure.code)
    if (figures === undefined) {
      figures = { count: 0, examples: [] }
      this.#failures.set(failure.code, figures)
    }
    figures.count++
    if (figures.examples.length < MAX_EXAMPLES) {
      figures.examples.push({
        url: redactUrl(url).slice(0, MAX_EXAMPLE_CHARACTERS),
        message: failure.message.slice(0, MAX_EXAMPLE_CHARACTERS),
        ...(failure.line !== undefined && { line: failure.line }),
        ...(failure.column !== undefined && { column: failure.column }),
        ...(failure.byteOffset !== undefined && { byteOffset: failure.byteOffset }),
      })
    }
  }

  #slowestHost(): HostSummary | undefined {
    let slowest: HostSummary | undefined
    for (const [host, figures] of this.#hosts) {
      const medianDownloadMs = figures.downloads.quantile(0.5)
      if (slowest !== undefined && medianDownloadMs <= slowest.medianDownloadMs) continue
      const bytesPerSecond = figures.downloadMs > 0 ? (figures.wireBytes / figures.downloadMs) * 1000 : 0
      slowest = { host, documents: figures.documents, medianDownloadMs, bytesPerSecond }
    }
    return slowest
  }
}
