/** A run's figures for Prometheus: a fold over its events into instruments of prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { VERSION } from '../../version.ts'
import type { RunEvent } from '../events.ts'

/** Seconds: from a request on loopback to a dump over a slow line. */
const DURATION_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
/** How often the delay of the process's loop is measured: each time wakes it, at prom-client's 10 ms for half a percent of a processor. */
const LOOP_DELAY_MS = 20
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

export class RunMetrics {
  readonly registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
  readonly #documents: Counter<'outcome'>
  readonly #failures: Counter<'code'>
  readonly #retries: Counter<'code'>
  readonly #records: Counter<'outcome'>
  readonly #bytes: Counter<'form'>
  readonly #crashes: Counter
  readonly #cooldowns: Counter
  readonly #durations: Histogram<'step'>
  readonly #sizes: Histogram
  readonly #threads: Gauge
  readonly #slots: Gauge
  readonly #slotsInUse: Gauge
  readonly #attempting: Gauge
  readonly #queue: Gauge
  readonly #holds: Counter<'reason'>
  readonly #loopDelay: Gauge

  constructor() {
    const { registry } = this
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const registers = [registry]
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_MS })
    new Gauge({ name: 'xmlmill_build_info', help: 'Version of xmlmill.', labelNames: ['version'], registers }).set(
      { version: VERSION },
      1,
    )
    this.#documents = new Counter({
      name: 'xmlmill_documents_total',
      help: 'Documents that came to an end.',
      labelNames: ['outcome'],
      registers,
    })
    this.#failures = new Counter({
      name: 'xmlmill_document_failures_total',
      help: 'Documents that failed for good, by error code.',
      labelNames: ['code'],
      registers,
    })
    this.#retries = new Counter({
      name: 'xmlmill_retries_total',
      help: 'Attempts that failed and are followed by another, by error code.',
      labelNames: ['code'],
      registers,
    })
    this.#records = new Counter({
      name: 'xmlmill_records_total',
      help: 'Records of documents that are done.',
      labelNames: ['outcome'],
      registers,
    })
    this.#bytes = new Counter({
      name: 'xmlmill_document_bytes_total',
      help: 'Bytes of documents that are done: on the wire, and decompressed.',
      labelNames: ['form'],
      registers,
    })
    this.#crashes = new Counter({
      name: 'xmlmill_thread_crashes_total',
      help: 'Threads that ended and were replaced.',
      registers,
    })
    this.#cooldowns = new Counter({
      name: 'xmlmill_host_cooldowns_total',
      help: 'Answers that asked to leave the host alone for a while.',
      registers,
    })
    this.#durations = new Histogram({
      name: 'xmlmill_step_duration_seconds',
      help: 'Time of the steps of an attempt: download, parse, transform, credit (waiting for the output).',
      labelNames: ['step'],
      buckets: DURATION_BUCKETS,
      registers,
    })
    this.#sizes = new Histogram({
      name: 'xmlmill_document_size_bytes',
      help: 'Decompressed size of documents that are done.',
      buckets: SIZE_BUCKETS,
      registers,
    })
    this.#threads = new Gauge({ name: 'xmlmill_threads', help: 'Worker threads.', registers })
    this.#slots = new Gauge({ name: 'xmlmill_slots', help: 'Downloads that may be under way at once.', registers })
    this.#slotsInUse = new Gauge({ name: 'xmlmill_slots_in_use', help: 'Downloads under way.', registers })
    this.#attempting = new Gauge({
      name: 'xmlmill_documents_in_threads',
      help: 'Documents that threads hold.',
      registers,
    })
    this.#queue = new Gauge({
      name: 'xmlmill_queue_length',
      help: 'Documents read from the list, or waiting for another try, and not under way.',
      registers,
    })
    this.#holds = new Counter({
      name: 'xmlmill_hold_seconds_total',
      help: 'Time by what kept the next document from starting.',
      labelNames: ['reason'],
      registers,
    })
    this.#loopDelay = new Gauge({
      name: 'xmlmill_main_loop_delay_seconds',
      help: 'Longest delay of the main loop in the last quarter of a second.',
      registers,
    })
    // Series that a dashboard divides by are there from the start.
    for (const outcome of ['done', 'failed']) this.#documents.inc({ outcome }, 0)
    for (const outcome of ['written', 'rejected']) this.#records.inc({ outcome }, 0)
  }

  add(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#threads.set(event.threads)
        this.#slots.set(event.concurrency)
        break
      case 'attempt-ended':
        this.#durations.observe({ step: 'download' }, event.times.downloadMs / 1000)
        this.#durations.observe({ step: 'parse' }, event.times.parseMs / 1000)
        if (event.times.transformMs > 0) {
          this.#durations.observe({ step: 'transform' }, event.times.transformMs / 1000)
        }
        this.#durations.observe({ step: 'credit' }, event.times.creditMs / 1000)
        break
      case 'attempt-failed':
        this.#retries.inc({ code: event.failure.code })
        break
      case 'host-cooling':
        this.#cooldowns.inc()
        break
      case 'document-done':
        this.#documents.inc({ outcome: 'done' })
        this.#records.inc({ outcome: 'written' }, event.facts.recordsWritten)
        this.#records.inc({ outcome: 'rejected' }, event.facts.recordsRejected)
        this.#bytes.inc({ form: 'wire' }, event.facts.wireBytes)
        this.#bytes.inc({ form: 'decoded' }, event.facts.decodedBytes)
        this.#sizes.observe(event.facts.decodedBytes)
        break
      case 'documents-skipped':
        this.#documents.inc({ outcome: 'skipped' }, event.documents)
        break
      case 'document-unchanged':
        this.#documents.inc({ outcome: 'unchanged' })
        break
      case 'document-failed':
        this.#documents.inc({ outcome: 'failed' })
        this.#failures.inc({ code: event.failure.code })
        break
      case 'thread-crashed':
        this.#crashes.inc()
        break
      case 'load-sampled':
        this.#slotsInUse.set(event.downloading)
        this.#attempting.set(event.attempting)
        this.#queue.set(event.pending)
        this.#loopDelay.set(event.loopDelayMs / 1000)
        for (const [reason, ms] of Object.entries(event.heldMs)) if (ms > 0) this.#holds.inc({ reason }, ms / 1000)
        break
      default:
    }
  }
}
