/** The queue that a command was given. */
import { existsSync } from 'node:fs'
import { MillError } from '../errors.ts'
import { isDatabaseUrl } from '../sinks/output.ts'
import { shellCommand } from './shell-command.ts'

/**
 * Makes sure that it leads to a database, before anybody tries to connect to what is none.
 * @throws MillError OPTIONS_INVALID
 */
export function queueUrl(given: string): string {
  if (isDatabaseUrl(given)) return given
  const wanted = 'a queue is in a PostgreSQL database: give its URL, postgres://user@host/database'
  if (!existsSync(given)) throw new MillError('OPTIONS_INVALID', `${given} is no queue; ${wanted}`)
  const instead = ['report', 'verify'].map((command) => shellCommand(['xmlmill', command, given]))
  throw new MillError(
    'OPTIONS_INVALID',
    `${given} is a file and no queue; ${wanted}. For an output: ${instead.join(' makes a report, ')} checks it`,
  )
}
