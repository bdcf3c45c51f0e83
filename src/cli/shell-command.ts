/** Command lines to copy: the options of a run as arguments, quoted for a POSIX shell. */
import { flagName, type MillOptions, OPTIONS, type OptionSpec } from '../options.ts'

/** A program name and arguments as one line. */
export function shellCommand(args: readonly string[]): string {
  return args.map(quote).join(' ')
}

function quote(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * The command that mills some of a run's documents again with the same options, adding to the same output.
 *
 * @param input what names the documents: URLs, or `-i FILE`
 */
export function retryCommand(
  given: MillOptions,
  parserOptionsFile: string | undefined,
  input: readonly string[],
): string {
  const { inputFile: _, fresh: __, append: ___, parserOptions: ____, ...kept } = given
  const args = ['xmlmill', ...input]
  for (const [name, value] of Object.entries(kept)) args.push(...flagArgs(name, value))
  if (parserOptionsFile !== undefined) args.push('--parser-options', parserOptionsFile)
  if (given.output !== undefined && given.output !== '-') args.push('--append')
  return shellCommand(args)
}

function flagArgs(name: string, value: unknown): string[] {
  const spec: OptionSpec | undefined = Object.entries(OPTIONS).find(([option]) => option === name)?.[1]
  const flag = spec?.alias === undefined ? flagName(name) : `-${spec.alias}`
  if (value === true) return [flag]
  return [value].flat().flatMap((item) => [flag, String(item)])
}
