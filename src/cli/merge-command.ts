/** `xmlmill merge OUTPUT PART…`: the outputs of several runs into one. */
import { redactUrl } from '../redact.ts'
import { formatCount, formatPlural } from '../report/figures.ts'
import { type Merged, mergeOutputs, type PartMerged } from '../sinks/merge.ts'
import { EXIT } from './exit-code.ts'

export interface MergeCommand {
  readonly output: string
  readonly parts: readonly string[]
  readonly rejects: string | undefined
}

/** @returns the exit code: 1 also where a shard is missing, or a document failed in all of the parts that know it */
export async function mergeCommand({ output, parts, rejects }: MergeCommand): Promise<number> {
  const { done, failed, records, missingShards } = await mergeOutputs({
    output,
    parts,
    rejects,
    onPart: (part) => process.stdout.write(`${partLine(part)}\n`),
  })
  process.stdout.write(`${mergedLine(output, { done, records })}\n`)
  if (failed > 0) {
    const again = `the command of the parts, with -o ${output} and without --shard, tries again`
    process.stdout.write(`${formatPlural(failed, 'document')} failed; ${again}\n`)
  }
  if (missingShards.length > 0)
    process.stdout.write(
      `not all shards are there: ${missingShards.join(', ')} ${missingShards.length === 1 ? 'is' : 'are'} in no part\n`,
    )
  return failed > 0 || missingShards.length > 0 ? EXIT.incomplete : EXIT.done
}

/** What a merged output has. */
export function mergedLine(output: string, { done, records }: Pick<Merged, 'done' | 'records'>): string {
  return `${redactUrl(output)}: ${formatPlural(done, 'document')} with ${formatPlural(records, 'record')}`
}

/** What was taken of a part. */
export function partLine({ part, done, failed, left, leftOut }: PartMerged): string {
  const counts = [
    `${formatPlural(done, 'document')} taken`,
    failed > 0 && `${formatCount(failed)} failed`,
    left > 0 && `${formatCount(left)} already there`,
    leftOut > 0 && `${formatCount(leftOut)} left out`,
  ]
  return `${part}: ${counts.filter((count) => count !== false).join(', ')}`
}
