/** What a progress display shows: a fold over the events of a run. It holds what is under way, never the documents that are finished. */
import type { ErrorCode } from '../errors.ts'
import type { RunEvent } from './events.ts'

/** An attempt under way. */
export interface ActiveAttempt {
  readonly url: string
  readonly host: string
  readonly attempt: number
  readonly startedAt: number
  wireBytes: number
  totalBytes: number | undefined
  records: number
  isDownloaded: boolean
  /** Lately; 0 until it is known. */
  bytesPerSecond: number
  /** When its bytes were last told. */
  toldAt: number
}

interface Sample {
  readonly at: number
  readonly wireBytes: number
  readonly records: number
  /** Documents finished, with fractions of those under way. */
  readonly documents: number
}

/** Times are milliseconds since the start of the run. */
export class ProgressState {
  threads = 0
  done = 0
  failed = 0
  /** In the output from an earlier run. */
  alreadyThere = 0
  duplicates = 0
  /** Documents in the list, once it has ended. */
  listed: number | undefined
  /** Bytes received, also those of attempts that failed. */
  wireBytes = 0
  /** Records cut so far; those of an attempt that failed are taken back. */
  records = 0
  hasEnded = false
  /** Attempts under way by line of the display: an attempt keeps its line, a line may be free. */
  readonly lines: (ActiveAttempt | undefined)[] = []
  readonly failures = new Map<ErrorCode, number>()
  /** Until when each host is left alone. */
  readonly cooling = new Map<string, number>()
  readonly #active = new Map<number, ActiveAttempt>()
  /** Documents that wait for another attempt; the scheduler holds them too, so this costs no new order of memory. */
  readonly #retrying = new Set<number>()
  #highestId = -1
  #lastEventAt = 0
  readonly #samples: Sample[] = []

