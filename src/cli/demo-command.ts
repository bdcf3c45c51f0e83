/** `xmlmill demo`: a server on loopback and its 500 documents, milled with the defaults. */
import { CHAOS_OPTIONS, DEMO_OPTIONS, startDemoServer } from '../demo/server.ts'
import { runOnTerminal } from './terminal-run.ts'

const OUTPUT = 'demo.ndjson'

/** @returns the exit code */
export async function demoCommand(chaos: boolean): Promise<number> {
  process.stderr.write('starting a server on loopback with 500 documents, about 120 MB …\n')
  await using server = await startDemoServer({ chaos })
  const exitCode = await runOnTerminal({
    given: { urls: server.urls },
    options: { ...(chaos ? CHAOS_OPTIONS : DEMO_OPTIONS), output: OUTPUT, fresh: true },
    // Its server is gone when the demonstration is over.
    offersRetry: false,
  })
  const most = server.maxConcurrent
  process.stderr.write(`\nThe server never saw more than ${most} requests at once. The records are in ${OUTPUT}.\n`)
  return exitCode
}
