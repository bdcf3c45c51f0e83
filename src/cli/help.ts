/**
 * The help texts, made from the table of options. Our own instead of yargs': it shows what a value looks like, and `--help` need not
 * load yargs.
 */

// The table alone: how options are read is not needed to show them.
import { flagName, OPTIONS } from '../options/option-table.ts'
import type { OptionSpec } from '../options.ts'
import { COMMANDS, type CommandSpec } from './commands.ts'

export interface Section {
  readonly title: string
  /** What it is called, and what it does. */
  readonly rows: readonly (readonly [string, string])[]
}

const GENERAL: Section = {
  title: 'General',
  rows: [
    ['-h, --help', 'Show this.'],
    ['    --version', 'Show the version.'],
  ],
}

export const EXAMPLES = `Examples
  xmlmill peek https://example.org/dump-001.xml.gz
      what is in there, and the command line for it

  xmlmill -i urls.txt -r paper -o papers.ndjson
      every <paper> of every document of a list, into a file

  xmlmill 'https://example.org/dump-[001-500].xml.gz' -r record | head
      curl's ranges; compressed documents are seen by themselves

  xmlmill 'data/**/*.xml' -r item --transform row.ts
      local files, each record through a function of yours
`

export const EXIT_CODES = `Sizes take k, m, g (1024); times are seconds and may be fractions.

Exit codes
  0        everything is done
  1        some documents failed (the last line on stderr tries them again) or records were rejected (see the rejects file)
  2        usage, an unreadable list, an output that exists, or a transform that does not load
  3        the output failed
  4        another run has the output
  130 143  stopped by a signal; the last line on stderr goes on
`

/** The help of `xmlmill` itself. */
export function mainHelp(columns: number): string {
  const [run] = COMMANDS
  return `xmlmill ${run?.usage}

${run?.about}

${renderSections(mainSections(), columns)}
${EXAMPLES}
${EXIT_CODES}`
}

/** The help of a command; of `xmlmill` itself when there is none of that name. */
export function commandHelp(name: string | undefined, columns: number): string {
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined || command.name === '') return mainHelp(columns)
  return `xmlmill ${command.usage}

${command.about}

${renderSections(commandSections(command), columns)}`
}

/** What the main help lists: commands, options by group, and the rest. */
export function mainSections(): readonly Section[] {
  const rows = COMMANDS.map(({ name, summary }) => [name === '' ? '[run] [URL…]' : name, summary] as const)
  const general = { ...GENERAL, rows: [...optionRows(COMMANDS[0]?.options ?? {}), ...GENERAL.rows] }
  return [{ title: 'Commands', rows }, ...optionSections(), general]
}

function commandSections({ options, takesRunOptions }: CommandSpec): readonly Section[] {
  const rest = takesRunOptions ? [['…', 'Every option of a run, such as -j 2 or -H; see xmlmill --help.'] as const] : []
  const rows = [...optionRows(options), ...rest]
  return rows.length === 0 ? [GENERAL] : [{ title: 'Options', rows }, GENERAL]
}

function optionSections(): Section[] {
  const groups = Map.groupBy(Object.entries<OptionSpec>(OPTIONS), ([, spec]) => spec.group)
  return Array.from(groups, ([title, options]) => ({ title, rows: optionRows(Object.fromEntries(options)) }))
}

/** A row for each option: what it is called, and what it does. */
export function optionRows(options: Readonly<Record<string, OptionSpec>>): (readonly [string, string])[] {
  return Object.entries(options).map(
    ([name, spec]) => [flags(name, spec), `${spec.help}${shownDefault(spec)}`] as const,
  )
}

function flags(name: string, spec: OptionSpec): string {
  const value = spec.kind === 'switch' ? '' : ` ${spec.kind === 'choice' ? spec.choices.join('|') : spec.placeholder}`
  return `${spec.alias === undefined ? '   ' : `-${spec.alias},`} ${flagName(name)}${value}`
}

function shownDefault(spec: OptionSpec): string {
  if (!('default' in spec) || spec.default === undefined) return ''
  return ` (${spec.kind === 'size' ? shownSize(spec.default) : spec.default})`
}

function shownSize(bytes: number): string {
  const units = ['', 'k', 'm', 'g']
  let size = bytes
  let unit = 0
  while (size >= 1024 && size % 1024 === 0 && unit < 3) {
    size /= 1024
    unit += 1
  }
  return `${size}${units[unit]}`
}

/** Columns of the names; a longer one has its text on the next line. */
const NAME_COLUMNS = 30

function renderSections(sections: readonly Section[], columns: number): string {
  const lines: string[] = []
  for (const { title, rows } of sections) {
    lines.push(title)
    for (const [name, text] of rows) {
      const [first = '', ...more] = wrap(text, Math.max(30, Math.min(columns, 110) - NAME_COLUMNS))
      if (`  ${name}`.length + 2 > NAME_COLUMNS) lines.push(`  ${name}`, `${' '.repeat(NAME_COLUMNS)}${first}`)
      else lines.push(`  ${name}`.padEnd(NAME_COLUMNS) + first)
      for (const line of more) lines.push(' '.repeat(NAME_COLUMNS) + line)
    }
    lines.push('')
  }
  return lines.join('\n')
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines
}
