/** Arguments to commands, with yargs. Help and version are answered before (main.ts). */
import { existsSync } from 'node:fs'
import yargs from 'yargs'
import { findConfigFile } from '../config/find-config-file.ts'
import { MillError } from '../errors.ts'
import type { MillOptions } from '../options.ts'
import {
  COLLECT_OPTIONS,
  COMMANDS,
  CONFIG_OPTION,
  DEMO_OPTIONS,
  PEEK_OPTIONS,
  REPORT_OPTIONS,
  SHELLS,
  STATUS_OPTIONS,
  STEERING_COMMANDS,
  STEERING_OPTIONS,
  SUBMIT_OPTIONS,
  WORK_OPTIONS,
} from './commands.ts'
import { EXIT } from './exit-code.ts'
import { givenOptions, nearestCommand, nearestFlag, withImpliedValues, withOptions, withOwnOptions } from './flags.ts'
import { print } from './print.ts'
import { queueUrl } from './queue-url.ts'

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
      (command) => withOptions(command.positional('urls', { type: 'string', array: true }), CONFIG_OPTION),
      async (argv) => {
        exitCode = await millCommand(argv)
      },
    )
    .command(
      'peek [urls..]',
      false,
      (command) =>
        withOptions(command.positional('urls', { type: 'string', array: true }), { ...PEEK_OPTIONS, ...CONFIG_OPTION }),
      async (argv) => {
        const options = await withConfig(argv)
        const { peekCommand } = await import('./peek-command.ts')
        exitCode = await peekCommand({ urls: urlsOf(argv), ...options, ...filesOf(argv), argv })
      },
    )
    .command(
      'report <source>',
      false,
      (command) =>
        command
          .positional('source', { type: 'string', demandOption: true })
          .option('output', { alias: REPORT_OPTIONS.output.alias, type: 'string', nargs: 1 }),
      async ({ source, output }) => {
        const { reportCommand } = await import('./report-command.ts')
        exitCode = await reportCommand({ source, target: output })
      },
    )
    .command(
      'verify <output>',
      false,
      (command) =>
        command
          .positional('output', { type: 'string', demandOption: true })
          .option('rejects', { type: 'string', nargs: 1 }),
      async ({ output, rejects }) => {
        const { verifyCommand } = await import('./verify-command.ts')
        exitCode = await verifyCommand(output, rejects)
      },
    )
    .command(
      'submit [urls..]',
      false,
      (command) =>
        withOptions(command.positional('urls', { type: 'string', array: true }), {
          ...SUBMIT_OPTIONS,
          ...CONFIG_OPTION,
        }),
      async (argv) => {
        const { options } = await withConfig(argv)
        const { submitCommand } = await import('./submit-command.ts')
        exitCode = await submitCommand({
          urls: urlsOf(argv),
          options,
          queue: textOf(argv.queue),
          name: textOf(argv.name),
        })
      },
    )
    .command(
      'work <queue>',
      false,
      (command) => withOwnOptions(command.positional('queue', { type: 'string', demandOption: true }), WORK_OPTIONS),
      async (argv) => {
        const { workCommand } = await import('./work-command.ts')
        exitCode = await workCommand({
          queue: queueUrl(String(argv.queue)),
          name: textOf(argv.name),
          options: givenOptions(argv),
          allowTransform: textOf(argv['allow-transform']),
          waits: argv.wait === true,
        })
      },
    )
    .command(
      'status <queue>',
      false,
      (command) => withOwnOptions(command.positional('queue', { type: 'string', demandOption: true }), STATUS_OPTIONS),
      async (argv) => {
        const { statusCommand } = await import('./status-command.ts')
        exitCode = await statusCommand({
          queue: queueUrl(String(argv.queue)),
          watches: argv.watch === true,
          asJson: argv.json === true,
          options: givenOptions(argv),
        })
      },
    )
    .command(
      'collect <queue>',
      false,
      (command) => withOwnOptions(command.positional('queue', { type: 'string', demandOption: true }), COLLECT_OPTIONS),
      async (argv) => {
        const { collectCommand } = await import('./collect-command.ts')
        exitCode = await collectCommand({
          queue: queueUrl(String(argv.queue)),
          name: textOf(argv.name),
          output: textOf(argv.output),
          parts: textOf(argv.parts),
        })
      },
    )
    .command(
      [...STEERING_COMMANDS].map((name) => `${name} <queue>`),
      false,
      (command) =>
        withOwnOptions(command.positional('queue', { type: 'string', demandOption: true }), STEERING_OPTIONS),
      async (argv) => {
        const what = STEERING_COMMANDS.find((name) => name === argv._[0])
        const { steeringCommand } = await import('./steering-commands.ts')
        if (what !== undefined) exitCode = await steeringCommand(what, queueUrl(String(argv.queue)), textOf(argv.name))
      },
    )
    .command(
      'merge <output> <parts..>',
      false,
      (command) =>
        command
          .positional('output', { type: 'string', demandOption: true })
          .positional('parts', { type: 'string', array: true, demandOption: true })
          .option('rejects', { type: 'string', nargs: 1 }),
      async ({ output, parts, rejects }) => {
        const { mergeCommand } = await import('./merge-command.ts')
        exitCode = await mergeCommand({ output, parts, rejects })
      },
    )
    .command(
      'completion <shell>',
      false,
      (command) => command.positional('shell', { type: 'string', choices: [...SHELLS], demandOption: true }),
      async ({ shell }) => {
        const { completionScript } = await import('./completion.ts')
        await print(completionScript(shell))
      },
    )
    .command(
      'demo',
      false,
      (command) => withOptions(command, DEMO_OPTIONS),
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
        missingArguments(message, args) ??
          withSuggestions(message ?? error?.message ?? 'the arguments are not understood'),
      )
    })
    .parseAsync(withImpliedValues(args))
  return exitCode
}

