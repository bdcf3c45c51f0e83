/**
 * One request and its answer over one connection: a handler for undici's `dispatch`, 15% faster than its `request`, with a light queue
 * in place of a Readable.
 */
import type { Dispatcher } from 'undici'
import { MillError } from '../../src/errors.ts'
import { connectionError, isClosedConnection } from './connection-error.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { Watched } from './watchdog.ts'

/** Bytes waiting for the consumer at which the server is held back, and at which it may go on. */
const PAUSE_BYTES = 1 << 20
const RESUME_BYTES = 256 << 10

/** What is read of an answer that nobody wants, to keep its connection; past it a new connection is cheaper. */
const DISCARD_BYTES = 64 << 10
const DISCARD_MS = 2000

export interface Answer {
  readonly status: number
  /** First value of a header by its lower-case name; several of one name are joined by a comma. */
  header(name: string): string | undefined
}

export interface ExchangeOptions {
  readonly host: string
  readonly deadlineMs: number
  /** Behind a proxy undici connects twice, and only the watchdog sees a proxy that hangs. */
  readonly watchesConnecting: boolean
  /** What the connection reads into. */
  readonly buffers: ReadBuffers
  /** Called once, when no more bytes will come; `reusable` when the answer ended as it should. */
  onClosed(reusable: boolean): void
}

type Reader = PromiseWithResolvers<IteratorResult<Uint8Array, undefined>>

const END: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined }

export class Exchange implements Dispatcher.DispatchHandler, Watched, AsyncIterableIterator<Uint8Array, undefined> {
  readonly host: string
  readonly deadlineMs: number
  /** When the last byte arrived, on the clock of `performance.now()`. */
  endedAtMs: number | undefined
  receivedBytes = 0
  contentLength: number | undefined
  /** Whether the connection turned out to be closed before a byte of the answer. */
  foundClosed = false

  readonly #options: ExchangeOptions
  readonly #answer = Promise.withResolvers<Answer>()
  #controller: Dispatcher.DispatchController | undefined
  #begun = false
  #answered = false
  #failure: MillError | undefined
  #discarding: (() => void) | undefined
  #onDownloaded: (() => void) | undefined

  #queue: Uint8Array[] = []
  #next = 0
  #queuedBytes = 0
  #paused = false
  #reader: Reader | undefined
  #givesBack = false
  /** The chunk that the consumer has. */
  #given: Uint8Array | undefined

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.host = options.host
    this.deadlineMs = options.deadlineMs
    // A failure while nobody waits for the answer is kept for the reader of the body.
    this.#answer.promise.catch(() => {})
  }

  /** The head of the answer. */
  get answer(): Promise<Answer> {
    return this.#answer.promise
  }

  get isServersTurn(): boolean {
    return !this.#paused && (this.#controller !== undefined || this.#options.watchesConnecting)
  }

  /** From now on the body is wanted; `onDownloaded` is called when its last byte is here, perhaps at once. */
  accept(onDownloaded: () => void): void {
    if (this.endedAtMs !== undefined && this.#failure === undefined) onDownloaded()
    else this.#onDownloaded = onDownloaded
  }

  /** Reads what is left of an unwanted answer, within bounds, so that its connection can be used again. Never throws. */
  async discard(): Promise<void> {
    this.#queue = []
    if (this.endedAtMs !== undefined) return
    if ((this.contentLength ?? 0) > DISCARD_BYTES) return this.cancel()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#discarding = resolve
    const timer = setTimeout(() => this.cancel(), DISCARD_MS)
    this.#resume()
    await promise
    clearTimeout(timer)
  }

  /** Breaks the transfer off; what was not read yet is dropped. */
  cancel(): void {
    // The usual case: an error with its stack takes 6 us.
    if (this.endedAtMs !== undefined) return
    this.fail(new MillError('ABORTED', `the transfer from ${this.host} was broken off`))
  }

  fail(error: MillError): void {
    if (this.endedAtMs === undefined) {
      this.#end(error)
      this.#controller?.abort(error)
    }
  }

  // The consumer's side.

  [Symbol.asyncIterator](): this {
    return this
  }

  /** From now on a chunk is the consumer's only until it asks for the next one. */
  giveBackChunks(): void {
    this.#givesBack = true
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#givesBack && this.#given !== undefined) this.#options.buffers.giveBack(this.#given)
    const chunk = this.#queue[this.#next]
    this.#given = chunk
    if (chunk !== undefined) {
      this.#next++
      if (this.#next === this.#queue.length) {
        this.#queue = []
        this.#next = 0
      }
      this.#queuedBytes -= chunk.length
      if (this.#paused && this.#queuedBytes <= RESUME_BYTES) this.#resume()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.endedAtMs !== undefined) return Promise.resolve(END)
    this.#reader = Promise.withResolvers()
    return this.#reader.promise
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel()
    this.#queue = []
    return Promise.resolve(END)
  }

  // undici's side.

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure !== undefined) controller.abort(this.#failure)
  }

  onResponseStarted(): void {
    this.#begun = true
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, unknown>>): void {
    if (status < 200) return
    this.#answered = true
    const header = (name: string): string | undefined => {
      const value = headers[name]
      if (typeof value === 'string') return value
      return Array.isArray(value) ? value.join(', ') : undefined
    }
    const length = header('content-length')
    if (length !== undefined && /^\d+$/.test(length)) this.contentLength = Number(length)
    this.#answer.resolve({ status, header })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.receivedBytes += chunk.length
    if (this.#discarding !== undefined) {
      if (this.receivedBytes > DISCARD_BYTES) this.cancel()
      return
    }
    this.#options.buffers.lend(chunk)
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      this.#given = chunk
      reader.resolve({ done: false, value: chunk })
      return
    }
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
    if (this.#queuedBytes >= PAUSE_BYTES) {
      this.#paused = true
      // The parser keeps what follows in the same buffer until it goes on.
      this.#options.buffers.forgo(chunk)
      controller.pause()
    }
  }

  onResponseEnd(): void {
    this.#end(undefined)
  }

  onResponseError(_: Dispatcher.DispatchController | null, thrown: Error): void {
    if (this.endedAtMs !== undefined) return
    this.foundClosed = this.#controller !== undefined && !this.#begun && isClosedConnection(thrown)
    this.#end(
      connectionError(thrown, {
        host: this.host,
        connected: this.#controller !== undefined,
        answered: this.#answered,
        receivedBytes: this.receivedBytes,
        contentLength: this.contentLength,
      }),
    )
    // undici reports a proxy's 407 and then goes on with its body.
    this.#controller?.abort(thrown)
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#controller?.resume()
  }

  #end(failure: MillError | undefined): void {
    if (this.endedAtMs !== undefined) return
    this.endedAtMs = performance.now()
    this.#failure = failure
    this.#options.onClosed(failure === undefined)
    const reader = this.#reader
    this.#reader = undefined
    if (failure === undefined) {
      this.#onDownloaded?.()
      reader?.resolve(END)
    } else {
      // The document has failed: its bytes are of no use any more.
      this.#queue = []
      this.#next = 0
      this.#answer.reject(failure)
      reader?.reject(failure)
    }
    this.#discarding?.()
  }
}
