/** `xmlmill submit`: a list into a queue that any number of machines work on. */
import { basename } from 'node:path'
import { loadTransform } from '../channel/transform-module.ts'
import { MillError } from '../errors.ts'
import { submit } from '../fleet/submit.ts'
import { flagName, type MillOptions, resolveOptions } from '../options.ts'
import { redactUrl } from '../redact.ts'
import { formatCount, formatPlural } from '../report/figures.ts'
import { listDocuments } from '../sources/source.ts'
import { EXIT } from './exit-code.ts'
import { queueUrl } from './queue-url.ts'
import { shellCommand } from './shell-command.ts'
import { untilSignal } from './signals.ts'

/** Of a run's options: what makes no sense where many machines work, or is each machine's own. */
const NOT_HERE = {
  fresh: 'start over under another --name',
  update: 'a queue knows what is done, and not what has changed',
  shard: 'machines take what is next, whatever its host',
  ordered: 'machines do not wait for each other',
  state: 'the queue remembers what is done',
  report: 'it is for `xmlmill work`',
  summary: 'it is for `xmlmill work`',
  events: 'it is for `xmlmill work`',
  live: 'it is for `xmlmill work`',
  metrics: 'it is for `xmlmill work`',
} as const satisfies Partial<Record<keyof MillOptions, string>>

export interface SubmitCommand {
  readonly urls: readonly string[]
  readonly options: MillOptions
  readonly queue: string | undefined
  readonly name: string | undefined
}

/** @returns the exit code */
export async function submitCommand({ urls, options, queue, name }: SubmitCommand): Promise<number> {
  if (queue !== undefined) queueUrl(queue)
  const problems: string[] = []
  if (queue === undefined)
    problems.push('--queue is missing: the PostgreSQL database that the queue is in, as postgres://…')
  for (const [option, reason] of Object.entries(NOT_HERE))
    if (Object.hasOwn(options, option)) problems.push(`${flagName(option)} is not for a queue: ${reason}`)
  if (options.output === '-') problems.push('--output is -; machines have no standard output together')
  if (queue === undefined || problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
  const resolved = resolveOptions({ output: queue, ...options })
  if (resolved.thread.transform !== undefined) await loadTransform(resolved.thread.transform)
  const list = listDocuments({ arguments: urls }, resolved)
  const stopping = untilSignal()
  const isShown = resolved.progress !== 'none' && process.stderr.isTTY === true
  try {
    const { run, added, known, duplicates, badLines } = await submit({
      url: queue,
      name: name ?? nameOf(resolved.inputFiles),
      options: resolved,
      list,
      signal: stopping.signal,
      onBadLine: (url, { code, message }) => process.stderr.write(`failed  ${redactUrl(url)}  ${code} ${message}\n`),
      onProgress: (listed) => {
        if (isShown) process.stderr.write(`\r${formatCount(listed)} documents`)
      },
    })
    if (isShown) process.stderr.write('\r\x1b[K')
    const there = known > 0 ? `, ${formatPlural(known, 'document')} already there` : ''
    const twice = duplicates > 0 ? `, ${formatPlural(duplicates, 'duplicate')} left out` : ''
    process.stdout.write(`${run.name}: ${formatPlural(added, 'document')} added${there}${twice}\n`)
    if (run.transform !== undefined)
      process.stdout.write(`transform ${run.transform.name}, SHA-256 ${run.transform.hash}\n`)
    const allow = run.transform === undefined ? [] : [`--allow-transform=${run.transform.hash.slice(0, 16)}`]
    process.stdout.write(
      `work on it, on each machine: ${shellCommand(['xmlmill', 'work', withoutPassword(queue), ...allow])}\n`,
    )
    if (stopping.exitCode !== undefined) return stopping.exitCode
    return badLines > 0 ? EXIT.incomplete : EXIT.done
  } finally {
    stopping.dispose()
  }
}

/** The same command again is to be the same run. */
function nameOf(inputFiles: readonly string[]): string {
  const [first] = inputFiles
  return first === undefined || first === '-' ? 'urls' : basename(first).replace(/\..*$/, '')
}

function withoutPassword(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return redactUrl(url)
  parsed.password = ''
  return parsed.href
}
