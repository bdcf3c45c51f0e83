/** `--fresh` says what it will replace: a person is asked, a script must have said yes. */
import { MillError } from '../errors.ts'
import type { RunOptions } from '../options.ts'
import { presentOutput } from '../sinks/output.ts'

/**
 * Asks, where there is something to replace and nobody has said yes.
 * @throws MillError OUTPUT_EXISTS when it is not to be replaced
 */
export async function confirmReplacing(options: RunOptions, hasSaidYes: boolean): Promise<void> {
  if (options.existing !== 'replace' || hasSaidYes) return
  const present = presentOutput(options)
  if (present === undefined) return
  const canAsk = process.stdin.isTTY === true && process.stderr.isTTY === true && !options.inputFiles.includes('-')
  if (!canAsk) throw new MillError('OUTPUT_EXISTS', `--fresh would replace ${present}; add --yes to do so`)
  // Few runs ask.
  const { createInterface } = await import('node:readline/promises')
  using terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`--fresh replaces ${present}. Go on? [y/N] `)
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new MillError('OUTPUT_EXISTS', `${present} is left as it is`)
}
