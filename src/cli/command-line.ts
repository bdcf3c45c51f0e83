/** Arguments to commands, with yargs. Help and version are answered before (main.ts). */
import yargs from 'yargs'
import { MillError } from '../errors.ts'
import { EXIT } from './exit-code.ts'
import { givenOptions, nearestFlag, withOptions } from './flags.ts'

/**
 * Runs what the arguments ask for.
 * @returns the exit code
 * @throws MillError OPTIONS_INVALID with what is wrong and, for a flag, what was probably meant
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done
  await yargs()
    .command(
      ['$0 [urls..]', 'run [urls..]'],
      false,
      (command) => withOptions(command.positional('urls', { type: 'string', array: true })),
      async (argv) => {
        exitCode = await millCommand(argv)
      },
    )
    .command(
      'demo',
      false,
      (command) => withOptions(command).option('chaos', { type: 'boolean' }),
      async (argv) => {
        const { demoCommand } = await import('./demo-command.ts')
        exitCode = await demoCommand(argv.chaos === true, givenOptions(argv))
      },
    )
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .strict()
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      // What a command throws comes by here as well; yargs' own errors are usage.
      if (error !== undefined && error.name !== 'YError') throw error
      throw new MillError(
        'OPTIONS_INVALID',
        withSuggestions(message ?? error?.message ?? 'the arguments are not understood'),
      )
    })
    .parseAsync([...args])
  return exitCode
}

async function millCommand(argv: Readonly<Record<string, unknown>>): Promise<number> {
  const urls = Array.isArray(argv.urls) ? argv.urls.map(String) : []
  const options = givenOptions(argv)
  if (urls.length === 0 && options.inputFile === undefined) {
    throw new MillError('OPTIONS_INVALID', 'there is nothing to mill: give URLs, or a list with --input-file')
  }
  const file = argv['parser-options']
  const { runOnTerminal } = await import('./terminal-run.ts')
  return runOnTerminal({
    given: { arguments: urls },
    options,
    parserOptionsFile: typeof file === 'string' ? file : undefined,
  })
}

/** yargs names unknown flags; the near one is ours to find. */
function withSuggestions(message: string): string {
  const unknown = /^Unknown arguments?: (.+)$/m.exec(message)?.[1]
  if (unknown === undefined) return message
  return unknown
    .split(', ')
    .map((flag) => {
      const near = nearestFlag(flag)
      return `--${flag} is not an option${near === undefined ? '' : `; did you mean --${near}?`}`
    })
    .join('\n')
}
