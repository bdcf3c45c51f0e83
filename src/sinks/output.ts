/** The output that the options ask for. */
import { existsSync, type Stats, statSync } from 'node:fs'
import { extname } from 'node:path'
import { MillError } from '../errors.ts'
import { type RunShape, runShape } from '../ledger/run-shape.ts'
import { UnderWayFile } from '../ledger/under-way-file.ts'
import { type MillOptions, type RunOptions, type Shard, shardText } from '../options.ts'
import { redactUrl } from '../redact.ts'
import type { Sink, UnderWay } from './sink.ts'
import type { Admit, TargetRequest } from './target.ts'

/** A sink that is closed at the latest when this is disposed of. */
export interface Output extends AsyncDisposable {
  readonly sink: Sink
  /** Where the output remembers. */
  readonly underWay: UnderWay | undefined
  /** May be called more than once. */
  close(): Promise<void>
}

/** An output of a fleet. */
export interface OutputSharing {
  /** Of a database that other machines write to as well. */
  readonly admit?: Admit | undefined
  /** The shape that the run has; that of the options unless given. */
  readonly shape?: RunShape
}

/** What an output is: one file of this folder for each. */
export type OutputKind = 'stream' | 'ndjson' | 'directory' | 'csv' | 'parquet' | 'sqlite' | 'postgres'

/** Each is loaded when it is wanted: a run into a file starts without what a database needs. */
const OPENERS: Readonly<Record<OutputKind, (request: TargetRequest) => Promise<Sink>>> = {
  stream: async (request) => (await import('./stream.ts')).openStream(request),
  ndjson: async (request) => (await import('./ndjson.ts')).openNdjson(request),
  directory: async (request) => (await import('./directory.ts')).openDirectory(request),
  csv: async (request) => (await import('./csv.ts')).openCsv(request),
  parquet: async (request) => (await import('./parquet.ts')).openParquet(request),
  sqlite: async (request) => (await import('./sqlite.ts')).openSqlite(request),
  postgres: async (request) => (await import('./postgres.ts')).openPostgres(request),
}

const FILE_TABLE = ({ table }: RunOptions) => ({ columns: table.columns, bare: table.bare })
const DATABASE_TABLE = ({ table }: RunOptions) => ({ columns: table.columns, key: table.key, table: table.name })

/** The options, beside those of the threads, that shape the records of a kind of output. */
const SHAPING: Readonly<
  Partial<Record<OutputKind, (options: RunOptions) => Partial<Record<keyof MillOptions, unknown>>>>
> = { csv: FILE_TABLE, parquet: FILE_TABLE, sqlite: DATABASE_TABLE, postgres: DATABASE_TABLE }

/** What stands there; nothing also where the way to it is none. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** Kinds of files that have a table, by the end of the name. */
const TABLE_FILES: readonly (readonly [RegExp, OutputKind])[] = [
  [/\.csv(?:\.gz|\.zst)?$/i, 'csv'],
  [/\.(?:sqlite3?|db)$/i, 'sqlite'],
  [/\.parquet\/?$/i, 'parquet'],
]

/** What an output's name, and what stands there, say of it. */
export function outputKind(output: string): OutputKind {
  if (output === '-') return 'stream'
  if (isDatabaseUrl(output)) return 'postgres'
  const present = statOf(output)
  const table = TABLE_FILES.find(([end]) => end.test(output))?.[1]
  if (table === 'parquet' && present?.isFile() !== true) return table
  if (output.endsWith('/') || present?.isDirectory() === true) return 'directory'
  // A pipe or a device takes bytes and gives none back.
  if (present !== undefined && !present.isFile()) return 'stream'
  return table ?? 'ndjson'
}

/** The ending of a file's name that says nothing of what is wanted; what begins with a digit, as a date does, is no ending. */
function unknownEnd(output: string): string | undefined {
  const end = extname(output.replace(/\.(?:gz|zst)$/, ''))
  return /^\.[a-z]/i.test(end) && !/^\.(?:ndjson|jsonl?)$/i.test(end) ? end : undefined
}

/** Whether an output is a PostgreSQL database. */
export function isDatabaseUrl(output: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(output)
}

/**
 * Opens the output; without one, as in a program's loop, something that keeps nothing but rejects, where they were asked for.
 * @throws MillError OUTPUT_EXISTS, OUTPUT_LOCKED, OUTPUT_FAILED, SHAPE_CHANGED
 */
export async function openOutput(options: RunOptions, sharing: OutputSharing = {}): Promise<Output> {
  const { admit } = sharing
  const sink = await openSink(options, sharing)
  // On several machines the queue counts.
  const underWay = admit === undefined ? await openUnderWay(sink, options) : undefined
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= closed(sink, underWay)
    return closing
  }
  // Whoever disposes after an error has that error to tell.
  return { sink, underWay, close, [Symbol.asyncDispose]: () => close().catch(() => {}) }
}

async function closed(sink: Sink, underWay: UnderWayFile | undefined): Promise<void> {
  try {
    // First: it is the output's lock that keeps others away from it.
    underWay?.close()
  } finally {
    await sink.close()
  }
}

async function openUnderWay(sink: Sink, options: RunOptions): Promise<UnderWayFile | undefined> {
  const path = underWayPath(options)
  if (sink.recall === undefined || path === undefined) return undefined
  try {
    return UnderWayFile.open(path, options.existing === 'replace')
  } catch (cause) {
    await sink.close().catch(() => {})
    throw cause
  }
}

