/** The sums from which a verdict is made: a fold over a run's events of a few numbers. */
import type { Hold } from '../model.ts'
import type { RunEvent, RunSetting } from './events.ts'

export interface RunFigures {
  readonly elapsedMs: number
  readonly threads: number
  readonly concurrency: number
  readonly setting: RunSetting | undefined
  /** By what held the next document back; empty where nobody sampled it. */
  readonly heldMs: Readonly<Partial<Record<Hold, number>>>
  /** Threads that had a document, times the time that they had it, while only the documents under way were waited for. */
  readonly threadMs: number
  readonly slotMs: number
  readonly writeMs: number
  /** Of all attempts, in milliseconds of their threads. */
  readonly parseMs: number
  readonly transformMs: number
  readonly creditMs: number
  readonly downloadMs: number
  /** The part of `downloadMs` in which local files were read. */
  readonly diskMs: number
  /** Until the threads stood ready. */
  readonly startupMs: number
  readonly wireBytes: number
  readonly documents: number
  readonly records: number
  /** The longest delay of the main loop. */
  readonly maxLoopDelayMs: number
}

export class RunFiguresFold {
  #elapsedMs = 0
  #threads = 0
  #concurrency = 0
  #setting: RunSetting | undefined
  readonly #heldMs: Partial<Record<Hold, number>> = {}
  #threadMs = 0
  #slotMs = 0
  #writeMs = 0
  #parseMs = 0
  #transformMs = 0
  #creditMs = 0
  #downloadMs = 0
  #diskMs = 0
  #startupMs: number | undefined
  /** When the attempts under way started. */
  readonly #starts = new Map<number, number>()
  /** Those of them that read local files. */
  readonly #local = new Set<number>()
  #wireBytes = 0
  #documents = 0
  #records = 0
  #maxLoopDelayMs = 0

  add(event: RunEvent): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, event.at)
    switch (event.type) {
      case 'run-started':
        this.#threads = event.threads
        this.#concurrency = event.concurrency
        this.#setting = event.setting
        break
      case 'attempt-started':
        this.#starts.set(event.id, event.at)
        if (event.host === '') this.#local.add(event.id)
        break
      case 'attempt-ended': {
        const { downloadMs, parseMs, transformMs, creditMs } = event.times
        this.#parseMs += parseMs
        this.#transformMs += transformMs
        this.#creditMs += creditMs
        const startAt = this.#starts.get(event.id) ?? event.at
        this.#starts.delete(event.id)
        // An answer that was refused, or none at all, is no download: the wait for it was the network's all the same.
        const arrivingMs = event.status === 'failed' && downloadMs === 0 ? event.at - startAt : downloadMs
        this.#downloadMs += arrivingMs
        if (this.#local.delete(event.id)) this.#diskMs += arrivingMs
        const workMs = downloadMs + parseMs + transformMs + creditMs
        this.#startupMs ??= Math.max(0, event.at - workMs)
        break
      }
      case 'load-sampled':
        for (const [hold, ms] of heldEntries(event.heldMs)) this.#heldMs[hold] = (this.#heldMs[hold] ?? 0) + ms
        this.#threadMs += event.threadMs
        this.#slotMs += event.slotMs
        this.#writeMs += event.writeMs
        this.#maxLoopDelayMs = Math.max(this.#maxLoopDelayMs, event.loopDelayMs)
        break
      case 'document-done':
        this.#documents++
        this.#wireBytes += event.facts.wireBytes
        this.#records += event.facts.recordsWritten
        break
      case 'document-failed':
        this.#starts.delete(event.id)
        this.#local.delete(event.id)
        break
      default:
    }
  }

  figures(): RunFigures {
    return {
      elapsedMs: this.#elapsedMs,
      threads: this.#threads,
      concurrency: this.#concurrency,
      setting: this.#setting,
      heldMs: { ...this.#heldMs },
      threadMs: this.#threadMs,
      slotMs: this.#slotMs,
      writeMs: this.#writeMs,
      parseMs: this.#parseMs,
      transformMs: this.#transformMs,
      creditMs: this.#creditMs,
      downloadMs: this.#downloadMs,
      diskMs: this.#diskMs,
      startupMs: this.#startupMs ?? 0,
      wireBytes: this.#wireBytes,
      documents: this.#documents,
      records: this.#records,
      maxLoopDelayMs: this.#maxLoopDelayMs,
    }
  }
}

/** Every hold, so that none is forgotten. */
const HOLDS: Readonly<Record<Hold, true>> = {
  list: true,
  slots: true,
  host: true,
  rate: true,
  cooling: true,
  retry: true,
  threads: true,
  memory: true,
  output: true,
  end: true,
}

function isHold(name: string): name is Hold {
  return Object.hasOwn(HOLDS, name)
}

function heldEntries(heldMs: Readonly<Partial<Record<Hold, number>>>): (readonly [Hold, number])[] {
  return Object.entries(heldMs).flatMap(([hold, ms]) => (isHold(hold) ? [[hold, ms] as const] : []))
}
