/** A run as the command line shows it: progress while it lasts, the summary after, and the command that tries again what failed. */
import { writeFileSync } from 'node:fs'
import { loadTransform } from '../channel/transform-module.ts'
import { MillError, toFailure } from '../errors.ts'
import { run } from '../mill.ts'
import { type MillOptions, type RunOptions, resolveOptions } from '../options.ts'
import type { Listener, RunEvent } from '../report/events.ts'
import { createProgress, wantsColor } from '../report/progress.ts'
import { RunFiguresFold } from '../report/run-figures.ts'
import { renderSummary, type Summary, SummaryFold, summaryToJson } from '../report/summary.ts'
import { judge, type Verdict } from '../report/verdict.ts'
import { openWatch } from '../report/watch.ts'
import { besideName, openOutput, rejectsPath, remembers } from '../sinks/output.ts'
import { type Given, listDocuments } from '../sources/source.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { FailedList } from './failed-list.ts'
import { HeapGrowth } from './heap-growth.ts'
import { confirmReplacing } from './replace-question.ts'
import { retryCommand } from './shell-command.ts'
import { untilSignal } from './signals.ts'

export interface TerminalRun {
  readonly given: Given
  readonly options: MillOptions
  /** The file that `parserOptions` came from. */
  readonly parserOptionsFile?: string | undefined
  /** The options that were flags, where others came from a configuration file: only they are in commands to copy. */
  readonly flags?: MillOptions
  /** The file of `--config`. */
  readonly configFile?: string | undefined
  /** Whether to show the command that tries again what failed. Default: true. */
  readonly offersRetry?: boolean
}

const STOPPING = 'stopping: what is under way has ten seconds; a second signal stops it at once'

/** Runs, shows, and gives the exit code. */
export async function runOnTerminal(terminalRun: TerminalRun): Promise<number> {
  const options = resolveOptions({ output: '-', ...terminalRun.options })
  await confirmReplacing(options, terminalRun.options.yes === true)
  return showRun(terminalRun, options, (listener, stopping) =>
    millIntoOutput(terminalRun.given, options, listener, stopping),
  )
}

/** Shows a run, whoever mills it, and gives the exit code. */
export async function showRun(
  terminalRun: TerminalRun,
  options: RunOptions,
  perform: (listener: Listener, stopping: AbortSignal) => Promise<void>,
): Promise<number> {
  const { output = '-' } = options
  using heapGrowth = options.thread.transform === undefined ? new HeapGrowth() : undefined
  // A limit on the size of files (ulimit -f) is then an error of the write, which can be told; else it ends the process.
  process.on('SIGXFSZ', () => {})
  // Whoever read the messages may go away; the records go on.
  process.stderr.on('error', () => {})
  const summary = new SummaryFold()
  const watch = await openWatch(options.watch, summary)
  for (const notice of watch.notices) process.stderr.write(`${notice}\n`)
  const display = createProgress(options.progress, {
    stderr: process.stderr,
    env: process.env,
    isDataOnTerminal: output === '-' && process.stdout.isTTY === true,
  })
  // Also where a second signal ends the process at once.
  const closeDisplay = () => display.close()
  process.once('exit', closeDisplay)
  const figures = new RunFiguresFold()
  const failed = new FailedList(`${besideName(output, options.shard)}.failed.txt`)
  // Where the same command tries again what failed, nobody needs a list.
  const { offersRetry = true } = terminalRun
  const keepsList = offersRetry && (!remembers(options) || options.inputFiles.includes('-'))
  const stopping = untilSignal()
  stopping.signal.addEventListener('abort', () => display.say(STOPPING))
  const listener: Listener = (event) => {
    heapGrowth?.add(event)
    summary.add(event)
    figures.add(event)
    display.listener(event)
    watch.listener(event)
    if (keepsList && event.type === 'document-failed' && !isNoDocument(event)) failed.add(event.url)
  }
  let stopped: unknown
  try {
    await perform(listener, stopping.signal)
  } catch (error) {
    stopped = error
  } finally {
    stopping.dispose()
    failed.close()
    display.close()
    process.off('exit', closeDisplay)
  }
  const result = summary.summary()
  const unclosed = await failureOf(watch.close())
  const unwritten = writeSummary(options.summary, result) ?? unclosed
  if (unwritten !== undefined) process.stderr.write(`${describe(unwritten)}\n`)
  const isQuietEnd = stopped instanceof MillError && stopped.code === 'OUTPUT_CLOSED'
  if (stopped !== undefined && isNothing(result) && !isAborted(stopped) && !isQuietEnd) {
    process.stderr.write(`${describe(stopped)}\n`)
  } else if (result.threads > 0 && options.progress !== 'none' && options.progress !== 'json' && !isQuietEnd) {
    process.stderr.write(
      renderEnd(
        result,
        judge(figures.figures()),
        terminalRun,
        againArgs(terminalRun, options, result, failed),
        rejectsPath(options),
      ),
    )
  } else if (stopped !== undefined && !isQuietEnd) process.stderr.write(`${describe(stopped)}\n`)
  if (isAborted(stopped) && stopping.exitCode !== undefined) return stopping.exitCode
  // The records are there, and what was to be said of them is not.
  return stopped === undefined && unwritten !== undefined ? EXIT.output : exitCode(result, stopped)
}

