/** `xmlmill collect`: the parts that the workers of a fleet have written, into one output. */
import { collect } from '../fleet/collect.ts'
import { formatPlural } from '../report/figures.ts'
import { EXIT } from './exit-code.ts'
import { mergedLine, partLine } from './merge-command.ts'

export interface CollectCommand {
  readonly queue: string
  readonly name: string | undefined
  readonly output: string | undefined
  readonly parts: string | undefined
}

/** @returns the exit code: 1 where documents failed, or are not done yet */
export async function collectCommand(command: CollectCommand): Promise<number> {
  const { queue: url, name, output, parts } = command
  const collected = await collect({
    url,
    name,
    output,
    parts,
    onPart: (part) => process.stdout.write(`${partLine(part)}\n`),
  })
  process.stdout.write(`${mergedLine(collected.output, collected)}\n`)
  const { failed, open } = collected
  if (failed > 0)
    process.stdout.write(`${formatPlural(failed, 'document')} failed; xmlmill retry has them tried again\n`)
  if (open > 0) process.stdout.write(`${formatPlural(open, 'document')} not done yet; collect again when they are\n`)
  return failed > 0 || open > 0 ? EXIT.incomplete : EXIT.done
}
