/** What is read, what is cut out of it, and where that goes. */
import type { OptionSpecs } from './option-spec.ts'

export const CONTENT_OPTIONS = {
  inputFile: {
    kind: 'texts',
    placeholder: 'FILE',
    alias: 'i',
    group: 'Input',
    help: 'Lists of URLs, a line each, `#` comments; `-` is stdin; `.gz` read as it is.',
  },
  keepDuplicates: { kind: 'switch', group: 'Input', help: 'Mill a URL once for every time it is listed.' },
  shard: {
    kind: 'text',
    placeholder: 'I/N',
    group: 'Input',
    help: 'Mill only the documents of shard I of N, counted from 1: each host is in one of them, as is each local file.',
  },

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
    help: 'Columns of a CSV, Parquet or database output, each `NAME` or `NAME=PATH`, such as `id=@_id,last=author.last`. Without it CSV and Parquet have those of the first 1,000 records, and reject later records that have others.',
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
    help: 'Where records that the transform or the output refused go, with the reason and their XML; beside the output unless given.',
  },
} as const satisfies OptionSpecs
