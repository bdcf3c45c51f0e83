/** The flags of the command line for yargs, made from the table of options. */

import { readFileSync } from 'node:fs'
import type { Argv, Options } from 'yargs'
import { MillError } from '../errors.ts'
import { flagName, OPTIONS } from '../options/option-table.ts'
import type { MillOptions, OptionSpec } from '../options.ts'
import { COMMANDS } from './commands.ts'

type OptionName = keyof typeof OPTIONS

function optionNames(): OptionName[] {
  return Object.keys(OPTIONS).filter((name): name is OptionName => name in OPTIONS)
}

/** Adds every option of a run to a command, and those that are its own. */
export function withOptions(command: Argv, own: Readonly<Record<string, OptionSpec>> = {}): Argv {
  return withOwnOptions(command, { ...OPTIONS, ...own })
}

/** Adds options to a command that does not take those of a run. */
export function withOwnOptions(command: Argv, own: Readonly<Record<string, OptionSpec>>): Argv {
  for (const [name, spec] of Object.entries(own)) command.option(flagName(name).slice(2), toYargs(spec))
  return command
}

/** Values stay text: yargs reads `--max-bytes 1e3` and `-A 007` as numbers otherwise. */
function toYargs(spec: OptionSpec): Options {
  const alias = spec.alias === undefined ? {} : { alias: spec.alias }
  return spec.kind === 'switch' ? { ...alias, type: 'boolean' } : { ...alias, type: 'string', nargs: 1 }
}

/**
 * Arguments with the value filled in where a flag that may have one is given without: `--live URL` is not a port of that name.
 */
export function withImpliedValues(args: readonly string[]): string[] {
  const specs = new Map(
    Object.entries<OptionSpec>(Object.assign({}, ...COMMANDS.map(({ options }) => options), OPTIONS)).map(
      ([name, spec]) => [flagName(name), spec],
    ),
  )
  return args.map((arg, index) => {
    const spec = specs.get(arg)
    if (spec === undefined || !('implied' in spec)) return arg
    const hasPort = spec.kind === 'port' && /^\d+$/.test(args[index + 1] ?? '')
    return hasPort ? arg : `${arg}=${spec.implied}`
  })
}

/** The options that were given, as the library takes them. */
export function givenOptions(argv: Readonly<Record<string, unknown>>): MillOptions {
  const given: Record<string, unknown> = {}
  for (const name of optionNames()) {
    const value = argv[flagName(name).slice(2)]
    if (value === undefined || value === false) continue
    const spec: OptionSpec = OPTIONS[name]
    given[name] = converted(name, spec, value)
  }
  return given
}

function converted(name: string, spec: OptionSpec, value: unknown): unknown {
  if (spec.kind === 'object') return readJson(name, value)
  if (spec.kind !== 'count' && spec.kind !== 'seconds' && spec.kind !== 'port') return value
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
  // What is no number is passed on as it stands, to be refused with the other problems.
  return Number.isNaN(number) ? value : number
}

function readJson(name: string, path: unknown): unknown {
  try {
    return JSON.parse(readFileSync(String(path), 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('OPTIONS_INVALID', `${flagName(name)} ${path} cannot be read: ${reason}`, { cause })
  }
}

/** The flag that was probably meant, or undefined when none is near. */
export function nearestFlag(flag: string): string | undefined {
  const names = [...optionNames(), ...COMMANDS.flatMap(({ options }) => Object.keys(options)), 'help', 'version']
  return nearest(
    flag,
    names.map((option) => flagName(option).slice(2)),
  )
}

/** The command that was probably meant, or undefined when none is near. */
export function nearestCommand(word: string): string | undefined {
  return nearest(word, ['run', ...COMMANDS.flatMap(({ name }) => (name === '' ? [] : [name]))])
}

function nearest(word: string, names: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(word, name)
    if (best === undefined || distance < best.distance) best = { name, distance }
  }
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
