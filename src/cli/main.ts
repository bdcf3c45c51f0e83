#!/usr/bin/env node
/** The command line. Only what every command needs is imported at the top: `--help` does not start an engine. */
import yargs from 'yargs'
import { MillError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { givenOptions, nearestFlag, withOptions } from './flags.ts'

process.exitCode = await main(process.argv.slice(2))

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done
  const parser = yargs()
    .scriptName('xmlmill')
    .usage(
      '$0 [run] [URL…] [options]\n\nMills XML documents into records, as JSON lines: downloads politely, parses on all cores.',
    )
    .command(
      ['$0 [urls..]', 'run [urls..]'],
      'Mill URLs, local files, or lists of them',
      (command) =>
        withOptions(
          command.positional('urls', {
            type: 'string',
            array: true,
            describe: 'URLs, local paths or globs; [1-9] and {a,b} as in curl',
          }),
        ),
      async (argv) => {
        exitCode = await millCommand(argv)
      },
    )
    .command(
      'demo',
      'Mill 500 generated documents from a server of its own into demo.ndjson',
      (command) =>
        command.option('chaos', {
          type: 'boolean',
          describe: 'With documents that are malformed, cut, missing, or stall',
        }),
      async (argv) => {
        const { demoCommand } = await import('./demo-command.ts')
        exitCode = await demoCommand(argv.chaos === true)
      },
    )
    .example('$0 -i urls.txt -r paper -o papers.ndjson', 'every <paper> of every document of a list')
    .example(
      "$0 'https://example.org/dump-[001-500].xml.gz' -r record | head",
      'curl-like ranges; gzip is seen by itself',
    )
    .example('$0 data/**/*.xml -r item --transform row.ts', 'local files, each record through your function')
    .epilog(
      'Sizes take k, m, g (1024); times are seconds. Exit codes: 0 all done, 1 some documents failed or records were rejected,\n2 usage, 3 the output failed, 130 and 143 stopped by a signal. Codes of failures: docs/errors.md',
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
    .version(VERSION)
    .alias('help', 'h')
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new MillError('OPTIONS_INVALID', withSuggestions(message))
    })
  try {
    await parser.parseAsync([...args])
    return exitCode
  } catch (error) {
    if (!(error instanceof MillError)) throw error
    process.stderr.write(`xmlmill: ${error.message}\n${error.remedy}\n`)
    return exitCodeOf(error.code)
  }
}

async function millCommand(argv: Readonly<Record<string, unknown>>): Promise<number> {
  const { runOnTerminal } = await import('./terminal-run.ts')
  const urls = Array.isArray(argv.urls) ? argv.urls.map(String) : []
  const options = givenOptions(argv)
  if (urls.length === 0 && options.inputFile === undefined) {
    throw new MillError('OPTIONS_INVALID', 'there is nothing to mill: give URLs, or a list with --input-file')
  }
  const file = argv['parser-options']
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