async function millCommand(argv: Readonly<Record<string, unknown>>): Promise<number> {
  const urls = urlsOf(argv)
  checkWord(urls[0])
  const { options, flags } = await withConfig(argv)
  if (urls.length === 0 && options.inputFile === undefined) {
    throw new MillError('OPTIONS_INVALID', 'there is nothing to mill: give URLs, or a list with --input-file')
  }
  const { runOnTerminal } = await import('./terminal-run.ts')
  return runOnTerminal({
    given: { arguments: urls },
    options,
    flags,
    ...filesOf(argv),
  })
}

/** Files that the command line names and that hold options: commands to copy name them, too. */
function filesOf(argv: Readonly<Record<string, unknown>>): {
  readonly parserOptionsFile: string | undefined
  readonly configFile: string | undefined
} {
  const { config, 'parser-options': parserOptions } = argv
  return {
    parserOptionsFile: typeof parserOptions === 'string' ? parserOptions : undefined,
    configFile: typeof config === 'string' ? config : undefined,
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function urlsOf(argv: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(argv.urls) ? argv.urls.map(String) : []
}

/** The options of the configuration file, if there is one, and the flags, which win. */
async function withConfig(
  argv: Readonly<Record<string, unknown>>,
): Promise<{ readonly options: MillOptions; readonly flags: MillOptions }> {
  const flags = givenOptions(argv)
  const path = typeof argv.config === 'string' ? argv.config : findConfigFile(process.cwd())
  if (path === undefined) return { options: flags, flags }
  const { loadConfig } = await import('../config/config-file.ts')
  const { inputFile, ...rest } = await loadConfig(path)
  // Lists in the file are for when nothing else is asked for.
  const lists = urlsOf(argv).length > 0 || inputFile === undefined ? {} : { inputFile }
  return { options: { ...lists, ...rest, ...flags }, flags }
}

/**
 * The name of a command that is written wrong is no document.
 * @throws MillError OPTIONS_INVALID
 */
function checkWord(word: string | undefined): void {
  if (word === undefined || !/^[\p{L}\d][\p{L}\d_-]*$/u.test(word) || existsSync(word)) return
  const near = nearestCommand(word)
  const hint = near === undefined ? 'xmlmill --help shows the commands' : `did you mean xmlmill ${near}?`
  throw new MillError('OPTIONS_INVALID', `${word} is no command, no file and no URL; ${hint}`)
}

/** yargs counts what is missing; what it is stands in the table of commands. */
function missingArguments(message: string | null | undefined, args: readonly string[]): string | undefined {
  if (message?.startsWith('Not enough non-option arguments') !== true) return undefined
  const command = COMMANDS.find(({ name }) => name !== '' && args.includes(name))
  if (command === undefined) return undefined
  const words = command.usage.split(' ').slice(1)
  const end = words.findIndex((word) => /^[[-]/.test(word))
  const needed = words.slice(0, end === -1 ? undefined : end).join(' ')
  return `${command.name} needs ${needed}: xmlmill ${command.usage}`
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
