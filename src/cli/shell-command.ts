/** Command lines to copy: the options of a run as arguments, quoted for a POSIX shell. */
import { flagName, type MillOptions, OPTIONS, type OptionSpec } from '../options.ts'
import { redactUrl } from '../redact.ts'

/** A program name and arguments as one line. */
export function shellCommand(args: readonly string[]): string {
  return args.map(quote).join(' ')
}

function quote(text: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
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
  configFile?: string,
): string {
  const { inputFile: _, fresh: __, yes: ___, parserOptions: ____, ...kept } = given
  const args = ['xmlmill', ...input]
  const output = kept.output === undefined ? undefined : withoutPassword(kept.output)
  const header = kept.header === undefined ? undefined : [kept.header].flat().map(withoutSecret)
  const proxy = kept.proxy === undefined ? undefined : redactUrl(kept.proxy)
  for (const [name, value] of Object.entries({ ...kept, output, header, proxy })) {
    if (value !== undefined) args.push(...flagArgs(name, value))
  }
  if (parserOptionsFile !== undefined) args.push('--parser-options', parserOptionsFile)
  if (configFile !== undefined) args.push('--config', configFile)
  const command = shellCommand(args)
  // What is shown is copied into tickets and logs; whoever runs it fills this in.
  return output === kept.output ? command : `PGPASSWORD=… ${command}`
}

/** Headers that are no secret. Of any other, such as `Authorization`, `Cookie` or `X-Api-Key`, the value is left for whoever runs it to fill in. */
const HARMLESS_HEADERS = /^(?:accept|accept-[a-z]+|cache-control|from|range|referer|user-agent)\s*:/i

function withoutSecret(line: string): string {
  return HARMLESS_HEADERS.test(line) ? line : line.replace(/:.*$/s, ': …')
}

/** A database's URL as it may be shown. */
function withoutPassword(output: string): string {
  const url = /^postgres(?:ql)?:/i.test(output) ? URL.parse(output) : null
  if (url === null || url.password === '') return output
  url.password = ''
  return url.href
}

/** An option as its flag, once for each of its values. */
export function flagArgs(name: string, value: unknown): string[] {
  const spec: OptionSpec | undefined = Object.entries(OPTIONS).find(([option]) => option === name)?.[1]
  const flag = spec?.alias === undefined ? flagName(name) : `-${spec.alias}`
  if (value === true) return [flag]
  return [value].flat().flatMap((item) => [flag, String(item)])
}
