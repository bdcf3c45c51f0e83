/** Options as they are given. */

export type ProgressStyle = 'auto' | 'bar' | 'plain' | 'json' | 'none'
export type Shape = 'json' | 'ordered' | 'xml'
export type ParserName = 'engine' | 'fast-xml-parser'

/** What a user of the library may give: the flags of the command line in camelCase. Times are seconds, sizes are bytes or text such as `64m`. */
export interface MillOptions {
  /** Lists of URLs, a line each, `#` comments; `-` is stdin; `.gz` read as it is. */
  inputFile?: string | readonly string[]
  /** Mill a URL once for every time it is listed. */
  keepDuplicates?: boolean
  /** Mill only the documents of shard I of N, counted from 1: each host is in one of them, as is each local file. */
  shard?: string
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
  /** Columns of a CSV, Parquet or database output, each `NAME` or `NAME=PATH`, such as `id=@_id,last=author.last`. Without it CSV and Parquet have those of the first 1,000 records, and reject later records that have others. */
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
  /** Where records that the transform or the output refused go, with the reason and their XML; beside the output unless given. */
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