/** A line that is no URL, and a pattern that no file matches, fail again however often they are tried. */
function isNoDocument({
  attempt,
  failure: { code },
}: Extract<RunEvent, { readonly type: 'document-failed' }>): boolean {
  return code === 'URL_INVALID' || (code === 'FILE_UNREADABLE' && attempt === 0)
}

/** It ended before its first document: there is nothing to sum up, nor to try again. */
function isNothing({ documents: { done, failed, alreadyThere, waiting } }: Summary): boolean {
  return done + failed + alreadyThere + waiting === 0
}

function isAborted(error: unknown): boolean {
  return error instanceof MillError && error.code === 'ABORTED'
}

/** Gives the error, if any: the run is over, and what it has to say comes first. */
function writeSummary(path: string | undefined, summary: Summary): MillError | undefined {
  try {
    if (path !== undefined) writeFileSync(path, summaryToJson(summary))
    return undefined
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new MillError('OUTPUT_FAILED', `the summary could not be written: ${reason}`, { cause })
  }
}

/** What a promise is rejected with. */
async function failureOf(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

async function millIntoOutput(
  given: Given,
  options: RunOptions,
  listener: Listener,
  stopping: AbortSignal,
): Promise<void> {
  const list = listDocuments(given, options)
  if (options.thread.transform !== undefined) await loadTransform(options.thread.transform)
  await using output = await openOutput(options)
  await run({ list, options, sink: output.sink, underWay: output.underWay, listener, stopping })
  await output.close()
}

/**
 * What the command that goes on is to mill: the same list, where the output knows what is done; else what failed.
 */
function againArgs(
  { given }: TerminalRun,
  { inputFiles, output, state }: RunOptions,
  summary: Summary,
  failed: FailedList,
): readonly string[] | undefined {
  const { documents, stopped } = summary
  if (documents.failed === 0 && stopped === undefined) return undefined
  const canBeReadAgain = !inputFiles.includes('-') || documents.failed === 0
  if (!remembers({ output, state }) || !('arguments' in given) || !canBeReadAgain) return failed.args()
  return [...given.arguments, ...inputFiles.flatMap((file) => ['-i', file])]
}

function renderEnd(
  summary: Summary,
  verdict: Verdict,
  terminalRun: TerminalRun,
  input: readonly string[] | undefined,
  rejectsFile: string | undefined,
): string {
  const { options, flags = options, parserOptionsFile, configFile, offersRetry = true } = terminalRun
  const command = () => retryCommand(flags, parserOptionsFile, input ?? [], configFile)
  const again = input === undefined || !offersRetry ? undefined : command()
  const width = process.stderr.columns ?? 100
  const color = wantsColor(process.stderr, process.env)
  // Where nothing was milled, nothing was bounded.
  const attempted = summary.documents.done > 0
  return renderSummary(summary, {
    color,
    verdict: attempted ? verdict : undefined,
    width,
    retryCommand: again,
    rejectsFile,
  })
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
