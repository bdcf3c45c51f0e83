/** All that a report shows: a fold over a run's events. What it holds is bounded but for the rows, which are bytes. */
import { redactUrl } from '../../redact.ts'
import { VERSION } from '../../version.ts'
import type { RunEvent } from '../events.ts'
import { dataNotes } from '../notes.ts'
import { RunFiguresFold } from '../run-figures.ts'
import { SummaryFold } from '../summary-fold.ts'
import { judge } from '../verdict.ts'
import { DistributionFold } from './distribution.ts'
import { DocumentRows } from './document-rows.ts'
import { HostFold } from './host-fold.ts'
import { type FailedAttempt, type Phase, phaseTimes, type ReportOverview, type UnderWay } from './report-data.ts'
import { type TimeBins, timeBins } from './time-bins.ts'

const MAX_FAILED_ATTEMPTS = 1000
const MAX_LANES = 64
/** Fewer than elsewhere: there is a series for each phase of each thread. */
const LANE_BINS = 200
const MAX_TEXT = 2000
const MAX_UNDER_WAY = 32

const PHASES = ['waiting', 'downloading', 'parsing', 'transforming', 'writing', 'retrying'] as const

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** An attempt under way, or through its thread and not yet written. */
interface ActiveAttempt {
  readonly url: string
  readonly host: string
  readonly attempt: number
  readonly startMs: number
  wireBytes: number
  totalBytes: number
  isDownloaded: boolean
  ended: EventOf<'attempt-ended'> | undefined
}

export class ReportFold {
  readonly rows = new DocumentRows()
  readonly #summary: SummaryFold
  readonly #hasOwnSummary: boolean
  readonly #figures = new RunFiguresFold()
  readonly #hosts = new HostFold()
  readonly #throughput = timeBins(['documents', 'failed', 'wireBytes', 'records'])
  readonly #load = timeBins(['downloading', 'attempting', 'manners', 'output', 'list', 'retries', 'slots'])
  readonly #lanes = new Map<number, TimeBins<Phase>>()
  readonly #sizes = new DistributionFold()
  readonly #downloadTimes = new DistributionFold()
  readonly #documentTimes = new DistributionFold()
  readonly #active = new Map<number, ActiveAttempt>()
  readonly #cooling = new Map<string, number>()
  /** Node's ids of threads go up with every thread of the process: people count from 1. */
  readonly #threads = new Map<number, number>()
  readonly #failedAttempts: FailedAttempt[] = []
  readonly #remarks: string[] = []
  #setting: EventOf<'run-started'>['setting']
  #lastSampleAt = 0
  #hasEnded = false
  #hasNotes = true

  /** @param summary of the same events, where there is one already: whoever owns it adds them, before they are added here */
  constructor(summary?: SummaryFold) {
    this.#summary = summary ?? new SummaryFold()
    this.#hasOwnSummary = summary === undefined
  }

