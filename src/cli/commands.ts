/**
 * The commands and the flags that are theirs alone, once: the parser, the help, the shell's completion and the documentation are made from
 * this and from the table of options.
 */
import { OPTIONS } from '../options/option-table.ts'
import type { MillOptions, OptionSpec } from '../options.ts'

export interface CommandSpec {
  /** Empty for the run, which needs no name. */
  readonly name: string
  /** As the line of its help begins. */
  readonly usage: string
  /** One sentence for the list of commands. */
  readonly summary: string
  /** What its own help begins with. */
  readonly about: string
  /** Flags beside the options of a run. */
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Whether it takes the options of a run. */
  readonly takesRunOptions: boolean
  /** What its argument may be, where that is one of a few. */
  readonly choices?: readonly string[]
}

export const CONFIG_OPTION = {
  config: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'General',
    help: 'Options from this file instead of xmlmill.config.ts or .json in the working directory; flags win.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const DEMO_OPTIONS = {
  chaos: {
    kind: 'switch',
    group: 'General',
    help: 'With documents that are malformed, cut, missing, or stall; exits 1 and names each.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const TYPE_LANGUAGES = ['ts', 'json-schema', 'sql'] as const
export type TypeLanguage = (typeof TYPE_LANGUAGES)[number]

export const PEEK_OPTIONS = {
  bytes: {
    kind: 'size',
    placeholder: 'SIZE',
    default: 1 << 20,
    group: 'Peek',
    help: 'How much of a document is read, decompressed.',
  },
  documents: {
    kind: 'count',
    min: 1,
    default: 5,
    placeholder: 'N',
    group: 'Peek',
    help: 'How many documents of the list are looked into.',
  },
  types: {
    kind: 'choice',
    choices: TYPE_LANGUAGES,
    group: 'Peek',
    help: 'Print only what a record looks like: a TypeScript type, a JSON Schema, or a table.',
  },
  json: { kind: 'switch', group: 'Peek', help: 'Print all that was found as JSON.' },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const REPORT_OPTIONS = {
  output: {
    kind: 'text',
    placeholder: 'FILE.html',
    alias: 'o',
    group: 'General',
    help: 'Where the report goes; beside what it is made from, with .html, unless given.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const VERIFY_OPTIONS = {
  rejects: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'General',
    help: 'The file of rejects, where it is not beside the output.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const MERGE_OPTIONS = {
  rejects: {
    kind: 'text',
    placeholder: 'FILE',
    group: 'General',
    help: 'Where the rejects of the parts go; beside the output unless given.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

const RUN_NAME = {
  kind: 'text',
  placeholder: 'RUN',
  group: 'General',
} as const

export const SUBMIT_OPTIONS = {
  queue: {
    kind: 'text',
    placeholder: 'postgres://…',
    group: 'General',
    help: 'The PostgreSQL database that the queue is in; also where the records go, unless --output says otherwise.',
  },
  name: { ...RUN_NAME, help: "The run's name; that of the first list, without its ending, unless given." },
} as const satisfies Readonly<Record<string, OptionSpec>>

/** Options of a run that are each machine's own. */
const MACHINE_OPTIONS = [
  'threads',
  'concurrency',
  'memory',
  'spoolAbove',
  'proxy',
  'cacert',
  'netrc',
  'cache',
  'offline',
  'rejects',
  'progress',
  'quiet',
  'summary',
  'report',
  'events',
  'live',
  'liveHost',
  'metrics',
] as const satisfies readonly (keyof MillOptions)[]

export const WORK_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  name: { ...RUN_NAME, help: 'Work on this run alone; on all of them, the oldest first, unless given.' },
  allowTransform: {
    kind: 'text',
    placeholder: '[HASH]',
    implied: 'any',
    group: 'General',
    help: 'Run the transform that comes with a run: any, or the one whose SHA-256 begins like this.',
  },
  wait: { kind: 'switch', group: 'General', help: 'Stay when all is done, for runs to come.' },
  ...Object.fromEntries(MACHINE_OPTIONS.map((name) => [name, OPTIONS[name]])),
}

export const STATUS_OPTIONS = {
  watch: { kind: 'switch', group: 'General', help: 'Show it again every two seconds, until all is done.' },
  json: { kind: 'switch', group: 'General', help: 'Print it as JSON.' },
  live: {
    ...OPTIONS.live,
    help: 'Serve the report of all machines until all is done, on this port of loopback; 0 is any free one.',
  },
  liveHost: OPTIONS.liveHost,
} as const satisfies Readonly<Record<string, OptionSpec>>

export const COLLECT_OPTIONS = {
  name: { ...RUN_NAME, help: 'The run, where the queue has more than one.' },
  output: {
    kind: 'text',
    placeholder: 'TARGET',
    alias: 'o',
    group: 'General',
    help: "Where the records go; the run's own output unless given.",
  },
  parts: {
    kind: 'text',
    placeholder: 'DIR',
    group: 'General',
    help: 'A folder with copies of the parts, where the workers had no folder in common.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

export const STEERING_OPTIONS = {
  name: { ...RUN_NAME, help: 'The run, where the queue has more than one.' },
} as const satisfies Readonly<Record<string, OptionSpec>>

/** What can be done to a run in a queue, in the words of its help. */
const STEERING = {
  pause: 'Start no more documents of a run; what is under way goes on to its end.',
  resume: 'Go on with a run that was paused.',
  cancel: 'Take what is left of a run out of the queue; what is done stays, and the same list can be submitted again.',
  retry: 'Have the documents of a run that failed tried again.',
} as const

export const STEERING_COMMANDS = [
  'pause',
  'resume',
  'cancel',
  'retry',
] as const satisfies readonly (keyof typeof STEERING)[]

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: '',
    usage: '[run] [URL…] [options]',
    summary: 'Mill URLs, local files, or lists of them; `[001-100]`, `{a,b}` and globs as in curl and the shell.',
    about: 'Turns a list of XML documents into records, as JSON lines: downloads politely, parses on all cores.',
    options: CONFIG_OPTION,
    takesRunOptions: true,
  },
  {
    name: 'peek',
    usage: 'peek URL… [options]',
    summary:
      'Look into the first part of a few documents: what is in there, what the records are, and the command for it.',
    about:
      'Reads the first part of a few documents, as politely as a run, and says what is in there: encoding, namespaces, the tree of elements\nwith counts, likely records, children that repeat only sometimes, numbers and dates, mixed content, and a command line for all that.',
    options: { ...PEEK_OPTIONS, ...CONFIG_OPTION },
    takesRunOptions: true,
  },
  {
    name: 'report',
    usage: 'report OUTPUT|EVENTS [-o FILE.html]',
    summary: 'Make the HTML report of a run that is over, from its output or from a file of --events.',
    about:
      'Makes the report of a run that is over as one HTML file: from the ledger beside its output, or, with all that happened when, from a\nfile that --events wrote.',
    options: REPORT_OPTIONS,
    takesRunOptions: false,
  },
  {
    name: 'verify',
    usage: 'verify OUTPUT [--rejects FILE]',
    summary: "Read an output and its ledger: are every document's records there, once and in order?",
    about:
      'Reads an output and its ledger, and says whether the records of every document that is done are there once, whole and in order, with\nthe sums that the ledger has. Exits 1 when they are not.',
    options: VERIFY_OPTIONS,
    takesRunOptions: false,
  },
  {
    name: 'merge',
    usage: 'merge OUTPUT PART… [--rejects FILE]',
    summary: 'Join the outputs of several runs, such as those of the shards of a list, with their ledgers.',
    about:
      'Joins outputs of one kind, with their ledgers, into one that can be verified, gone on with and merged again. The parts stay as they are.\nGiven again after a kill it goes on; given further parts it adds them. PostgreSQL needs none of this: all shards go into one database.',
    options: MERGE_OPTIONS,
    takesRunOptions: false,
  },
  {
    name: 'submit',
    usage: 'submit --queue postgres://… [URL…] [options]',
    summary: 'Put URLs, or lists of them, into a queue in PostgreSQL that any number of machines work on.',
    about:
      'Puts a run into a queue: its options, and the documents of its list, grouped by host. Given again, it adds what is new. Records go into\nthe same database, or with --output into files of which each machine writes its part.',
    options: { ...SUBMIT_OPTIONS, ...CONFIG_OPTION },
    takesRunOptions: true,
  },
  {
    name: 'work',
    usage: 'work postgres://… [options]',
    summary: 'Work on a queue, as one of its machines, until nothing is left.',
    about:
      'Mills the documents of a queue, as one of any number of machines: --per-host, --rate, Retry-After hold over all of them. It may come, be\nstopped and be killed at any time.',
    options: WORK_OPTIONS,
    takesRunOptions: false,
  },
  {
    name: 'status',
    usage: 'status postgres://… [--watch] [--json] [--live [PORT]]',
    summary: 'Show how a queue stands: runs, workers, hosts, failures.',
    about:
      'Shows how a queue stands: its runs, documents by state, the workers and their rates, hosts that are left alone, failures by code.',
    options: STATUS_OPTIONS,
    takesRunOptions: false,
  },
  {
    name: 'collect',
    usage: 'collect postgres://… [-o TARGET] [--parts DIR]',
    summary: 'Join the files that the workers of a run have written into one output.',
    about:
      'Joins the parts of a run whose output is files: of each document the records of the worker that the queue knows to have done it. The\nparts stay as they are; given again, it adds what has come meanwhile.',
    options: COLLECT_OPTIONS,
    takesRunOptions: false,
  },
  ...Object.entries(STEERING).map(([name, summary]) => ({
    name,
    usage: `${name} postgres://… [--name RUN]`,
    summary,
    about: summary,
    options: STEERING_OPTIONS,
    takesRunOptions: false,
  })),
  {
    name: 'demo',
    usage: 'demo [--chaos] [options]',
    summary: 'Mill 500 generated documents from a server of its own into demo.ndjson.',
    about: 'Starts a server on loopback with 500 generated documents (about 120 MB) and mills them into demo.ndjson.',
    options: DEMO_OPTIONS,
    takesRunOptions: true,
  },
  {
    name: 'completion',
    usage: 'completion bash|zsh|fish',
    summary: 'Print what makes a shell complete commands and flags.',
    about:
      'Prints what makes a shell complete commands and flags. To have it in every shell:\n\n  bash  xmlmill completion bash > ~/.local/share/bash-completion/completions/xmlmill\n  zsh   xmlmill completion zsh > "$fpath[1]/_xmlmill"\n  fish  xmlmill completion fish > ~/.config/fish/completions/xmlmill.fish',
    options: {},
    takesRunOptions: false,
    choices: SHELLS,
  },
]
