/** A run's options as they were resolved: complete, frozen, in milliseconds and bytes. */
import type { ParserName, ProgressStyle, Shape } from './mill-options.ts'

/** What a worker thread needs to know: plain data. */
export interface ThreadOptions {
  /** Record paths; empty for the root. */
  readonly record: readonly string[]
  readonly array: readonly string[]
  /** Whether lines carry url, n and name. */
  readonly envelope: boolean
  readonly nested: boolean
  readonly withAttributesOf: 'ancestors' | undefined
  readonly shape: Shape
  readonly attributePrefix: string
  readonly textKey: string
  readonly noAttributes: boolean
  readonly stripNamespaces: boolean
  readonly values: boolean
  readonly namespaces: 'lax' | 'strict'
  readonly parser: ParserName
  readonly parserOptions: Readonly<Record<string, unknown>>
  /** `file:` URL of the transform module. */
  readonly transform: string | undefined
  readonly connectTimeoutMs: number
  readonly stallTimeoutMs: number
  readonly timeoutMs: number | undefined
  readonly maxBytes: number
  readonly maxRecordBytes: number
  readonly maxDepth: number
  /** Name and value pairs. */
  readonly headers: readonly (readonly [string, string])[]
  readonly userAgent: string
  readonly proxy: string | undefined
  /** Path of a PEM file. */
  readonly cacert: string | undefined
  readonly netrc: boolean
  readonly publicOnly: boolean
  readonly transformTimeoutMs: number
  /** Directory. */
  readonly cache: string | undefined
  readonly offline: boolean
  /** Whether the ledger wants the SHA-256 of every body. */
  readonly digest: boolean
}

/** When documents start. */
export interface ScheduleOptions {
  readonly concurrency: number
  readonly perHost: number
  /** Least time between two starts at one host; 0 for none. */
  readonly startIntervalMs: number
  readonly retries: number
  readonly retryMaxWaitMs: number
  /** Failed attempts in a row after which a host is left alone; 0 for never. */
  readonly hostFailures: number
}

/** A run's options, complete. */
export interface RunOptions {
  readonly inputFiles: readonly string[]
  readonly keepDuplicates: boolean
  /** Undefined for all documents. */
  readonly shard: Shard | undefined
  readonly output: string | undefined
  readonly table: TableOptions
  readonly ordered: boolean
  /** What becomes of an output that is there: it is gone on with, replaced, or asked for anew where documents have changed. */
  readonly existing: 'resume' | 'replace' | 'update'
  /** Path of a ledger for an output that has none of its own. */
  readonly state: string | undefined
  /** Memory for the records of unfinished documents. */
  readonly spoolAboveBytes: number
  readonly rejects: string | undefined
  readonly schedule: ScheduleOptions
  readonly threads: number
  readonly memoryBytes: number
  /** Whether it was asked for, and is not what the machine has. */
  readonly isMemoryGiven: boolean
  readonly thread: ThreadOptions
  readonly progress: ProgressStyle
  readonly summary: string | undefined
  readonly watch: WatchOptions
}

/** One of several runs over the same list, each with documents of its own. */
export interface Shard {
  /** From 1. */
  readonly index: number
  readonly count: number
}

/** What rows of a table are made of. */
export interface TableOptions {
  /** `NAME` or `NAME=PATH` each; empty for none given. */
  readonly columns: readonly string[]
  readonly name: string | undefined
  /** Names of columns; empty for url, n and row. */
  readonly key: readonly string[]
  /** Whether the columns url and n are left out of files. */
  readonly bare: boolean
}

/** How a run can be watched and explained. */
export interface WatchOptions {
  /** Path of the HTML file. */
  readonly report: string | undefined
  /** Path of the NDJSON file. */
  readonly events: string | undefined
  /** Port; 0 is any. */
  readonly live: number | undefined
  /** Undefined is loopback, without a token. */
  readonly liveHost: string | undefined
  /** Port; 0 is any. */
  readonly metrics: number | undefined
}
