/**
 * A run of the built command line for watch-cost.ts, in a process of its own. The arguments are the command line's; what it cost comes as JSON
 * on stdout.
 */
import { fileURLToPath } from 'node:url'

export interface Cost {
  readonly elapsedMs: number
  readonly processorMs: number
  /** Of the main thread alone. */
  readonly mainMs: number
}

/** Imported, it runs what process.argv says. */
export const COMMAND_LINE = new URL('../dist/src/cli/main.js', import.meta.url)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const before = standing()
  await import(COMMAND_LINE.href)
  const after = standing()
  const cost: Cost = {
    elapsedMs: after.elapsedMs - before.elapsedMs,
    processorMs: after.processorMs - before.processorMs,
    mainMs: after.mainMs - before.mainMs,
  }
  process.stdout.write(JSON.stringify(cost))
}

function standing(): Cost {
  return {
    elapsedMs: performance.now(),
    processorMs: milliseconds(process.cpuUsage()),
    mainMs: milliseconds(process.threadCpuUsage()),
  }
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