  add(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.threads = event.threads
        break
      case 'list-ended':
        this.listed = event.documents
        this.duplicates = event.duplicates
        break
      case 'attempt-started':
        this.#start(event)
        break
      case 'attempt-progressed':
        this.#measure(event.id, event.at, event.wireBytes)
        this.#advance(event.id, event.wireBytes, event.records, event.totalBytes)
        break
      case 'downloaded': {
        const active = this.#active.get(event.id)
        if (active !== undefined) active.isDownloaded = true
        break
      }
      case 'attempt-ended':
        // It is through its thread: it waits for the output at most, perhaps with hundreds of others.
        this.#freeLine(event.id)
        break
      case 'attempt-failed':
        this.records -= this.#active.get(event.id)?.records ?? 0
        this.#end(event.id)
        this.#retrying.add(event.id)
        break
      case 'host-cooling':
        for (const [host, until] of this.cooling) if (until <= event.at) this.cooling.delete(host)
        this.cooling.set(event.host, Math.max(event.until, this.cooling.get(event.host) ?? 0))
        break
      case 'document-done':
        this.#advance(event.id, event.facts.wireBytes, event.facts.recordsWritten, undefined)
        this.#end(event.id)
        this.done++
        break
      case 'document-failed':
        this.records -= this.#active.get(event.id)?.records ?? 0
        this.#end(event.id)
        this.#highestId = Math.max(this.#highestId, event.id)
        this.failed++
        this.failures.set(event.failure.code, (this.failures.get(event.failure.code) ?? 0) + 1)
        break
      case 'documents-skipped':
        this.alreadyThere += event.documents
        break
      case 'document-unchanged':
        this.#advance(event.id, event.facts.wireBytes, 0, undefined)
        this.#end(event.id)
        this.alreadyThere++
        break
      case 'run-ended':
        this.hasEnded = true
        break
      case 'thread-crashed':
        break
    }
    this.#lastEventAt = Math.max(this.#lastEventAt, event.at)
    this.#sample(event.at)
  }

  get active(): number {
    return this.#active.size
  }

  /** Documents that wait for another attempt. */
  get retrying(): number {
    return this.#retrying.size
  }

  /** Documents known of that are neither finished nor under way, those for another attempt included. */
  get waiting(): number {
    return Math.max(0, (this.listed ?? this.#highestId + 1) - this.done - this.failed - this.alreadyThere - this.active)
  }

  /** A moving window's rates, per second: what happened lately, not since the start. */
  rates(now: number): { readonly wireBytes: number; readonly records: number } {
    const base = this.#baseline(now, RATE_WINDOW_MS)
    const seconds = (now - base.at) / 1000
    if (seconds <= 0) return { wireBytes: 0, records: 0 }
    return {
      wireBytes: Math.max(0, this.wireBytes - base.wireBytes) / seconds,
      records: Math.max(0, this.records - base.records) / seconds,
    }
  }

  /** Milliseconds that the rest will take at the pace of the last half minute; undefined until the list has ended and there is a pace. */
  leftMs(now: number): number | undefined {
    if (this.listed === undefined) return undefined
    const base = this.#baseline(now, PACE_WINDOW_MS)
    const finished = this.#finished()
    const elapsedMs = now - base.at
    const advance = finished - base.documents
    if (elapsedMs < MIN_PACE_MS || advance <= 0) return undefined
    return (Math.max(0, this.listed - this.alreadyThere - finished) / advance) * elapsedMs
  }

  #start(event: Extract<RunEvent, { type: 'attempt-started' }>): void {
    this.#highestId = Math.max(this.#highestId, event.id)
    this.#retrying.delete(event.id)
    const active: ActiveAttempt = {
      url: event.url,
      host: event.host,
      attempt: event.attempt,
      startedAt: event.at,
      wireBytes: 0,
      totalBytes: undefined,
      records: 0,
      isDownloaded: false,
      bytesPerSecond: 0,
      toldAt: event.at,
    }
    this.#active.set(event.id, active)
    const free = this.lines.indexOf(undefined)
    this.lines[free === -1 ? this.lines.length : free] = active
  }

  /** The speed of one download, smoothed: four figures a second would only flicker. */
  #measure(id: number, at: number, wireBytes: number): void {
    const active = this.#active.get(id)
    if (active === undefined || at <= active.toldAt) return
    const now = ((wireBytes - active.wireBytes) / (at - active.toldAt)) * 1000
    const last = active.bytesPerSecond
    active.bytesPerSecond = last === 0 ? now : last + SMOOTHING * (now - last)
    active.toldAt = at
  }

  #advance(id: number, wireBytes: number, records: number, totalBytes: number | undefined): void {
    const active = this.#active.get(id)
    this.wireBytes += wireBytes - (active?.wireBytes ?? 0)
    this.records += records - (active?.records ?? 0)
    if (active === undefined) return
    active.wireBytes = wireBytes
    active.records = records
    active.totalBytes = totalBytes ?? active.totalBytes
  }

  #end(id: number): void {
    this.#retrying.delete(id)
    this.#freeLine(id)
    this.#active.delete(id)
  }

  /** There are never more free lines than threads: an attempt beyond those takes the line that has become free. */
  #freeLine(id: number): void {
    const active = this.#active.get(id)
    const index = active === undefined ? -1 : this.lines.indexOf(active)
    if (index === -1) return
    this.lines[index] = undefined
    const last = this.lines.at(-1)
    if (index < this.threads && this.lines.length > this.threads && last !== undefined) {
      this.lines[index] = last
      this.lines[this.lines.length - 1] = undefined
    }
    while (this.lines.length > 0 && this.lines.at(-1) === undefined) this.lines.pop()
  }

  #finished(): number {
    let documents = this.done + this.failed
    for (const { wireBytes, totalBytes } of this.#active.values()) {
      if (totalBytes !== undefined && totalBytes > 0) documents += Math.min(1, wireBytes / totalBytes)
    }
    return documents
  }

  #sample(at: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && at - last.at < SAMPLE_MS) return
    this.#samples.push(this.#counts(at))
    while ((this.#samples[1]?.at ?? at) < at - PACE_WINDOW_MS) this.#samples.shift()
  }

  /** Where the counts stood at the beginning of the window. */
  #baseline(now: number, windowMs: number): Sample {
    const begin = now - windowMs
    if (begin >= this.#lastEventAt) return this.#counts(begin)
    const older = this.#samples.findLast((sample) => sample.at <= begin)
    if (older !== undefined) return { ...older, at: begin }
    return this.#samples[0] ?? this.#counts(now)
  }

  #counts(at: number): Sample {
    return { at, wireBytes: this.wireBytes, records: this.records, documents: this.#finished() }
  }
}

/** How much the newest figure of a download's speed counts. */
const SMOOTHING = 0.3
const SAMPLE_MS = 200
const RATE_WINDOW_MS = 5000
const PACE_WINDOW_MS = 30_000
/** Below this the time left would only be a guess that jumps about. */
const MIN_PACE_MS = 1500
