/**
 * Settled documents on their way into the sink: in the order of completion or of the list, one write at a time, as many
 * documents a write as have gathered meanwhile.
 */
import { hasFailpoint } from '../failpoint.ts'
import type { OnRefused, Refused, SettledDocument, Sink, Tail } from './sink.ts'

/** Places of the list that may lie between the next document to write and the last one started. */
const ORDER_WINDOW = 1000

/** Bytes waiting for the sink at which no further document is started. */
const BACKLOG_BYTES = 16 << 20

/** What a document without records counts: a reader of outcomes may be slow as well. */
const BARE_DOCUMENT_BYTES = 1 << 10

/** Most bytes and documents in one write, so that memory is given back while a backlog is written. */
const GROUP_BYTES = 8 << 20
const GROUP_DOCUMENTS = 2048

export interface DeliveryEvents {
  /** It is in the sink, but for some of its records that are among the rejects. */
  onWritten(document: SettledDocument, refused: Refused | undefined): void
  /** A write begins, or has ended well. */
  onWriting?(isWriting: boolean): void
  /** The sink failed: nothing more will be written. */
  onFailed(error: unknown): void
}

export class Delivery {
  readonly #sink: Sink
  readonly #isOrdered: boolean
  readonly #events: DeliveryEvents
  /** In ordered mode: what is settled ahead of its turn, by place in the list. */
  readonly #early = new Map<number, SettledDocument | 'skipped'>()
  #nextId = 0
  /** The document that has the end of the file: until it is settled, nothing else is written. */
  #tailOwner: number | undefined
  #lastWriteAt = Number.NEGATIVE_INFINITY
  /** Ends a wait for more to come. */
  #hurry: (() => void) | undefined
  #isDraining = false
  #queue: SettledDocument[] = []
  #backlogBytes = 0
  #writing: Promise<void> | undefined
  #hasFailed = false

  constructor(sink: Sink, isOrdered: boolean, events: DeliveryEvents) {
    this.#sink = sink
    this.#isOrdered = isOrdered
    this.#events = events
  }

  /**
   * Whether the sink is behind: starting more documents would only fill memory and disk. What waits for its turn in the list
   * does not count: the document that it waits for must be able to start.
   */
  get isBehind(): boolean {
    return this.#backlogBytes >= BACKLOG_BYTES
  }

  /** Whether the document at this place of the list may be scheduled: in ordered mode not too far ahead of the next one to write. */
  isWithinWindow(id: number): boolean {
    return !this.#isOrdered || id < this.#nextId + ORDER_WINDOW
  }

  deliver(document: SettledDocument): void {
    const { id } = document.document
    if (this.#tailOwner === id) {
      this.#tailOwner = undefined
      // It is in the file already; what came meanwhile is behind it.
      this.#queue.unshift(document)
      this.#backlogBytes += weight(document)
      if (this.#isOrdered) this.#nextId += 1
      this.#enqueueEarly()
    } else if (this.#isOrdered) {
      this.#early.set(id, document)
      this.#enqueueEarly()
    } else this.#enqueue(document)
    this.#startWriting()
  }

  /** This place of the list has nothing to write. */
  skip(id: number): void {
    if (!this.#isOrdered) return
    this.#early.set(id, 'skipped')
    this.#enqueueEarly()
    this.#startWriting()
  }

  /**
   * Lends the end of the sink's file to a document that is not settled yet, where nothing is in its way.
   * @param isAlone whether no other document is under way or to come
   */
  claimTail(id: number, isAlone: boolean): Tail | undefined {
    const isIdle = this.#writing === undefined && this.#queue.length === 0 && this.#tailOwner === undefined
    if (!isIdle || this.#hasFailed || !(this.#isOrdered ? id === this.#nextId : isAlone)) return undefined
    const tail = this.#sink.claimTail?.()
    if (tail === undefined) return undefined
    this.#tailOwner = id
    return {
      get placement() {
        return tail.placement
      },
      append: (bytes) => tail.append(bytes),
      abandon: async () => {
        await tail.abandon()
        if (this.#tailOwner !== id) return
        this.#tailOwner = undefined
        this.#startWriting()
      },
    }
  }

  /** Resolves when everything delivered is written, or the sink has failed. */
  async drained(): Promise<void> {
    this.#isDraining = true
    this.#hurry?.()
    while (this.#writing !== undefined) await this.#writing
  }

  #startWriting(): void {
    if (this.#isFull) this.#hurry?.()
    if (this.#writing !== undefined || this.#hasFailed || this.#tailOwner !== undefined) return
    if (this.#queue.length > 0) this.#writing = this.#write()
  }

  #enqueueEarly(): void {
    for (let next = this.#early.get(this.#nextId); next !== undefined; next = this.#early.get(this.#nextId)) {
      this.#early.delete(this.#nextId)
      this.#nextId += 1
      if (next !== 'skipped') this.#enqueue(next)
    }
  }

  #enqueue(document: SettledDocument): void {
    this.#queue.push(document)
    this.#backlogBytes += weight(document)
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gathered()
      const group = this.#takeGroup()
      const refused = new Map<SettledDocument, Refused>()
      const onRefused: OnRefused = (document, what) => refused.set(document, what)
      try {
        for (const document of group) {
          if (document.status !== 'done') continue
          await document.records.settled()
          await document.rejects.settled()
        }
        this.#lastWriteAt = performance.now()
        this.#events.onWriting?.(true)
        await this.#sink.write(group, onRefused)
        this.#events.onWriting?.(false)
      } catch (error) {
        this.#hasFailed = true
        this.#writing = undefined
        this.#events.onFailed(error)
        return
      }
      for (const document of group) {
        this.#backlogBytes -= weight(document)
        this.#events.onWritten(document, refused.get(document))
      }
    }
    this.#writing = undefined
  }

  /** Gives a sink whose writes are dear the time to have more in each. */
  async #gathered(): Promise<void> {
    const { commitIntervalMs = 0 } = this.#sink
    const waitMs = this.#lastWriteAt + commitIntervalMs - performance.now()
    // Tests that kill at the third commit want three commits.
    if (waitMs <= 0 || this.#isFull || this.#isDraining || hasFailpoint) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    this.#hurry = resolve
    await promise
    clearTimeout(timer)
    this.#hurry = undefined
  }

  /** Whether the next group cannot grow. */
  get #isFull(): boolean {
    return this.#queue.length >= GROUP_DOCUMENTS || this.#backlogBytes >= GROUP_BYTES
  }

  #takeGroup(): SettledDocument[] {
    const most = hasFailpoint ? 3 : GROUP_DOCUMENTS
    let bytes = 0
    let length = 0
    for (const document of this.#queue) {
      if (length > 0 && (length === most || bytes + weight(document) > GROUP_BYTES)) break
      bytes += weight(document)
      length += 1
    }
    return this.#queue.splice(0, length)
  }
}

function weight(document: SettledDocument): number {
  return BARE_DOCUMENT_BYTES + (document.status === 'done' ? document.records.byteLength : 0)
}
