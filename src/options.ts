/**
 * Every option: its type, default, check and help, once. The command line's flags are made from this table, the library's
 * options are its keys, and nobody else knows a default.
 *
 * Optional in (`MillOptions`), complete and frozen out (`RunOptions`); all problems are reported together.
 */
import { totalmem } from 'node:os'
import { pathToFileURL } from 'node:url'
import { MillError } from './errors.ts'
import { VERSION } from './version.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

export type ProgressStyle = 'auto' | 'bar' | 'plain' | 'json' | 'none'
export type Shape = 'json' | 'ordered' | 'xml'
export type ParserName = 'engine' | 'fast-xml-parser'

/** What a user of the library may give: the flags of the command line in camelCase. Times are seconds, sizes are bytes or text such as `64m`. */
export interface MillOptions {
  /** Lists of URLs, a line each, `#` comments; `-` is stdin; `.gz` read as it is. */
  inputFile?: string | readonly string[]
  /** Mill a URL once for every time it is listed. */
  keepDuplicates?: boolean
  /** Which elements are records: a name, or a path from the root (`/volume/paper`, `*` for any name); without it the root. */
  record?: string | readonly string[]
  /** These elements become arrays even when single. */
  array?: string | readonly string[]
  /** A record inside a record gives a line of its own, too. */
  nested?: boolean
  /** Attributes of the elements around a record go into its envelope. */
  withAttributesOf?: 'ancestors'
  /** What a record is written as: fast-xml-parser's shape, its `preserveOrder` shape that loses nothing, or the record's own XML. */
  shape?: Shape
  /** What names of attributes begin with. */
  attributePrefix?: string
  /** The key of text that stands beside attributes or children. */
  textKey?: string
  /** Leave attributes out. */
  noAttributes?: boolean
  /** Write names without their prefixes. */
  stripNamespaces?: boolean
  /** Write exact numbers and booleans as such; `007`, `1.10` and long ids stay text. */
  values?: boolean
  /** Whether what Namespaces in XML forbids, such as an unbound prefix, is counted or an error. */
  namespaces?: 'lax' | 'strict'
  /** ES module run in the worker threads for each record: `export default (record, {url, n}) => row`. */
  transform?: string
  /** What parses: the engine, or fast-xml-parser behind a strict gate, slower but with all of its options. */
  parser?: ParserName
  /** Options for fast-xml-parser (on the command line: a JSON file with them). */
  parserOptions?: Readonly<Record<string, unknown>>
  /** Where records go: `-` for stdout, a file (`.ndjson`, `.csv`, both also with `.gz` or `.zst`), `.parquet`, a database (`.sqlite`, `.db`, `postgres://…`), or `dir/` for a file for each document. */
  output?: string
  /** Print the record alone, without url, n and name. */
  bare?: boolean
  /** Columns of a CSV, Parquet or database output, each `NAME` or `NAME=PATH`, such as `id=@_id,last=author.last`. */
  columns?: string | readonly string[]
  /** The table of a database output; one for each element's name unless given. */
  table?: string
  /** Columns of a database output by which a row replaces an earlier one, instead of url and n. */
  key?: string | readonly string[]
  /** Records in the order of the list instead of the order of completion. */
  ordered?: boolean
  /** Start over: replace an output that exists instead of going on with it. */
  fresh?: boolean
  /** Ask again for documents that are done, and replace those that have changed. */
  update?: boolean
  /** Do not ask before replacing an output. */
  yes?: boolean
  /** Remember in this file what is done, for outputs that have no ledger of their own, such as stdout. */
  state?: string
  /** Where records go that the transform refused; beside the output unless given. */
  rejects?: string
  /** Documents downloading at once. */
  concurrency?: number
  /** Documents downloading at once from one host. */
  perHost?: number
  /** Most starts per host, such as `5/s` or `60/m`. */
  rate?: string
  /** Tries after the first one. */
  retries?: number
  /** Longest wait before another try, in seconds; a server that asks for more is given up. */
  retryMaxWait?: number
  /** Failed attempts in a row after which a host is left alone for a while, and in the end given up; 0 for never. */
  hostFailures?: number
  /** Worker threads. */
  threads?: number
  /** Seconds to connect, TLS included. */
  connectTimeout?: number
  /** Seconds without a byte, or under 1 KiB/s, while the server is the slow side. */
  stallTimeout?: number
  /** Seconds for a whole document; none unless given. */
  timeout?: number
  /** Seconds that a call of the transform may take, or that a thread may give no sign of life. */
  transformTimeout?: number
  /** Memory to get along with; half of what the machine or the cgroup has unless given. */
  memory?: number | string
  /** Largest document, decompressed. */
  maxBytes?: number | string
  /** Largest record. */
  maxRecordBytes?: number | string
  /** Deepest nesting of elements. */
  maxDepth?: number
  /** Memory for the records of unfinished documents; what is beyond goes to temporary files. */
  spoolAbove?: number | string
  /** Request header, as `Name: value`. */
  header?: string | readonly string[]
  /** The User-Agent header. */
  userAgent?: string
  /** Proxy URL; without it the environment's http_proxy, https_proxy and no_proxy count. */
  proxy?: string
  /** PEM file of certificate authorities to trust beside the built-in ones. */
  cacert?: string
  /** Take credentials from ~/.netrc. */
  netrc?: boolean
  /** Refuse private addresses on every hop; without it only a redirect from public to private is refused. */
  publicOnly?: boolean
  /** Keep the documents in this directory; those that are there and unchanged are not downloaded again. */
  cache?: string
  /** Take documents from the cache alone. */
  offline?: boolean
  /** What is shown on stderr while it runs. */
  progress?: ProgressStyle
  /** Show nothing but errors. */
  quiet?: boolean
  /** Write the summary as JSON. */
  summary?: string
  /** Write a report as one HTML file: what happened when, what bounded the run, every document. */
  report?: string
  /** Write what happens as NDJSON, for `xmlmill report` and programs. */
  events?: string
  /** Serve the report while it runs, on this port of loopback; 0 is any free one. */
  live?: number
  /** Serve it on this address instead; whoever looks then needs the token that is printed. */
  liveHost?: string
  /** Serve metrics for Prometheus on this port of loopback, at /metrics; 0 is any free one. */
  metrics?: number
}

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
  readonly thread: ThreadOptions
  readonly progress: ProgressStyle
  readonly summary: string | undefined
  readonly watch: WatchOptions
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

