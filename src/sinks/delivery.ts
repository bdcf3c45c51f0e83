/**
 * Settled documents on their way into the sink: in the order of completion or of the list, one write at a time, as many
 * documents a write as have gathered meanwhile.
 */
import type { SettledDocument, Sink } from './sink.ts'

/** Places of the list that may lie between the next document to write and the last one started. */
const ORDER_WINDOW = 1000

/** Bytes waiting for the sink at which no further document is started. */
const BACKLOG_BYTES = 32 << 20

/** What a document without records counts: a reader of outcomes may be slow as well. */
const BARE_DOCUMENT_BYTES = 1 << 10

/** Most bytes and documents in one write, so that memory is given back while a backlog is written. */
const GROUP_BYTES = 8 << 20
const GROUP_DOCUMENTS = 512

export interface DeliveryEvents {
  /** It is in the sink. */
  onWritten(document: SettledDocument): void
  /** The sink failed: nothing more will be written. */
  onFailed(error: unknown): void
}

export class Delivery {
  readonly #sink: Pick<Sink, 'write'>
  readonly #isOrdered: boolean
  readonly #events: DeliveryEvents
  /** In ordered mode: what is settled ahead of its turn, by place in the list. */
  readonly #early = new Map<number, SettledDocument>()
  #nextId = 0
  #queue: SettledDocument[] = []
  #backlogBytes = 0
  #writing: Promise<void> | undefined
  #hasFailed = false

  constructor(sink: Pick<Sink, 'write'>, isOrdered: boolean, events: DeliveryEvents) {
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
    if (this.#isOrdered) {
      this.#early.set(document.document.id, document)
      for (let next = this.#takeEarly(); next !== undefined; next = this.#takeEarly()) this.#enqueue(next)
    } else this.#enqueue(document)
    if (this.#writing !== undefined || this.#hasFailed || this.#queue.length === 0) return
    this.#writing = this.#write()
  }

  /** Resolves when everything delivered is written, or the sink has failed. */
  async drained(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #takeEarly(): SettledDocument | undefined {
    const document = this.#early.get(this.#nextId)
    if (document !== undefined) {
      this.#early.delete(this.#nextId)
      this.#nextId += 1
    }
    return document
  }

  #enqueue(document: SettledDocument): void {
    this.#queue.push(document)
    this.#backlogBytes += weight(document)
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      try {
        for (const document of group) {
          if (document.status === 'failed') continue
          await document.records.settled()
          await document.rejects.settled()
        }
        await this.#sink.write(group)
      } catch (error) {
        this.#hasFailed = true
        this.#writing = undefined
        this.#events.onFailed(error)
        return
      }
      for (const document of group) {
        this.#backlogBytes -= weight(document)
        this.#events.onWritten(document)
      }
    }
    // In the same turn as the look at the queue: a document that is delivered in between would not be written.
    this.#writing = undefined
  }

  #takeGroup(): SettledDocument[] {
    let bytes = 0
    let length = 0
    for (const document of this.#queue) {
      if (length > 0 && (length === GROUP_DOCUMENTS || bytes + weight(document) > GROUP_BYTES)) break
      bytes += weight(document)
      length += 1
    }
    return this.#queue.splice(0, length)
  }
}

function weight(document: SettledDocument): number {
  return BARE_DOCUMENT_BYTES + (document.status === 'done' ? document.records.byteLength : 0)
}
