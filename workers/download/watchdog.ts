/**
 * Ends transfers that stall. undici's own bodyTimeout never fires on a slow drip, and knows nothing of a consumer that is the
 * slow side. One interval serves all transfers of a thread.
 */
import { MillError } from '../../src/errors.ts'

/** Slower than this for the whole stall timeout is a stall. */
const SLOWEST_BYTES_PER_SECOND = 1024

/** Shares of the stall timeout in which bytes are counted: it is noticed at most one share late. */
const SHARES = 10

const LONGEST_TICK_MS = 1000
const SHORTEST_TICK_MS = 10

/** How many bytes arrived in the last `spanMs` of time in which the server could send. Pure: time is what it is told. */
export class SpeedWindow {
  readonly #spanMs: number
  readonly #ticks: { readonly activeMs: number; readonly bytes: number }[] = []
  #totalMs = 0
  #totalBytes = 0

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  /** Adds what happened since the last call; true when the last `spanMs` were too slow. */
  isTooSlow(activeMs: number, bytes: number): boolean {
    this.#ticks.push({ activeMs, bytes })
    this.#totalMs += activeMs
    this.#totalBytes += bytes
    for (let oldest = this.#ticks[0]; oldest !== undefined; oldest = this.#ticks[0]) {
      if (this.#totalMs - oldest.activeMs < this.#spanMs) break
      this.#totalMs -= oldest.activeMs
      this.#totalBytes -= oldest.bytes
      this.#ticks.shift()
    }
    return this.#totalMs >= this.#spanMs && this.#totalBytes < (SLOWEST_BYTES_PER_SECOND * this.#totalMs) / 1000
  }
}

/** A transfer as the watchdog sees it. */
export interface Watched {
  /** `host:port`, for messages. */
  readonly host: string
  /** Bytes received, headers not counted. */
  readonly receivedBytes: number
  /** Whether the server could send: neither connecting nor held back by our consumer. */
  readonly isServersTurn: boolean
  /** When `--timeout` ends it, on the clock of `performance.now()`. */
  readonly deadlineMs: number
  fail(error: MillError): void
}

interface Watch {
  bytesSeen: number
  wasServersTurn: boolean
  window: SpeedWindow | undefined
}

/** The watchdog of one thread. */
export class Watchdog {
  readonly #stallTimeoutMs: number
  readonly #tickMs: number
  readonly #watches = new Map<Watched, Watch>()
  #timer: NodeJS.Timeout | undefined
  readonly #nowMs: () => number
  #lastTickMs = 0

  constructor(stallTimeoutMs: number, timeoutMs: number | undefined, nowMs = () => performance.now()) {
    this.#stallTimeoutMs = stallTimeoutMs
    this.#nowMs = nowMs
    const finest = Math.min(stallTimeoutMs, timeoutMs ?? stallTimeoutMs) / SHARES
    this.#tickMs = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, finest))
  }

  watch(transfer: Watched): void {
    this.#watches.set(transfer, { bytesSeen: 0, wasServersTurn: false, window: undefined })
    if (this.#timer !== undefined) return
    this.#lastTickMs = this.#nowMs()
    // The judgement waits for the poll phase: after a long block by parsing, what the sockets hold is read before it.
    this.#timer = setInterval(() => setImmediate(() => this.#judge()), this.#tickMs)
  }

  /** The interval itself stops at the first tick without a transfer: small documents do not start and stop timers. */
  unwatch(transfer: Watched): void {
    this.#watches.delete(transfer)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#watches.clear()
  }

  #judge(): void {
    const nowMs = this.#nowMs()
    // A late tick means that this thread was busy: the server is charged for one tick of it and no more.
    const activeMs = Math.min(nowMs - this.#lastTickMs, 1.5 * this.#tickMs)
    this.#lastTickMs = nowMs
    if (this.#watches.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    for (const [transfer, watch] of this.#watches) {
      const bytes = transfer.receivedBytes - watch.bytesSeen
      watch.bytesSeen = transfer.receivedBytes
      const isServersTurn = transfer.isServersTurn
      const wholeTick = isServersTurn && watch.wasServersTurn
      watch.wasServersTurn = isServersTurn
      if (nowMs >= transfer.deadlineMs) {
        transfer.fail(new MillError('TIMEOUT', `${transfer.host} had not sent the whole document within --timeout`))
      } else if (wholeTick) {
        watch.window ??= new SpeedWindow(this.#stallTimeoutMs)
        if (watch.window.isTooSlow(activeMs, bytes)) transfer.fail(this.#stalled(transfer))
      }
    }
  }

  #stalled(transfer: Watched): MillError {
    const seconds = this.#stallTimeoutMs / 1000
    const what = transfer.receivedBytes === 0 ? 'no byte of a body' : `under ${SLOWEST_BYTES_PER_SECOND} bytes a second`
    const where = transfer.receivedBytes === 0 ? '' : ` after ${transfer.receivedBytes} bytes`
    return new MillError('STALLED', `${transfer.host} sent ${what} for ${seconds} s${where} (--stall-timeout)`)
  }
}
