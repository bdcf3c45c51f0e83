/**
 * Those who watch a run, and what they are sent: once a second an overview and the rows that have come since, made once for all.
 *
 * Who has not taken the last ones misses the next overview, and is sent the missed rows when there is room again, a few chunks at a time: a
 * slow watcher sees fewer pictures, holds nothing up, and has references to bytes that are there anyway.
 */
import type { Writable } from 'node:stream'
import type { Clock } from '../display.ts'
import type { ReportFold } from '../html/report-fold.ts'
import { Message, PACKED_BEGIN, RowMessages } from './row-messages.ts'

const INTERVAL_MS = 1000
/** Between two rounds passes so many times what the first one took: all watchers together have at most this part of the main loop. */
const ROUNDS_APART = 100
/** A watcher that has taken nothing for so long is gone. */
const STUCK_MS = 60_000
/** How long an ended run waits for its last rows to be taken. */
const FAREWELL_MS = 2000

export interface WatchersSettings {
  readonly fold: ReportFold
  /** Is called before the fold is read. */
  readonly beforeLook: () => void
  readonly clock: Clock
}

export interface NewWatcher {
  /** Whether it takes gzip. */
  readonly isPacked: boolean
  /** Rows that it has from before. */
  readonly rows: number
}

interface Watcher {
  readonly stream: Writable
  readonly isPacked: boolean
  /** The overview that it was sent last. */
  seen: Message | undefined
  /** Rows that it was sent. */
  rows: number
  /** When it had last taken everything. */
  takenAt: number
}

/** An overview, and the rows that there were with it. */
interface Picture {
  readonly message: Message
  readonly rows: number
  readonly at: number
}

export class Watchers {
  readonly #fold: ReportFold
  readonly #beforeLook: () => void
  readonly #clock: Clock
  readonly #watchers = new Set<Watcher>()
  readonly #rows: RowMessages
  readonly #stopTicking: () => void
  /** The last one: a hundred who come at once get the same bytes. */
  #picture: Picture | undefined
  #restUntil = 0
  /** Called when the last one is gone; set while the end is told. */
  #onGone: (() => void) | undefined

  constructor({ fold, beforeLook, clock }: WatchersSettings) {
    this.#fold = fold
    this.#beforeLook = beforeLook
    this.#clock = clock
    this.#rows = new RowMessages(fold.rows)
    this.#stopTicking = clock.every(INTERVAL_MS, () => this.#tick())
  }

  get count(): number {
    return this.#watchers.size
  }

  /** Begins its stream; the head of the answer is written. */
  add(stream: Writable, { isPacked, rows }: NewWatcher): void {
    const now = this.#clock.now()
    const isFresh = this.#picture !== undefined && now - this.#picture.at < INTERVAL_MS
    if (!isFresh) this.#draw(now)
    const watcher: Watcher = { stream, isPacked, seen: undefined, rows: Math.min(rows, this.#rows.count), takenAt: now }
    this.#watchers.add(watcher)
    stream.once('finish', () => this.#remove(watcher))
    stream.once('close', () => this.#remove(watcher))
    // In a later turn of the loop, so that one who takes all rows of a long run at once lets others through.
    stream.on('drain', () => setImmediate(() => this.#send(watcher)))
    if (isPacked) stream.write(PACKED_BEGIN)
    this.#send(watcher)
  }

  /** Sends everybody the last overview and rows, and waits a moment for them to be taken. The streams are still open then. */
  async close(): Promise<void> {
    this.#stopTicking()
    if (this.#watchers.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onGone = resolve
    const timer = setTimeout(resolve, FAREWELL_MS)
    this.#draw(this.#clock.now())
    for (const watcher of this.#watchers) this.#send(watcher)
    await promise
    clearTimeout(timer)
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size === 0) this.#onGone?.()
  }

  #tick(): void {
    const begin = this.#clock.now()
    if (this.#watchers.size === 0 || begin < this.#restUntil) return
    this.#draw(begin)
    for (const watcher of this.#watchers) {
      if (watcher.stream.writableLength === 0) {
        watcher.takenAt = begin
        this.#send(watcher)
      } else if (begin - watcher.takenAt > STUCK_MS) watcher.stream.destroy()
    }
    const end = this.#clock.now()
    this.#restUntil = end + ROUNDS_APART * (end - begin)
  }

  #draw(at: number): void {
    this.#beforeLook()
    this.#rows.renew()
    const text = Buffer.from(`event: overview\ndata: ${JSON.stringify(this.#fold.overview())}\n\n`)
    this.#picture = { message: new Message(() => text), rows: this.#rows.count, at }
  }

  /** As much of what it does not have yet as there is room for. */
  #send(watcher: Watcher): void {
    if (!this.#watchers.has(watcher)) return
    const { stream, isPacked } = watcher
    stream.cork()
    let message = this.#next(watcher)
    while (message !== undefined && stream.write(message.bytes(isPacked))) message = this.#next(watcher)
    stream.uncork()
    if (message !== undefined || this.#onGone === undefined) return
    // What the system has taken gets there, whatever becomes of this process.
    if (stream.writableLength === 0) this.#remove(watcher)
    else stream.end()
  }

  #next(watcher: Watcher): Message | undefined {
    const picture = this.#picture
    if (picture === undefined) return undefined
    if (watcher.seen !== picture.message) {
      watcher.seen = picture.message
      return picture.message
    }
    if (watcher.rows >= picture.rows) return undefined
    const rows = this.#rows.after(watcher.rows)
    watcher.rows = rows?.end ?? watcher.rows
    return rows?.message
  }
}