  add(event: RunEvent): void {
    if (this.#hasOwnSummary) this.#summary.add(event)
    this.#figures.add(event)
    switch (event.type) {
      case 'run-started':
        this.#setting = event.setting
        break
      case 'attempt-started':
        this.#active.set(event.id, newAttempt(event))
        break
      case 'attempt-progressed': {
        const active = this.#active.get(event.id)
        if (active === undefined) break
        active.wireBytes = event.wireBytes
        active.totalBytes = event.totalBytes ?? 0
        break
      }
      case 'downloaded': {
        const active = this.#active.get(event.id)
        if (active !== undefined) active.isDownloaded = true
        break
      }
      case 'host-cooling':
        for (const [host, until] of this.#cooling) if (until <= event.at) this.#cooling.delete(host)
        this.#cooling.set(event.host, event.until)
        break
      case 'attempt-ended': {
        const active = this.#active.get(event.id)
        if (active === undefined) break
        active.ended = event
        this.#addToLane(event, active.startMs)
        break
      }
      case 'attempt-failed':
        this.#addFailedAttempt(event)
        break
      case 'document-done':
        this.#addDone(event)
        break
      case 'document-unchanged':
        this.#addUnchanged(event)
        break
      case 'document-failed':
        this.#addFailed(event)
        break
      case 'load-sampled':
        this.#addLoad(event)
        break
      case 'run-ended':
        this.#hasEnded = true
        break
      default:
    }
  }

  /** Something that a reader must know of where the report comes from. */
  remark(text: string): void {
    this.#remarks.push(text)
  }

  /** What tells the events does not know what the output does not carry. */
  withoutNotes(): void {
    this.#hasNotes = false
  }

  overview(): ReportOverview {
    const summary = this.#summary.summary()
    const figures = this.#figures.figures()
    return {
      version: 1,
      program: `xmlmill ${VERSION}`,
      hasEnded: this.#hasEnded,
      ...(this.#setting !== undefined && { setting: this.#setting }),
      remarks: [...this.#remarks],
      summary,
      figures,
      verdict: judge(figures),
      throughput: this.#throughput.toBins(),
      load: this.#load.toBins(),
      lanes: Array.from(this.#lanes, ([thread, bins]) => ({ thread, ...bins.toBins() })).sort(
        (a, b) => a.thread - b.thread,
      ),
      sizes: this.#sizes.distribution(),
      downloadTimes: this.#downloadTimes.distribution(),
      documentTimes: this.#documentTimes.distribution(),
      hosts: this.#hosts.rows(),
      hostCount: this.#hosts.count,
      notes: dataNotes(summary),
      hasNotes: this.#hasNotes,
      underWay: this.#hasEnded ? [] : this.#underWay(),
      cooling: this.#hasEnded ? [] : this.#coolingHosts(figures.elapsedMs),
      failedAttempts: [...this.#failedAttempts],
      rows: this.rows.count,
      rowsLeftOut: this.rows.leftOut,
    }
  }

  #underWay(): readonly UnderWay[] {
    return Array.from(this.#active.values())
      .filter(({ ended }) => ended === undefined)
      .sort((a, b) => a.startMs - b.startMs)
      .slice(0, MAX_UNDER_WAY)
      .map(({ url, attempt, startMs, wireBytes, totalBytes, isDownloaded }) => ({
        url: shown(url),
        attempt,
        startMs,
        wireBytes,
        totalBytes,
        isDownloaded,
      }))
  }

  #coolingHosts(now: number): ReportOverview['cooling'] {
    return Array.from(this.#cooling, ([host, untilMs]) => ({ host, untilMs }))
      .filter(({ untilMs }) => untilMs > now)
      .sort((a, b) => b.untilMs - a.untilMs)
      .slice(0, MAX_UNDER_WAY)
  }

  #threadNumber(id: number | undefined): number {
    if (id === undefined || id === 0) return 0
    const known = this.#threads.get(id)
    if (known !== undefined) return known
    this.#threads.set(id, this.#threads.size + 1)
    return this.#threads.size
  }

  #addToLane(event: EventOf<'attempt-ended'>, startMs: number): void {
    const thread = this.#threadNumber(event.thread)
    let lane = this.#lanes.get(thread)
    if (lane === undefined) {
      if (this.#lanes.size >= MAX_LANES) return
      lane = timeBins(PHASES, LANE_BINS)
      this.#lanes.set(thread, lane)
    }
    const totalMs = event.at - startMs
    if (event.status === 'failed') {
      lane.spread('retrying', startMs, event.at, totalMs)
      return
    }
    const times = phaseTimes(totalMs, event.times)
    const began = startMs + times.waiting
    lane.spread('waiting', startMs, began, times.waiting)
    // Parsing begins with the first bytes: the rest is shared out evenly.
    lane.spread('downloading', began, event.at, times.downloading)
    lane.spread('parsing', began, event.at, times.parsing)
    lane.spread('transforming', began, event.at, times.transforming)
    lane.spread('writing', began, event.at, times.writing)
  }

  #addFailedAttempt(event: EventOf<'attempt-failed'>): void {
    const active = this.#active.get(event.id)
    this.#active.delete(event.id)
    if (active === undefined) return
    this.#hosts.retried(active.host)
    if (this.#failedAttempts.length >= MAX_FAILED_ATTEMPTS) return
    this.#failedAttempts.push({
      id: event.id,
      thread: this.#threadNumber(active.ended?.thread),
      startMs: active.startMs,
      endMs: active.ended?.at ?? event.at,
      code: event.failure.code,
    })
  }

  #addDone(event: EventOf<'document-done'>): void {
    const active = this.#active.get(event.id)
    this.#active.delete(event.id)
    const { facts } = event
    const startMs = active?.startMs ?? event.at
    const endMs = active?.ended?.at ?? event.at
    this.#throughput.add('documents', event.at, 1)
    this.#throughput.spread('wireBytes', startMs, endMs, facts.wireBytes)
    this.#throughput.spread('records', startMs, endMs, facts.recordsWritten)
    this.#sizes.add(facts.decodedBytes)
    this.#downloadTimes.add(facts.times.downloadMs)
    this.#documentTimes.add(endMs - startMs)
    this.#hosts.done(event.host, facts.wireBytes, facts.times.downloadMs)
    this.rows.add({
      id: event.id,
      url: shown(event.url),
      host: event.host,
      code: '',
      message: '',
      attempts: event.attempt,
      thread: this.#threadNumber(event.thread),
      startMs,
      endMs,
      writtenMs: event.at,
      downloadMs: facts.times.downloadMs,
      parseMs: facts.times.parseMs,
      transformMs: facts.times.transformMs,
      creditMs: facts.times.creditMs,
      wireBytes: facts.wireBytes,
      decodedBytes: facts.decodedBytes,
      records: facts.recordsWritten,
      rejected: facts.recordsRejected,
    })
  }

  /** Its records of an earlier run stay: none are counted here. */
  #addUnchanged(event: EventOf<'document-unchanged'>): void {
    const active = this.#active.get(event.id)
    this.#active.delete(event.id)
    const startMs = active?.startMs ?? event.at
    const endMs = active?.ended?.at ?? event.at
    this.rows.add({
      id: event.id,
      url: shown(event.url),
      host: event.host,
      code: '',
      message: 'unchanged since an earlier run',
      attempts: event.attempt,
      thread: this.#threadNumber(event.thread),
      startMs,
      endMs,
      writtenMs: event.at,
      ...event.facts.times,
      wireBytes: event.facts.wireBytes,
      decodedBytes: 0,
      records: 0,
      rejected: 0,
    })
  }

