/** `xmlmill verify OUTPUT`: whether an output has what its ledger says. */
import { redactUrl } from '../redact.ts'
import { formatCount, formatPlural } from '../report/figures.ts'
import { verifyOutput } from '../sinks/verify.ts'
import { EXIT } from './exit-code.ts'

/** @returns the exit code */
export async function verifyCommand(output: string, rejects: string | undefined): Promise<number> {
  const { done, failed, records, problems, found } = await verifyOutput(output, rejects)
  const what = `${formatPlural(done, 'document')} with ${formatPlural(records, 'record')}`
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  if (found > problems.length) process.stdout.write(`and ${formatCount(found - problems.length)} more\n`)
  process.stdout.write(
    problems.length === 0
      ? `${redactUrl(output)}: ${what}, each there once, whole and in order\n`
      : `${redactUrl(output)}: the ledger has ${what}; ${formatPlural(found, 'problem')}\n`,
  )
  if (failed > 0)
    process.stdout.write(`${formatPlural(failed, 'document')} failed; the command that was run tries again\n`)
  return problems.length === 0 ? EXIT.done : EXIT.incomplete
}
