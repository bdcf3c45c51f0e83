#!/usr/bin/env node
/** The command line. Little is imported before it is known what is asked for: `--help` starts no engine. */
import { MillError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { print } from './print.ts'

/** What package.json's `engines` asks for: npm only warns, and an older Node would stop at a syntax error. */
const MIN_NODE = 24

process.exitCode = await main(process.argv.slice(2))

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < MIN_NODE) {
    process.stderr.write(`xmlmill: this is Node ${process.versions.node}; xmlmill needs Node ${MIN_NODE} or newer\n`)
    return EXIT.usage
  }
  if (args.includes('--help') || args.includes('-h')) return showHelp(args[0])
  if (args.includes('--version')) return show(`${VERSION}\n`)
  try {
    const { runCommandLine } = await import('./command-line.ts')
    return await runCommandLine(args)
  } catch (error) {
    if (!(error instanceof MillError)) throw error
    process.stderr.write(`xmlmill: ${error.message}\n${error.code}: ${error.remedy}\n`)
    return exitCodeOf(error.code)
  }
}

async function showHelp(command: string | undefined): Promise<number> {
  const { commandHelp } = await import('./help.ts')
  const columns = process.stdout.columns ?? 100
  return show(commandHelp(command, columns))
}

async function show(text: string): Promise<number> {
  await print(text)
  return EXIT.done
}