type Group =
  | 'Input'
  | 'Records'
  | 'Output'
  | 'Politeness'
  | 'HTTP'
  | 'Limits'
  | 'Display'
  // Of flags that are not options of a run.
  | 'General'
  | 'Peek'

type Value =
  | { readonly kind: 'text' | 'texts' | 'names'; readonly placeholder: string; readonly default?: string }
  | { readonly kind: 'switch' }
  | { readonly kind: 'object'; readonly placeholder: string }
  | { readonly kind: 'count'; readonly placeholder: string; readonly min: number; readonly default: number }
  /** On the command line the number may be left out: then it is `implied`. */
  | { readonly kind: 'port'; readonly placeholder: string; readonly implied: number }
  | { readonly kind: 'seconds'; readonly placeholder: string; readonly default?: number }
  | { readonly kind: 'size'; readonly placeholder: string; readonly default?: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }

/** One option as the command line, the help and the documentation show it. */
export type OptionSpec = Value & {
  readonly group: Group
  readonly alias?: string
  /** The same sentence as in MillOptions; a test compares them. */
  readonly help: string
}

/** Options in the order of the help. A name's flag is the name in kebab-case. */
export const OPTIONS = {
  inputFile: {
    kind: 'texts',
    placeholder: 'FILE',
    alias: 'i',
    group: 'Input',
    help: 'Lists of URLs, a line each, `#` comments; `-` is stdin; `.gz` read as it is.',
  },
  keepDuplicates: { kind: 'switch', group: 'Input', help: 'Mill a URL once for every time it is listed.' },

  record: {
    kind: 'texts',
    placeholder: 'PATH',
    alias: 'r',
    group: 'Records',
    help: 'Which elements are records: a name, or a path from the root (`/volume/paper`, `*` for any name); without it the root.',
  },
  array: {
    kind: 'names',
    placeholder: 'NAME,…',
    group: 'Records',
    help: 'These elements become arrays even when single.',
  },
  nested: { kind: 'switch', group: 'Records', help: 'A record inside a record gives a line of its own, too.' },
  withAttributesOf: {
    kind: 'choice',
    choices: ['ancestors'],
    group: 'Records',
    help: 'Attributes of the elements around a record go into its envelope.',
  },
  shape: {
    kind: 'choice',
    choices: ['json', 'ordered', 'xml'],
    default: 'json',
    group: 'Records',
    help: "What a record is written as: fast-xml-parser's shape, its `preserveOrder` shape that loses nothing, or the record's own XML.",
  },
  attributePrefix: {
    kind: 'text',
    placeholder: 'TEXT',
    default: '@_',
    group: 'Records',
    help: 'What names of attributes begin with.',
  },
  textKey: {
    kind: 'text',
    placeholder: 'NAME',
    default: '#text',
    group: 'Records',
    help: 'The key of text that stands beside attributes or children.',
  },
  noAttributes: { kind: 'switch', group: 'Records', help: 'Leave attributes out.' },
  stripNamespaces: { kind: 'switch', group: 'Records', help: 'Write names without their prefixes.' },
  values: {
    kind: 'switch',
    group: 'Records',
    help: 'Write exact numbers and booleans as such; `007`, `1.10` and long ids stay text.',
  },
  namespaces: {
    kind: 'choice',
    choices: ['lax', 'strict'],
    default: 'lax',
    group: 'Records',
    help: 'Whether what Namespaces in XML forbids, such as an unbound prefix, is counted or an error.',
  },
  transform: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'Records',
    help: 'ES module run in the worker threads for each record: `export default (record, {url, n}) => row`.',
  },
  parser: {
    kind: 'choice',
    choices: ['engine', 'fast-xml-parser'],
    default: 'engine',
    group: 'Records',
    help: 'What parses: the engine, or fast-xml-parser behind a strict gate, slower but with all of its options.',
  },
  parserOptions: {
    kind: 'object',
    placeholder: 'FILE',
    group: 'Records',
    help: 'Options for fast-xml-parser (on the command line: a JSON file with them).',
  },

  output: {
    kind: 'text',
    placeholder: 'TARGET',
    alias: 'o',
    group: 'Output',
    help: 'Where records go: `-` for stdout, a file (`.ndjson`, `.csv`, both also with `.gz` or `.zst`), `.parquet`, a database (`.sqlite`, `.db`, `postgres://…`), or `dir/` for a file for each document.',
  },
  bare: { kind: 'switch', group: 'Output', help: 'Print the record alone, without url, n and name.' },
  columns: {
    kind: 'names',
    placeholder: 'NAME=PATH,…',
    group: 'Output',
    help: 'Columns of a CSV, Parquet or database output, each `NAME` or `NAME=PATH`, such as `id=@_id,last=author.last`.',
  },
  table: {
    kind: 'text',
    placeholder: 'NAME',
    group: 'Output',
    help: "The table of a database output; one for each element's name unless given.",
  },
  key: {
    kind: 'names',
    placeholder: 'NAME,…',
    group: 'Output',
    help: 'Columns of a database output by which a row replaces an earlier one, instead of url and n.',
  },
  ordered: {
    kind: 'switch',
    group: 'Output',
    help: 'Records in the order of the list instead of the order of completion.',
  },
  fresh: {
    kind: 'switch',
    group: 'Output',
    help: 'Start over: replace an output that exists instead of going on with it.',
  },
  update: {
    kind: 'switch',
    group: 'Output',
    help: 'Ask again for documents that are done, and replace those that have changed.',
  },
  yes: { kind: 'switch', alias: 'y', group: 'Output', help: 'Do not ask before replacing an output.' },
  state: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'Output',
    help: 'Remember in this file what is done, for outputs that have no ledger of their own, such as stdout.',
  },
  rejects: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'Output',
    help: 'Where records go that the transform refused; beside the output unless given.',
  },

  concurrency: {
    kind: 'count',
    min: 1,
    default: 4,
    placeholder: 'N',
    alias: 'j',
    group: 'Politeness',
    help: 'Documents downloading at once.',
  },
  perHost: {
    kind: 'count',
    min: 1,
    default: 4,
    placeholder: 'N',
    group: 'Politeness',
    help: 'Documents downloading at once from one host.',
  },
  rate: {
    kind: 'text',
    placeholder: 'N/s|m',
    group: 'Politeness',
    help: 'Most starts per host, such as `5/s` or `60/m`.',
  },
  retries: {
    kind: 'count',
    min: 0,
    default: 4,
    placeholder: 'N',
    group: 'Politeness',
    help: 'Tries after the first one.',
  },
  retryMaxWait: {
    kind: 'seconds',
    default: 300,
    placeholder: 'S',
    group: 'Politeness',
    help: 'Longest wait before another try, in seconds; a server that asks for more is given up.',
  },
  hostFailures: {
    kind: 'count',
    min: 0,
    default: 20,
    placeholder: 'N',
    group: 'Politeness',
    help: 'Failed attempts in a row after which a host is left alone for a while, and in the end given up; 0 for never.',
  },

  header: {
    kind: 'texts',
    placeholder: 'LINE',
    alias: 'H',
    group: 'HTTP',
    help: 'Request header, as `Name: value`.',
  },
  userAgent: {
    kind: 'text',
    placeholder: 'TEXT',
    alias: 'A',
    default: `xmlmill/${VERSION}`,
    group: 'HTTP',
    help: 'The User-Agent header.',
  },
  proxy: {
    kind: 'text',
    placeholder: 'URL',
    group: 'HTTP',
    help: "Proxy URL; without it the environment's http_proxy, https_proxy and no_proxy count.",
  },
  cacert: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'HTTP',
    help: 'PEM file of certificate authorities to trust beside the built-in ones.',
  },
  netrc: { kind: 'switch', group: 'HTTP', help: 'Take credentials from ~/.netrc.' },
  publicOnly: {
    kind: 'switch',
    group: 'HTTP',
    help: 'Refuse private addresses on every hop; without it only a redirect from public to private is refused.',
  },
  cache: {
    kind: 'text',
    placeholder: 'DIR',
    group: 'HTTP',
    help: 'Keep the documents in this directory; those that are there and unchanged are not downloaded again.',
  },
  offline: { kind: 'switch', group: 'HTTP', help: 'Take documents from the cache alone.' },

  threads: {
    kind: 'count',
    min: 1,
    default: 4,
    placeholder: 'N',
    alias: 't',
    group: 'Limits',
    help: 'Worker threads.',
  },
  connectTimeout: {
    kind: 'seconds',
    default: 10,
    placeholder: 'S',
    group: 'Limits',
    help: 'Seconds to connect, TLS included.',
  },
  stallTimeout: {
    kind: 'seconds',
    default: 30,
    placeholder: 'S',
    group: 'Limits',
    help: 'Seconds without a byte, or under 1 KiB/s, while the server is the slow side.',
  },
  timeout: {
    kind: 'seconds',
    placeholder: 'S',
    group: 'Limits',
    help: 'Seconds for a whole document; none unless given.',
  },
  transformTimeout: {
    kind: 'seconds',
    default: 30,
    placeholder: 'S',
    group: 'Limits',
    help: 'Seconds that a call of the transform may take, or that a thread may give no sign of life.',
  },
  memory: {
    kind: 'size',
    placeholder: 'SIZE',
    group: 'Limits',
    help: 'Memory to get along with; half of what the machine or the cgroup has unless given.',
  },
  maxBytes: {
    kind: 'size',
    default: GIB,
    placeholder: 'SIZE',
    group: 'Limits',
    help: 'Largest document, decompressed.',
  },
  maxRecordBytes: { kind: 'size', default: 64 * MIB, placeholder: 'SIZE', group: 'Limits', help: 'Largest record.' },
  maxDepth: {
    kind: 'count',
    min: 1,
    default: 256,
    placeholder: 'N',
    group: 'Limits',
    help: 'Deepest nesting of elements.',
  },
  spoolAbove: {
    kind: 'size',
    default: 32 * MIB,
    placeholder: 'SIZE',
    group: 'Limits',
    help: 'Memory for the records of unfinished documents; what is beyond goes to temporary files.',
  },

  progress: {
    kind: 'choice',
    choices: ['auto', 'bar', 'plain', 'json', 'none'],
    default: 'auto',
    group: 'Display',
    help: 'What is shown on stderr while it runs.',
  },
  quiet: { kind: 'switch', alias: 'q', group: 'Display', help: 'Show nothing but errors.' },
  summary: { kind: 'text', placeholder: 'FILE', group: 'Display', help: 'Write the summary as JSON.' },
  report: {
    kind: 'text',
    placeholder: 'FILE.html',
    group: 'Display',
    help: 'Write a report as one HTML file: what happened when, what bounded the run, every document.',
  },
  events: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'Display',
    help: 'Write what happens as NDJSON, for `xmlmill report` and programs.',
  },
  live: {
    kind: 'port',
    placeholder: '[PORT]',
    implied: 8484,
    group: 'Display',
    help: 'Serve the report while it runs, on this port of loopback; 0 is any free one.',
  },
  liveHost: {
    kind: 'text',
    placeholder: 'ADDRESS',
    group: 'Display',
    help: 'Serve it on this address instead; whoever looks then needs the token that is printed.',
  },
  metrics: {
    kind: 'port',
    placeholder: '[PORT]',
    implied: 9464,
    group: 'Display',
    help: 'Serve metrics for Prometheus on this port of loopback, at /metrics; 0 is any free one.',
  },
} as const satisfies Record<keyof MillOptions, OptionSpec>

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

