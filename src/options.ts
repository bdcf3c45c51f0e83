/**
 * Every option: its type, default, check and help, once. The command line's flags are made from the table in `options/`, the
 * library's options are its keys, and nobody else knows a default.
 *
 * Optional in (`MillOptions`), complete and frozen out (`RunOptions`); all problems are reported together. This is the door to
 * `options/`: a new option is a sentence in `mill-options.ts`, a row in the table, and what becomes of it here.
 */
import { totalmem } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MillError } from './errors.ts'
import type { MillOptions, ParserName, ProgressStyle, Shape } from './options/mill-options.ts'
import { OptionReader } from './options/option-reader.ts'
import { flagName, OPTIONS } from './options/option-table.ts'
import { parseRate, parseShard } from './options/quantities.ts'
import type { RunOptions } from './options/run-options.ts'

export type { MillOptions, ParserName, ProgressStyle } from './options/mill-options.ts'
export type { OptionSpec } from './options/option-spec.ts'
export { flagName, OPTIONS } from './options/option-table.ts'
export { parseRate, parseSize, shardText } from './options/quantities.ts'
export type { RunOptions, ScheduleOptions, Shard, ThreadOptions, WatchOptions } from './options/run-options.ts'

/** What fast-xml-parser has options of its own for, or does not do. */
const ENGINE_ONLY = [
  'nested',
  'withAttributesOf',
  'shape',
  'attributePrefix',
  'textKey',
  'noAttributes',
  'stripNamespaces',
  'values',
  'namespaces',
] as const satisfies readonly (keyof MillOptions)[]

/**
 * The complete options of a run.
 * @throws MillError OPTIONS_INVALID with every problem, a line each
 */
export function resolveOptions(given: MillOptions): RunOptions {
  const problems: string[] = []
  const read = new OptionReader(given, problems)

  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(OPTIONS, name)) problems.push(`${name} is not an option`)
  }
  const output = read.text('output')
  const isBare = read.switch('bare')
  const rate = read.text('rate')
  const startIntervalMs = rate === undefined ? 0 : parseRate(rate)
  if (startIntervalMs === undefined)
    problems.push(`--rate is ${rate}; it takes a count per second, minute or hour, such as 5/s`)
  const shardText = read.text('shard')
  const shard = shardText === undefined ? undefined : parseShard(shardText)
  if (shard !== undefined && 'fault' in shard) problems.push(`--shard is ${shardText}; ${shard.fault}`)
  if (read.switch('update') && read.switch('fresh')) problems.push('--update and --fresh exclude each other')
  const state = read.text('state')
  const transform = read.text('transform')
  const liveHost = read.text('liveHost')
  const cache = read.text('cache')
  const offline = read.switch('offline')
  if (offline && cache === undefined) problems.push('--offline needs --cache, where the documents are')
  const asksForOptions = Object.keys(given.parserOptions ?? {}).length > 0
  const isEngine = !asksForOptions && given.parser !== 'fast-xml-parser'
  for (const name of ENGINE_ONLY) {
    if (given[name] !== undefined && !isEngine) problems.push(`${flagName(name)} is for --parser engine`)
  }
  if (asksForOptions && given.parser === 'engine') problems.push('--parser-options are for --parser fast-xml-parser')
  const headers = read.texts('header').map((line) => {
    const colon = line.indexOf(':')
    if (colon < 1) problems.push(`--header is ${line}; it takes "Name: value"`)
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const
  })

  const options: RunOptions = {
    inputFiles: read.texts('inputFile'),
    keepDuplicates: read.switch('keepDuplicates'),
    shard: shard === undefined || 'fault' in shard ? undefined : shard,
    output,
    table: {
      columns: read.names('columns'),
      name: read.text('table'),
      key: read.names('key'),
      bare: isBare,
    },
    ordered: read.switch('ordered'),
    existing: read.switch('update') ? 'update' : read.switch('fresh') ? 'replace' : 'resume',
    state,
    spoolAboveBytes: read.size('spoolAbove'),
    rejects: read.text('rejects'),
    schedule: {
      concurrency: read.count('concurrency'),
      perHost: read.count('perHost'),
      startIntervalMs: startIntervalMs ?? 0,
      retries: read.count('retries'),
      retryMaxWaitMs: read.milliseconds('retryMaxWait') ?? 0,
      hostFailures: read.count('hostFailures'),
    },
    threads: read.count('threads'),
    memoryBytes: given.memory === undefined ? machineMemoryBytes() / 2 : read.size('memory'),
    isMemoryGiven: given.memory !== undefined,
    thread: {
      record: read.texts('record'),
      array: read.names('array'),
      // A table takes what it leaves out from the envelope when it refuses a record.
      envelope: !isBare || isTableFile(output),
      nested: read.switch('nested'),
      withAttributesOf: read.choice('withAttributesOf') as 'ancestors' | undefined,
      shape: read.choice('shape') as Shape,
      attributePrefix: read.text('attributePrefix') ?? '',
      textKey: read.text('textKey') ?? '',
      noAttributes: read.switch('noAttributes'),
      stripNamespaces: read.switch('stripNamespaces'),
      values: read.switch('values'),
      namespaces: read.choice('namespaces') as 'lax' | 'strict',
      parser: asksForOptions ? 'fast-xml-parser' : (read.choice('parser') as ParserName),
      parserOptions: given.parserOptions ?? {},
      transform: transform === undefined ? undefined : pathToFileURL(transform).href,
      connectTimeoutMs: read.milliseconds('connectTimeout') ?? 0,
      stallTimeoutMs: read.milliseconds('stallTimeout') ?? 0,
      timeoutMs: read.milliseconds('timeout'),
      maxBytes: read.size('maxBytes'),
      maxRecordBytes: read.size('maxRecordBytes'),
      maxDepth: read.count('maxDepth'),
      headers,
      userAgent: read.text('userAgent') ?? '',
      proxy: read.text('proxy'),
      cacert: read.text('cacert'),
      netrc: read.switch('netrc'),
      publicOnly: read.switch('publicOnly'),
      transformTimeoutMs: read.milliseconds('transformTimeout') ?? 0,
      cache,
      offline,
      digest: state !== undefined || (output !== undefined && output !== '-'),
    },
    progress: read.switch('quiet') ? 'none' : (read.choice('progress') as ProgressStyle),
    summary: read.text('summary'),
    watch: {
      report: read.text('report'),
      events: read.text('events'),
      live: read.port('live') ?? (liveHost === undefined ? undefined : OPTIONS.live.implied),
      liveHost,
      metrics: read.port('metrics'),
    },
  }
  if (problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
  return deepFreeze(options)
}

/** Whether a file by this name has columns. */
function isTableFile(output: string | undefined): boolean {
  return output !== undefined && /\.(?:csv(?:\.gz|\.zst)?|parquet)\/?$/.test(output)
}

/** What this process may use: a container's limit where there is one. */
function machineMemoryBytes(): number {
  // Without a limit it is 0 or beyond any machine.
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part)
    Object.freeze(value)
  }
  return value
}
