/** A run of the built package for watch-cost.ts, in a process that has loaded nothing else: what it is to do comes as a message. */
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MillOptions } from '../src/index.ts'

export interface Work {
  /** What is watched with. */
  readonly wanted: readonly (keyof MillOptions)[]
  readonly urls: readonly string[]
  readonly record: string
  readonly folder: string
  readonly livePort: number
  readonly metricsPort: number
}

export interface Cost {
  readonly elapsedMs: number
  readonly processorMs: number
  /** Of the main thread alone. */
  readonly mainMs: number
}

export const PACKAGE = new URL('../dist/src/index.js', import.meta.url)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [work]: Work[] = await once(process, 'message')
  if (work !== undefined) process.send?.(await millOnce(work))
  process.disconnect()
}

/** Says 'running' with the first event, and what it cost at the end. */
async function millOnce({ wanted, urls, record, folder, livePort, metricsPort }: Work): Promise<Cost> {
  const { mill }: typeof import('../src/index.ts') = await import(PACKAGE.href)
  const values: MillOptions = {
    events: join(folder, 'events.ndjson'),
    report: join(folder, 'report.html'),
    live: livePort,
    metrics: metricsPort,
  }
  const options = Object.fromEntries(Object.entries(values).filter(([name]) => wanted.some((want) => want === name)))
  const processorBefore = milliseconds(process.cpuUsage())
  const mainBefore = milliseconds(process.threadCpuUsage())
  const from = performance.now()
  let isRunning = false
  const onEvent = () => {
    if (!isRunning) process.send?.('running')
    isRunning = true
  }
  await mill(urls, { record, output: join(folder, 'out.ndjson'), fresh: true, ...options, onEvent }).summary()
  return {
    elapsedMs: performance.now() - from,
    processorMs: milliseconds(process.cpuUsage()) - processorBefore,
    mainMs: milliseconds(process.threadCpuUsage()) - mainBefore,
  }
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