/** `maxRecordBytes` as the command line spells it: `--max-record-bytes`. */
export function flagName(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Bytes in `64m`, `1.5g`, `1000` (k, m, g are powers of 1024), or undefined when it is no size. */
export function parseSize(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 1 ? Math.floor(value) : undefined
  const match = /^(\d+(?:\.\d+)?)\s*([kmg])?(?:i?b)?$/i.exec(value.trim())
  if (match === null) return undefined
  const unit = { k: KIB, m: MIB, g: GIB }[match[2]?.toLowerCase() ?? ''] ?? 1
  return parseSize(Number(match[1]) * unit)
}

/** Milliseconds between two starts for `5/s`, `60/m`, `1000/h`, or undefined when it is no rate. */
export function parseRate(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(value.trim())
  const count = Number(match?.[1])
  if (match === null || !(count > 0)) return undefined
  return { s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'] / count
}

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

/** Reads given values by kind; a value of the wrong kind becomes a problem and the default. */
class OptionReader {
  readonly #given: MillOptions
  readonly #problems: string[]

  constructor(given: MillOptions, problems: string[]) {
    this.#given = given
    this.#problems = problems
  }

  text(name: keyof MillOptions): string | undefined {
    const value = this.#given[name] ?? this.#default(name)
    if (value === undefined || typeof value === 'string') return value
    this.#refuse(name, value, 'takes one value')
    return undefined
  }

  texts(name: keyof MillOptions): readonly string[] {
    const value = this.#given[name]
    if (value === undefined) return []
    if (typeof value === 'string') return [value]
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    this.#refuse(name, value, 'takes text')
    return []
  }

  /** The items of lists with commas. */
  names(name: keyof MillOptions): readonly string[] {
    return this.texts(name).flatMap((list) => list.split(',').map((item) => item.trim()))
  }

  switch(name: keyof MillOptions): boolean {
    const value = this.#given[name] ?? false
    if (typeof value === 'boolean') return value
    this.#refuse(name, value, 'takes no value')
    return false
  }

  choice(name: keyof MillOptions): string | undefined {
    const spec: OptionSpec = OPTIONS[name]
    const value = this.text(name)
    if (spec.kind === 'choice' && value !== undefined && !spec.choices.includes(value)) {
      this.#refuse(name, value, `takes one of ${spec.choices.join(', ')}`)
    }
    return value
  }

  count(name: keyof MillOptions): number {
    const spec: OptionSpec = OPTIONS[name]
    const min = spec.kind === 'count' ? spec.min : 0
    const value = this.#given[name] ?? this.#default(name)
    if (Number.isInteger(value) && Number(value) >= min) return Number(value)
    this.#refuse(name, value, `takes a whole number from ${min}`)
    return min
  }

  port(name: keyof MillOptions): number | undefined {
    const value = this.#given[name]
    if (value === undefined) return undefined
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535) return Number(value)
    this.#refuse(name, value, 'takes a port from 0 to 65535')
    return undefined
  }

  milliseconds(name: keyof MillOptions): number | undefined {
    const value = this.#given[name] ?? this.#default(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value * 1000
    this.#refuse(name, value, 'takes a number of seconds above 0')
    return undefined
  }

  size(name: 'maxBytes' | 'maxRecordBytes' | 'spoolAbove' | 'memory'): number {
    const value = this.#given[name] ?? this.#default(name)
    // A program may pass anything.
    const bytes = typeof value === 'number' || typeof value === 'string' ? parseSize(value) : undefined
    if (bytes === undefined) this.#refuse(name, value, 'takes a size such as 64m')
    return bytes ?? 0
  }

  #default(name: keyof MillOptions): unknown {
    const spec: OptionSpec = OPTIONS[name]
    return 'default' in spec ? spec.default : undefined
  }

  #refuse(name: string, value: unknown, expectation: string): void {
    this.#problems.push(`${flagName(name)} is ${String(value)}; it ${expectation}`)
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part)
    Object.freeze(value)
  }
  return value
}
