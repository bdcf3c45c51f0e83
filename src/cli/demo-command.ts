/** `xmlmill demo`: a server on loopback and its 500 documents, milled with the defaults. */
import { CHAOS_OPTIONS, DEMO_OPTIONS, startDemoServer } from '../demo/server.ts'
import type { MillOptions } from '../options.ts'
import { runOnTerminal } from './terminal-run.ts'

const OUTPUT = 'demo.ndjson'

/**
 * @param given options that take the place of the demonstration's own
 * @returns the exit code
 */
export async function demoCommand(chaos: boolean, given: MillOptions): Promise<number> {
  process.stderr.write('starting a server on loopback with 500 documents, about 120 MB …\n')
  await using server = await startDemoServer({ chaos })
  const exitCode = await runOnTerminal({
    given: { urls: server.urls },
    options: { ...(chaos ? CHAOS_OPTIONS : DEMO_OPTIONS), output: OUTPUT, fresh: true, yes: true, ...given },
    // Its server is gone when the demonstration is over.
    offersRetry: false,
  })
  const most = server.maxConcurrent
  const output = given.output ?? OUTPUT
  process.stderr.write(`\nThe server never saw more than ${most} requests at once. The records are in ${output}.\n`)
  return exitCode
}
