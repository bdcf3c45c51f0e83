/** What watches a run beside its progress: events file, report, live page, metrics. Each is loaded only when it is asked for. */
import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MillError } from '../errors.ts'
import type { WatchOptions } from '../options.ts'
import { EventBatches } from './event-batches.ts'
import type { Listener } from './events.ts'
import type { SummaryFold } from './summary-fold.ts'

export interface Watch extends AsyncDisposable {
  readonly listener: Listener
  /** What a person must know to look at it: addresses. */
  readonly notices: readonly string[]
  /**
   * Writes and closes everything. Call after the last event.
   * @throws MillError REPORT_FAILED; the others are closed all the same
   */
  close(): Promise<void>
}

interface Part {
  readonly notice?: string
  close(): Promise<void>
}

/**
 * Opens what the options ask for.
 * @param summary of the run; each event is added to it before it is told here
 * @throws MillError PORT_UNAVAILABLE, REPORT_FAILED: before anything is fetched
 */
export async function openWatch(options: WatchOptions, summary: SummaryFold): Promise<Watch> {
  const parts: Part[] = []
  const batches = new EventBatches()
  const closeAll = async () => {
    batches.tell()
    const ends = await Promise.allSettled(parts.map((part) => part.close()))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
  try {
    for (const path of [options.report, options.events]) if (path !== undefined) await checkWritable(path)
    if (options.events !== undefined) parts.push(await eventsPart(options.events, batches))
    if (options.report !== undefined || options.live !== undefined) {
      parts.push(...(await reportParts(options, summary, batches)))
    }
    if (options.metrics !== undefined) parts.push(await metricsPart(options.metrics, batches))
  } catch (error) {
    await closeAll().catch(() => {})
    throw error
  }
  return {
    listener: batches.listener,
    notices: parts.flatMap(({ notice }) => (notice === undefined ? [] : [notice])),
    close: closeAll,
    [Symbol.asyncDispose]: closeAll,
  }
}

async function eventsPart(path: string, batches: EventBatches): Promise<Part> {
  const { openEventsFile } = await import('./events-file.ts')
  const file = openEventsFile(path)
  batches.add(file.listener)
  return { close: () => file.close().catch((cause: unknown) => reportFailed(path, cause)) }
}

async function reportParts(
  { report, live, liveHost }: WatchOptions,
  summary: SummaryFold,
  batches: EventBatches,
): Promise<Part[]> {
  const { ReportFold } = await import('./html/report-fold.ts')
  const fold = new ReportFold(summary)
  batches.add((events) => {
    for (const event of events) fold.add(event)
  })
  const parts: Part[] = []
  if (live !== undefined) {
    const { LiveServer } = await import('./live/live-server.ts')
    const server = await LiveServer.open({ fold, port: live, host: liveHost, beforeLook: () => batches.tell() })
    parts.push({ notice: `live: ${server.url}`, close: () => server.close() })
  }
  const write = async () => {
    if (report === undefined) return
    const { writeReport } = await import('./html/report-page.ts')
    await writeReport(report, fold).catch((cause: unknown) => reportFailed(report, cause))
  }
  parts.push({ close: write })
  return parts
}

async function metricsPart(port: number, batches: EventBatches): Promise<Part> {
  const { openMetricsServer } = await import('./metrics/metrics-server.ts')
  const server = await openMetricsServer(port, () => batches.tell())
  batches.add((events) => {
    for (const event of events) server.counts.add(event)
  })
  return {
    notice: `metrics: ${server.url}`,
    close: () => server.close(),
  }
}

/** That a report has no place to go is better said before the run than after it. */
async function checkWritable(path: string): Promise<void> {
  await access(path, constants.W_OK).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') reportFailed(path, error)
    await access(dirname(path), constants.W_OK).catch((cause: unknown) => reportFailed(path, cause))
  })
}

function reportFailed(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new MillError('REPORT_FAILED', `${path} cannot be written: ${reason}`, { cause })
}
