/** `xmlmill status`: how a queue stands, once or again and again. */
import { setTimeout as delay } from 'node:timers/promises'
import { type FleetStatus, openStatus, type RunStatus, readStatus, type WorkerStatus } from '../fleet/status.ts'
import { type MillOptions, resolveOptions } from '../options.ts'
import { formatCount, formatDuration, formatPlural } from '../report/figures.ts'
import { EXIT } from './exit-code.ts'
import type { FleetLive } from './fleet-live.ts'
import { print } from './print.ts'
import { untilSignal } from './signals.ts'

const WATCH_MS = 2000

export interface StatusCommand {
  readonly queue: string
  readonly watches: boolean
  readonly asJson: boolean
  /** With --live and --live-host, if they are given. */
  readonly options: MillOptions
}

/** @returns the exit code: 1 when documents have failed */
export async function statusCommand({ queue, watches, asJson, options }: StatusCommand): Promise<number> {
  const { live: port, liveHost } = resolveOptions(options).watch
  await using database = openStatus(queue)
  await using live = port === undefined ? undefined : await openLive(queue, port, liveHost)
  const stopping = untilSignal()
  try {
    for (;;) {
      await live?.refresh()
      const status = await readStatus(database)
      const isOver = status.runs.every(
        ({ waiting, running, state }) => running === 0 && (waiting === 0 || state !== 'open'),
      )
      const isLast = isOver || stopping.signal.aborted || (!watches && live === undefined)
      const text = asJson ? `${JSON.stringify(status)}\n` : renderStatus(status)
      const isScreen = watches && !asJson && process.stdout.isTTY === true
      if (watches || isLast) await print(isScreen ? `\x1b[H\x1b[2J${text}` : text)
      if (isLast) {
        // What came between the last look at the ledger and the look at the queue.
        await live?.refresh()
        await live?.end()
        return stopping.exitCode ?? (status.runs.some(({ failed }) => failed > 0) ? EXIT.incomplete : EXIT.done)
      }
      await delay(WATCH_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  } finally {
    stopping.dispose()
  }
}

/** Loaded only when it is asked for. */
async function openLive(queue: string, port: number, host: string | undefined): Promise<FleetLive> {
  const { openFleetLive } = await import('./fleet-live.ts')
  const live = await openFleetLive(queue, port, host)
  process.stderr.write(`live: ${live.url}\n`)
  return live
}

export function renderStatus({ runs, workers, hosts }: FleetStatus): string {
  const lines = runs.flatMap(runLines)
  if (runs.length === 0) lines.push('no runs')
  lines.push('', workers.length === 0 ? 'no workers' : 'workers', ...workers.map(workerLine))
  if (hosts.length > 0) lines.push('', 'hosts')
  for (const { name, running, coolMs, isGivenUp } of hosts) {
    const rest = isGivenUp ? 'given up' : coolMs > 0 ? `left alone for ${formatDuration(coolMs)}` : ''
    lines.push(`  ${name.padEnd(40)} ${formatCount(running)} running  ${rest}`.trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function runLines(run: RunStatus): string[] {
  const { name, state, waiting, running, done, failed, failures, rate } = run
  const all = waiting + running + done + failed
  const isOver = waiting + running === 0
  const shown = state === 'open' ? (isOver ? 'done' : 'under way') : state
  const lines = [
    `${name}  ${shown}`,
    `  ${formatPlural(all, 'document')}: ${formatCount(done)} done, ${formatCount(failed)} failed, ${formatCount(running)} under way, ${formatCount(waiting)} waiting`,
  ]
  if (rate > 0 && !isOver)
    lines.push(`  ${rate.toFixed(1)} documents/s, ${formatDuration(((waiting + running) / rate) * 1000)} left`)
  for (const [code, documents] of Object.entries(failures)) lines.push(`  ${formatCount(documents)} × ${code}`)
  return lines
}

function workerLine({ number, machine, pid, threads, run, state, silentMs, figures }: WorkerStatus): string {
  const { done = 0, failed = 0, rate = 0 } = figures
  const what = state === 'there' ? (run ?? 'waits') : `${state}, last heard of ${formatDuration(silentMs)} ago`
  const counts = `${formatCount(done)} done, ${formatCount(failed)} failed, ${rate.toFixed(1)}/s`
  return `  ${number}  ${machine} (process ${pid}, ${formatPlural(threads, 'thread')})  ${counts}  ${what}`
}
