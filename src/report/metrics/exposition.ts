/** What a scrape is answered with: a run's counts as instruments of prom-client, and what prom-client tells of the process. */
import { setTimeout as delay } from 'node:timers/promises'
import { VERSION } from '../../version.ts'
import type { BucketCounts } from './bucket-counts.ts'
import { Counter, collectProcessMetrics, Gauge, Histogram, type OpenMetricsRegistry, Registry } from './prom-client.ts'
import type { RunCounts } from './run-counts.ts'

/** How often the delay of the process's loop is measured: each time wakes it, at prom-client's 10 ms for half a percent of a processor. */
const LOOP_DELAY_MS = 50

export class Exposition {
  readonly #registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
  readonly #measured: Promise<void>

  constructor(counts: RunCounts) {
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const registers = [this.#registry]
    collectProcessMetrics(this.#registry, { eventLoopMonitoringPrecision: LOOP_DELAY_MS })
    // Without a first measurement the least delay would be told as 292 years.
    this.#measured = delay(2 * LOOP_DELAY_MS, undefined, { ref: false })
    new Gauge({ name: 'xmlmill_build_info', help: 'Version of xmlmill.', labelNames: ['version'], registers }).set(
      { version: VERSION },
      1,
    )
    describe(counts, registers)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    await this.#measured
    return this.#registry.metrics()
  }

  /** The instruments of the process keep a timer for its loop's delay. */
  close(): void {
    this.#registry.clear()
  }
}

type Registers = OpenMetricsRegistry[]

/** Series whose labels are known are there from the start, so that a dashboard can divide by them. */
function describe(counts: RunCounts, registers: Registers): void {
  const counter = (name: string, help: string, read: () => number) => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  const counters = (name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>) => {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, count] of read()) this.inc({ [label]: value }, count)
      },
    })
  }
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  const user = () => process.cpuUsage().user / 1e6
  const system = () => process.cpuUsage().system / 1e6
  counter('process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', user)
  counter('process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', system)
  counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', () => user() + system())
  counters('xmlmill_documents_total', 'Documents that came to an end.', 'outcome', () =>
    Object.entries(counts.documents),
  )
  counters(
    'xmlmill_document_failures_total',
    'Documents that failed for good, by error code.',
    'code',
    () => counts.failures,
  )
  counters(
    'xmlmill_retries_total',
    'Attempts that failed and are followed by another, by error code.',
    'code',
    () => counts.retries,
  )
  counters('xmlmill_records_total', 'Records of documents that are done.', 'outcome', () =>
    Object.entries(counts.records),
  )
  counters(
    'xmlmill_document_bytes_total',
    'Bytes of documents that are done: on the wire, and decompressed.',
    'form',
    () => Object.entries(counts.bytes),
  )
  counter('xmlmill_thread_crashes_total', 'Threads that ended and were replaced.', () => counts.crashes)
  counter(
    'xmlmill_host_cooldowns_total',
    'Answers that asked to leave the host alone for a while.',
    () => counts.cooldowns,
  )
  new CountedHistogram(
    'xmlmill_step_duration_seconds',
    'Time of the steps of an attempt: download, parse, transform, credit (waiting for the output).',
    registers,
    Object.entries(counts.steps).map(([step, buckets]) => ({ labels: { step }, buckets })),
  )
  new CountedHistogram('xmlmill_document_size_bytes', 'Decompressed size of documents that are done.', registers, [
    { labels: {}, buckets: counts.sizes },
  ])
  gauge('xmlmill_threads', 'Worker threads.', () => counts.threads)
  gauge('xmlmill_slots', 'Downloads that may be under way at once.', () => counts.slots)
  gauge('xmlmill_slots_in_use', 'Downloads under way.', () => counts.slotsInUse)
  gauge('xmlmill_documents_in_threads', 'Documents that threads hold.', () => counts.attempting)
  gauge(
    'xmlmill_queue_length',
    'Documents read from the list, or waiting for another try, and not under way.',
    () => counts.pending,
  )
  counters(
    'xmlmill_hold_seconds_total',
    'Time by what kept the next document from starting.',
    'reason',
    () => counts.holdSeconds,
  )
  gauge(
    'xmlmill_main_loop_delay_seconds',
    'Longest delay of the main loop in the last quarter of a second.',
    () => counts.loopDelaySeconds,
  )
}

interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly buckets: BucketCounts
}

/** A histogram whose values were counted elsewhere: prom-client's own takes one at a time. */
class CountedHistogram extends Histogram {
  readonly #name: string
  readonly #help: string
  readonly #series: readonly Series[]

  constructor(name: string, help: string, registers: Registers, series: readonly Series[]) {
    super({ name, help, registers })
    this.#name = name
    this.#help = help
    this.#series = series
  }

  /** What prom-client (15.1) asks a histogram for, though its types do not say so. */
  async getForPromString() {
    return {
      name: this.#name,
      help: this.#help,
      type: 'histogram',
      values: this.#series.flatMap((series) => this.#valuesOf(series)),
    }
  }

  #valuesOf({ labels, buckets: { bounds, counts, count, sum } }: Series) {
    const value = (suffix: string, of: number, le: Readonly<Record<string, number | string>> = {}) => ({
      metricName: `${this.#name}_${suffix}`,
      labels: { ...le, ...labels },
      value: of,
    })
    let below = 0
    const buckets = bounds.map((bound, index) => {
      below += counts[index] ?? 0
      return value('bucket', below, { le: bound })
    })
    return [...buckets, value('bucket', count, { le: '+Inf' }), value('sum', sum), value('count', count)]
  }
}
