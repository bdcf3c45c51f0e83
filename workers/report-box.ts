/** Reports of a chain's documents on their way to main: the small ones of a moment go together, the last ones with the end of the chain. */
import type { MessagePort } from 'node:worker_threads'
import type { ChainEnd, Report, ThreadMessage } from '../src/channel/protocol.ts'

/** Longest that main does not know of a document which is done. */
const PATIENCE_MS = 5

interface Waiting {
  readonly report: Omit<Report, 'agoMs'>
  readonly endedAt: number
}

export class ReportBox {
  readonly #port: MessagePort
  #waiting: Waiting[] = []
  #sent = 0
  #timer: NodeJS.Timeout | undefined

  constructor(port: MessagePort) {
    this.#port = port
  }

  add(report: Omit<Report, 'agoMs'>): void {
    this.#waiting.push({ report, endedAt: performance.now() })
  }

  /** Another document follows: what is there may not wait for it. */
  sendSoon(): void {
    this.#timer ??= setTimeout(() => this.send(), PATIENCE_MS)
  }

  send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const message: ThreadMessage = { type: 'reports', reports: this.#take() }
    this.#port.postMessage(message)
    this.#sent += message.reports.length
  }

  /** What is left. Nothing may be added after it. */
  close(): Omit<ChainEnd, 'thread'> {
    clearTimeout(this.#timer)
    return { reports: this.#take(), reportsSent: this.#sent }
  }

  #take(): Report[] {
    const now = performance.now()
    const reports = this.#waiting.map(({ report, endedAt }) => ({ ...report, agoMs: now - endedAt }))
    this.#waiting = []
    return reports
  }
}
