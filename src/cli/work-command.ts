/** `xmlmill work`: one of the machines that work on a queue. */
import { MillError } from '../errors.ts'
import { work } from '../fleet/work.ts'
import { flagName, type MillOptions, resolveOptions } from '../options.ts'
import { EXIT } from './exit-code.ts'
import { untilSignal } from './signals.ts'
import { showRun } from './terminal-run.ts'

export interface WorkCommand {
  readonly queue: string
  readonly name: string | undefined
  readonly options: MillOptions
  readonly allowTransform: string | undefined
  readonly waits: boolean
}

/** Files that are written at the end of a run: with several runs each would take the place of the last. */
const FOR_ONE_RUN = ['report', 'events', 'summary'] as const satisfies readonly (keyof MillOptions)[]

/** @returns the exit code: the highest that a run has ended with */
export async function workCommand({ queue, name, options, allowTransform, waits }: WorkCommand): Promise<number> {
  const local = resolveOptions(options)
  const problems = FOR_ONE_RUN.filter((option) => name === undefined && Object.hasOwn(options, option))
  if (problems.length > 0)
    throw new MillError(
      'OPTIONS_INVALID',
      problems.map((one) => `${flagName(one)} is for one run: give --name`).join('\n'),
    )
  const stopping = untilSignal()
  let exitCode: number = EXIT.done
  try {
    await work({
      url: queue,
      name,
      local,
      given: options,
      allowTransform,
      waits,
      stopping: stopping.signal,
      show: async (run, resolved, perform) => {
        if (local.progress !== 'none') process.stderr.write(`${run.name}\n`)
        const code = await showRun({ given: { arguments: [] }, options, offersRetry: false }, resolved, perform)
        exitCode = Math.max(exitCode, code)
        return code === EXIT.done || code === EXIT.incomplete
      },
    })
  } finally {
    stopping.dispose()
  }
  return stopping.exitCode ?? exitCode
}