  #addFailed(event: EventOf<'document-failed'>): void {
    const active = this.#active.get(event.id)
    this.#active.delete(event.id)
    const { downloadMs = 0, parseMs = 0, transformMs = 0, creditMs = 0 } = active?.ended?.times ?? {}
    this.#throughput.add('failed', event.at, 1)
    this.#hosts.failed(event.host)
    this.rows.add({
      id: event.id,
      url: shown(event.url),
      host: event.host,
      code: event.failure.code,
      message: event.failure.message.slice(0, MAX_TEXT),
      attempts: event.attempt,
      thread: this.#threadNumber(active?.ended?.thread),
      startMs: active?.startMs ?? event.at,
      endMs: active?.ended?.at ?? event.at,
      writtenMs: event.at,
      downloadMs,
      parseMs,
      transformMs,
      creditMs,
      wireBytes: 0,
      decodedBytes: 0,
      records: 0,
      rejected: 0,
    })
  }

  #addLoad(event: EventOf<'load-sampled'>): void {
    const from = this.#lastSampleAt
    const { at, heldMs } = event
    const ms = at - from
    this.#lastSampleAt = at
    const { rate = 0, cooling = 0, host = 0, output = 0, list = 0, retry = 0, slots = 0 } = heldMs
    this.#load.spread('downloading', from, at, event.slotMs)
    this.#load.spread('attempting', from, at, event.attempting * ms)
    this.#load.spread('manners', from, at, rate + cooling + host)
    this.#load.spread('output', from, at, output)
    this.#load.spread('list', from, at, list)
    this.#load.spread('retries', from, at, retry)
    this.#load.spread('slots', from, at, slots)
  }
}

function newAttempt({ url, host, attempt, at }: EventOf<'attempt-started'>): ActiveAttempt {
  return {
    url,
    host,
    attempt,
    startMs: at,
    wireBytes: 0,
    totalBytes: 0,
    isDownloaded: false,
    ended: undefined,
  }
}

/** Without user information, and no longer than a table can show. */
function shown(url: string): string {
  return redactUrl(url).slice(0, MAX_TEXT)
}