/** Beside the output, or in the working directory where it is no file. */
function underWayPath({ output, state, table, shard }: RunOptions): string | undefined {
  if (output === undefined) return undefined
  if (outputKind(output) === 'stream') return state === undefined ? undefined : `${state}-under-way`
  const ofTable = isDatabaseUrl(output) && table.name !== undefined ? `.${table.name}` : ''
  return `${besideName(output, shard)}${ofTable}.xmlmill-under-way`
}

async function openSink(options: RunOptions, { admit, shape: known }: OutputSharing): Promise<Sink> {
  const { output } = options
  const rejects = rejectsPath(options)
  if (output === undefined || rejects === undefined) {
    const { rejectsOnly } = await import('./rejects.ts')
    return rejectsOnly(rejects)
  }
  const kind = outputKind(output)
  checkTable(output, kind, options)
  const shape = known ?? (await outputShape(output, options))
  return OPENERS[kind]({ output, options, shape, rejects, admit })
}

/** What the ledger of such an output must agree with. */
export async function outputShape(output: string, options: RunOptions): Promise<RunShape> {
  const kind = outputKind(output)
  return runShape(options, { ...SHAPING[kind]?.(options), ...shardShape(kind, options) })
}

/**
 * An output of one shard stays that: with documents of another, or of another split of the list, it could not be joined with the rest. A
 * PostgreSQL database is one output for all shards.
 */
function shardShape(kind: OutputKind, { shard }: RunOptions): { readonly shard?: string } {
  return shard === undefined || kind === 'postgres' ? {} : { shard: shardText(shard) }
}

/** @throws MillError OPTIONS_INVALID for options that this kind of output does nothing with */
function checkTable(output: string, kind: OutputKind, { table, shard, existing }: RunOptions): void {
  const isDatabase = kind === 'sqlite' || kind === 'postgres'
  const problems: string[] = []
  const end = kind === 'ndjson' ? unknownEnd(output) : undefined
  if (end !== undefined)
    problems.push(
      `--output is ${output}; names of files end in .ndjson, .jsonl, .json or .csv (each also with .gz or .zst), .parquet, .sqlite, .sqlite3 or .db, or have no ending and are JSON lines; ${end} is none of these`,
    )
  if (kind === 'postgres' && shard !== undefined && existing === 'replace')
    problems.push(
      '--fresh would drop what other shards have put into the database; run once with it and without --shard, or drop the tables',
    )
  if (table.columns.length > 0 && !isDatabase && kind !== 'csv' && kind !== 'parquet')
    problems.push(`--columns are for tables (.csv, .parquet, .sqlite, postgres://), and ${output} is none`)
  if (table.key.length > 0 && !isDatabase)
    problems.push(`--key is for databases (.sqlite, postgres://), and ${output} is none`)
  if (table.name !== undefined && !isDatabase)
    problems.push(`--table is for databases (.sqlite, postgres://), and ${output} is none`)
  if (problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
}

/** Writes to one sink, then to the other, and remembers what the first one does. Closing stays with their owners. */
export function inTurn(first: Sink, second: Sink): Sink {
  const recall = first.recall?.bind(first)
  const complete = first.complete?.bind(first)
  return {
    mayRefuse: first.mayRefuse === true,
    get commitIntervalMs() {
      return first.commitIntervalMs ?? 0
    },
    ...(recall !== undefined && { recall }),
    ...(complete !== undefined && { complete }),
    // No tail: what went there directly could not be read by the second.
    async write(documents, onRefused) {
      await first.write(documents, onRefused)
      await second.write(documents, onRefused)
    },
    async close() {},
  }
}

/** Where rejects go: beside the output; stdout has its rejects in the working directory. */
export function rejectsPath({
  rejects,
  output,
  shard,
}: Pick<RunOptions, 'rejects' | 'output'> & Partial<Pick<RunOptions, 'shard'>>): string | undefined {
  if (rejects !== undefined || output === undefined) return rejects
  return `${besideName(output, shard)}.rejects.ndjson`
}

/**
 * What names of files begin with that belong to an output: beside it, or in the working directory where it is no file. There the shards of a
 * list may run side by side, and each has its own.
 */
export function besideName(output: string, shard: Shard | undefined): string {
  const isDatabase = isDatabaseUrl(output)
  if (output !== '-' && !isDatabase) return output.replace(/\/+$/, '')
  const ofShard = shard === undefined ? '' : `.shard-${shard.index}-of-${shard.count}`
  return `${isDatabase ? databaseName(output) : 'xmlmill'}${ofShard}`
}

function databaseName(output: string): string {
  const name = URL.parse(output)?.pathname.slice(1) ?? ''
  return name === '' ? 'postgres' : decodeURIComponent(name).replace(/[^\w.-]+/g, '-')
}

/** Whether a run into this output can be gone on with. */
export function remembers({ output, state }: Pick<RunOptions, 'output' | 'state'>): boolean {
  return state !== undefined || (output !== undefined && outputKind(output) !== 'stream')
}

/** What stands at an output's name and would be replaced by `--fresh`: in words, or undefined when there is nothing. */
export function presentOutput({ output, state }: Pick<RunOptions, 'output' | 'state'>): string | undefined {
  if (output === undefined) return undefined
  const kind = outputKind(output)
  if (kind === 'postgres') return `what xmlmill has put into ${redactUrl(output)}`
  if (kind === 'stream') return state !== undefined && existsSync(state) ? `the ledger ${state}` : undefined
  const present = statOf(output)
  if (present === undefined) return undefined
  if (kind === 'sqlite') return `what xmlmill has put into ${output}`
  return kind === 'directory' || kind === 'parquet' ? `the documents in ${output}` : `${output} (${present.size} bytes)`
}
