/**
 * A chain as main sees it: its documents follow each other in a thread, and main hears of it a little later. The slot for downloads is the
 * chain's as long as another document follows.
 */
import type { Alarm } from '../channel/alarm.ts'
import { ChainGate } from '../channel/chain-gate.ts'
import { type Chain, isFollowed, type Report } from '../channel/protocol.ts'
import type { Observed } from './task.ts'

/** One of its documents, and the promise of its report, which is undefined when it is not begun. */
export type Link = Observed & PromiseWithResolvers<Report | undefined>

export class ChainProgress {
  readonly links: readonly Link[]
  readonly #gate: ChainGate | undefined
  readonly #alarms: number
  /** Documents that are in it; fewer than there were when its gate has been shut. */
  #length: number
  #reported = 0
  #hasDownloaded = false
  #isShut = false
  /** Called with each report. */
  onReport: (() => void) | undefined

  constructor(tasks: readonly Observed[], alarm: Alarm) {
    this.links = tasks.map((observed) => ({ ...observed, ...Promise.withResolvers<Report | undefined>() }))
    this.#gate = tasks.length > 1 ? new ChainGate() : undefined
    this.#alarms = alarm.count
    this.#length = tasks.length
  }

  get chain(): Chain {
    const tasks = this.links.map(({ task }) => task)
    return { tasks, alarms: this.#alarms, ...(this.#gate && { gate: this.#gate.buffer }) }
  }

  /** Documents that have ended. */
  get reported(): number {
    return this.#reported
  }

  /** The next document has ended. */
  report(report: Report): void {
    const position = this.#reported
    this.#reported += 1
    this.#hasDownloaded = false
    // The slot passes on before anybody hears that its document has ended.
    if (isFollowed(report.outcome) && this.#reported < this.#length)
      this.links[this.#reported]?.observer.onBegun(report.agoMs)
    this.links[position]?.resolve(report)
    this.onReport?.()
  }

  /**
   * The body of the document under way has arrived. A thread says so only where parsing takes longer than that: the slot is not kept so long
   * for what follows.
   */
  downloaded(): void {
    this.#hasDownloaded = true
    if (this.#gate === undefined || this.#isShut) this.#freeSlot()
    else this.shut()
  }

  /** No further document begins. */
  shut(): void {
    if (this.#isShut || this.#gate === undefined) return
    this.#isShut = true
    this.#length = Math.min(this.#length, this.#gate.shut())
    for (const { resolve } of this.links.slice(this.#length)) resolve(undefined)
    this.#freeSlot()
  }

  /** Its thread is done with it. */
  ended(reports: readonly Report[]): void {
    for (const report of reports) this.report(report)
    for (const { resolve } of this.links.slice(this.#reported)) resolve(undefined)
  }

  /** Its thread is gone. */
  crashed(error: unknown): void {
    this.shut()
    for (let position = this.#reported; position < this.#length; position += 1) {
      if (position > this.#reported) this.links[position]?.observer.onBegun(0)
      this.links[position]?.reject(error)
    }
  }

  #freeSlot(): void {
    if (this.#hasDownloaded && this.#reported + 1 === this.#length) this.links[this.#reported]?.observer.onDownloaded()
  }
}
