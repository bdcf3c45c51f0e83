/**
 * The `json` style: NDJSON for programs. Every second, and once more at the end, a line with `"type":"progress"`; for
 * each document that failed for good, at once, one with `"type":"failed"`. Fields are only ever added.
 */
import { ERRORS, type ErrorCode, type Failure } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import { type Display, type DisplayContext, RunTime } from './display.ts'
import type { RunEvent } from './events.ts'
import { ProgressState } from './progress-state.ts'

const INTERVAL_MS = 1000

/** How far the run is. Times are milliseconds since its start. */
export interface ProgressLine {
  readonly type: 'progress'
  readonly atMs: number
  /** The last of its kind. */
  readonly ended: boolean
  /** Documents in the list without duplicates, once the list has ended. */
  readonly documents: number | null
  readonly done: number
  readonly failed: number
  /** In the output from an earlier run. */
  readonly alreadyThere: number
  readonly active: number
  /** Known of, and neither finished nor under way; those for another attempt included. */
  readonly waiting: number
  readonly retrying: number
  readonly duplicates: number
  /** Bytes of bodies received, also those of attempts that failed. */
  readonly wireBytes: number
  readonly records: number
  /** Of the last five seconds. */
  readonly bytesPerSecond: number
  readonly recordsPerSecond: number
  readonly leftMs: number | null
  /** Documents failed for good, by code. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>
  /** Hosts that asked to be left alone, and until when. */
  readonly cooling: Readonly<Record<string, number>>
}

/** A document that failed for good. */
export interface FailedLine extends Failure {
  readonly type: 'failed'
  readonly atMs: number
  /** Without user information. */
  readonly url: string
  /** Tries made; 0 for a line of the list that is no document. */
  readonly attempt: number
  readonly remedy: string
}

export function createJson({ stderr, clock }: DisplayContext): Display {
  const state = new ProgressState()
  const time = new RunTime(clock)
  const writeLine = (line: ProgressLine | FailedLine): void => {
    stderr.write(`${JSON.stringify(line)}\n`)
  }
  const stop = clock.every(INTERVAL_MS, () => {
    if (!state.hasEnded) writeLine(progressLine(state, time.now()))
  })
  return {
    listener(event) {
      time.follow(event.at)
      state.add(event)
      if (event.type === 'document-failed') writeLine(failedLine(event))
      if (event.type === 'run-ended') writeLine(progressLine(state, event.at))
    },
    say() {},
    close: stop,
  }
}

function progressLine(state: ProgressState, now: number): ProgressLine {
  const rates = state.rates(now)
  const leftMs = state.leftMs(now)
  return {
    type: 'progress',
    atMs: Math.round(now),
    ended: state.hasEnded,
    documents: state.listed ?? null,
    done: state.done,
    failed: state.failed,
    alreadyThere: state.alreadyThere,
    active: state.active,
    waiting: state.waiting,
    retrying: state.retrying,
    duplicates: state.duplicates,
    wireBytes: state.wireBytes,
    records: state.records,
    bytesPerSecond: Math.round(rates.wireBytes),
    recordsPerSecond: Math.round(rates.records),
    leftMs: leftMs === undefined ? null : Math.round(leftMs),
    failures: Object.fromEntries(state.failures),
    cooling: Object.fromEntries(Array.from(state.cooling).filter(([, until]) => until > now)),
  }
}

function failedLine(event: Extract<RunEvent, { type: 'document-failed' }>): FailedLine {
  return {
    type: 'failed',
    atMs: Math.round(event.at),
    url: redactUrl(event.url),
    attempt: event.attempt,
    ...event.failure,
    remedy: ERRORS[event.failure.code].remedy,
  }
}
