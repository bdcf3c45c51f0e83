/**
 * A run's figures for Prometheus as plain numbers: a fold over its events. Instruments of prom-client look up their labels by name with each
 * value, 10 µs a document; so they are made when somebody scrapes, from these.
 */
import type { RunEvent } from '../events.ts'
import { BucketCounts } from './bucket-counts.ts'

/** Seconds: from a request on loopback to a dump over a slow line. */
const DURATION_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

export class RunCounts {
  readonly documents = { done: 0, failed: 0, skipped: 0, unchanged: 0 }
  readonly records = { written: 0, rejected: 0 }
  readonly bytes = { wire: 0, decoded: 0 }
  /** By error code. */
  readonly failures = new Map<string, number>()
  /** By error code. */
  readonly retries = new Map<string, number>()
  /** By what kept the next document from starting. */
  readonly holdSeconds = new Map<string, number>()
  readonly steps = {
    download: new BucketCounts(DURATION_BUCKETS),
    parse: new BucketCounts(DURATION_BUCKETS),
    transform: new BucketCounts(DURATION_BUCKETS),
    credit: new BucketCounts(DURATION_BUCKETS),
  }
  readonly sizes = new BucketCounts(SIZE_BUCKETS)
  crashes = 0
  cooldowns = 0
  threads = 0
  slots = 0
  slotsInUse = 0
  attempting = 0
  pending = 0
  loopDelaySeconds = 0

  add(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.threads = event.threads
        this.slots = event.concurrency
        break
      case 'attempt-ended': {
        const { downloadMs, parseMs, transformMs, creditMs } = event.times
        this.steps.download.add(downloadMs / 1000)
        this.steps.parse.add(parseMs / 1000)
        if (transformMs > 0) this.steps.transform.add(transformMs / 1000)
        this.steps.credit.add(creditMs / 1000)
        break
      }
      case 'attempt-failed':
        increase(this.retries, event.failure.code, 1)
        break
      case 'host-cooling':
        this.cooldowns += 1
        break
      case 'document-done':
        this.documents.done += 1
        this.records.written += event.facts.recordsWritten
        this.records.rejected += event.facts.recordsRejected
        this.bytes.wire += event.facts.wireBytes
        this.bytes.decoded += event.facts.decodedBytes
        this.sizes.add(event.facts.decodedBytes)
        break
      case 'documents-skipped':
        this.documents.skipped += event.documents
        break
      case 'document-unchanged':
        this.documents.unchanged += 1
        break
      case 'document-failed':
        this.documents.failed += 1
        increase(this.failures, event.failure.code, 1)
        break
      case 'thread-crashed':
        this.crashes += 1
        break
      case 'load-sampled':
        this.slotsInUse = event.downloading
        this.attempting = event.attempting
        this.pending = event.pending
        this.loopDelaySeconds = event.loopDelayMs / 1000
        for (const [hold, ms] of Object.entries(event.heldMs)) if (ms > 0) increase(this.holdSeconds, hold, ms / 1000)
        break
      default:
    }
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}
