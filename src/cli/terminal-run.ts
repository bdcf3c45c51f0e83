/** A run as the command line shows it: progress while it lasts, the summary after, and the command that tries again what failed. */
import { writeFileSync } from 'node:fs'
import { loadTransform } from '../channel/transform-module.ts'
import { MillError, toFailure } from '../errors.ts'
import { run } from '../mill.ts'
import { type MillOptions, type RunOptions, resolveOptions } from '../options.ts'
import type { Listener } from '../report/events.ts'
import { createProgress, wantsColor } from '../report/progress.ts'
import { renderSummary, type Summary, SummaryFold, summaryToJson } from '../report/summary.ts'
import { openOutput } from '../sinks/output.ts'
import { type Given, listDocuments } from '../sources/source.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { FailedList } from './failed-list.ts'
import { retryCommand } from './shell-command.ts'
import { untilSignal } from './signals.ts'

export interface TerminalRun {
  readonly given: Given
  readonly options: MillOptions
  /** The file that `parserOptions` came from. */
  readonly parserOptionsFile?: string | undefined
  /** Whether to show the command that tries again what failed. Default: true. */
  readonly offersRetry?: boolean
}

/** Runs, shows, and gives the exit code. */
export async function runOnTerminal(terminalRun: TerminalRun): Promise<number> {
  const options = resolveOptions({ output: '-', ...terminalRun.options })
  const { output = '-' } = options
  const display = createProgress(options.progress, {
    stderr: process.stderr,
    env: process.env,
    isDataOnTerminal: output === '-' && process.stdout.isTTY === true,
  })
  const summary = new SummaryFold()
  const failed = new FailedList(output === '-' ? 'xmlmill.failed.txt' : `${output}.failed.txt`)
  const stopping = untilSignal()
  const listener: Listener = (event) => {
    summary.add(event)
    display.listener(event)
    // A line that is no URL fails again however often it is tried.
    if (event.type === 'document-failed' && event.failure.code !== 'URL_INVALID') failed.add(event.url)
  }
  let stopped: unknown
  try {
    await millIntoOutput(terminalRun.given, options, listener, stopping.signal)
  } catch (error) {
    stopped = error
  } finally {
    stopping.dispose()
    failed.close()
    display.close()
  }
  const result = summary.summary()
  if (options.summary !== undefined) writeFileSync(options.summary, summaryToJson(result))
  const isQuietEnd = stopped instanceof MillError && stopped.code === 'OUTPUT_CLOSED'
  if (result.threads > 0 && options.progress !== 'none' && options.progress !== 'json' && !isQuietEnd) {
    process.stderr.write(renderEnd(result, terminalRun, failed.args()))
  } else if (stopped !== undefined && !isQuietEnd) process.stderr.write(`${describe(stopped)}\n`)
  return stopping.exitCode ?? exitCode(result, stopped)
}

async function millIntoOutput(
  given: Given,
  options: RunOptions,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  const list = listDocuments(given, options)
  if (options.thread.transform !== undefined) await loadTransform(options.thread.transform)
  await using output = await openOutput(options)
  await run({ list, options, sink: output, listener, signal })
  await output.close()
}

function renderEnd(summary: Summary, terminalRun: TerminalRun, failed: readonly string[] | undefined): string {
  const { options, parserOptionsFile, offersRetry = true } = terminalRun
  const again = failed === undefined || !offersRetry ? undefined : retryCommand(options, parserOptionsFile, failed)
  const width = process.stderr.columns ?? 100
  const color = wantsColor(process.stderr, process.env)
  return renderSummary(summary, { color, width, retryCommand: again })
}

function exitCode(summary: Summary, stopped: unknown): number {
  if (stopped !== undefined) return exitCodeOf(toFailure(stopped).code)
  return summary.documents.failed > 0 || summary.records.rejected > 0 ? EXIT.incomplete : EXIT.done
}

/** An error in words for a person: what, and what to do. */
function describe(error: unknown): string {
  if (!(error instanceof MillError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `xmlmill: ${error.message}\n${error.code}: ${error.remedy}`
}
