/** xmlmill as a library: a run as an async iterable of documents. */
import { splitLines } from './channel/lines.ts'
import { loadTransform } from './channel/transform-module.ts'
import { type XmlLine, XmlLines } from './channel/xml-lines.ts'
import { MillError } from './errors.ts'
import { run } from './mill.ts'
import type { DocumentFacts } from './model.ts'
import { type MillOptions, type RunOptions, resolveOptions } from './options.ts'
import type { Listener } from './report/events.ts'
import { type Summary, SummaryFold } from './report/summary.ts'
import { openWatch } from './report/watch.ts'
import { type HandedOver, Handover } from './sinks/handover.ts'
import { inTurn, openOutput } from './sinks/output.ts'
import { listDocuments } from './sources/source.ts'
import type { HeldRecords } from './spool/held-records.ts'

/** URLs as a program has them: one, some, or a stream of them. Local paths and `file:` URLs too. */
export type Urls = string | Iterable<string | URL> | AsyncIterable<string | URL>

/** What only a program can give. */
export interface LibraryOptions extends MillOptions {
  /** Stops the run: threads end, sockets close, the iteration throws MillError ABORTED. */
  readonly signal?: AbortSignal
  /** Told of every event, as the progress display is. Must not throw. */
  readonly onEvent?: Listener
}

/** A document whose records are all there. */
export interface DoneResult {
  readonly status: 'done'
  readonly url: string
  /** Its place in the list, from 0. */
  readonly id: number
  /** How many tries it took. */
  readonly attempts: number
  readonly facts: DocumentFacts
  /**
   * Its records in document order (with a transform: its rows), parsed as they are asked for. Valid until the loop asks for the
   * next document.
   */
  records(): Generator<unknown>
  /** What the transform refused: url, n, name, code, reason, record and xml (the record's own) of each. Valid as long as `records`. */
  rejects(): Generator<unknown>
}

/** A document that failed for good. Nothing of it is anywhere. */
export interface FailedResult {
  readonly status: 'failed'
  readonly url: string
  readonly id: number
  /** 0 when the URL itself was not valid. */
  readonly attempts: number
  readonly error: MillError
}

export type DocumentResult = DoneResult | FailedResult

/**
 * Mills XML documents into records.
 *
 * Nothing happens before it is iterated or its summary asked for; either may be done once. Leaving the loop, or aborting the signal,
 * ends threads and sockets.
 *
 * @throws MillError OPTIONS_INVALID at once; when it runs SOURCE_UNREADABLE, TRANSFORM_UNLOADABLE, OUTPUT_FAILED,
 * OUTPUT_EXISTS, OUTPUT_LOCKED, SHAPE_CHANGED, ABORTED. A document's failure is a result, not an exception.
 */
export function mill(urls: Urls, options: LibraryOptions = {}): Mill {
  const { signal, onEvent, ...given } = options
  return new Mill(urls, resolveOptions(given), signal, onEvent)
}

export class Mill implements AsyncIterable<DocumentResult> {
  readonly #urls: Urls
  readonly #options: RunOptions
  readonly #signal: AbortSignal | undefined
  readonly #onEvent: Listener | undefined
  readonly #fold = new SummaryFold()
  #hasStarted = false

  /** Use `mill`. */
  constructor(urls: Urls, options: RunOptions, signal: AbortSignal | undefined, onEvent: Listener | undefined) {
    this.#urls = urls
    this.#options = options
    this.#signal = signal
    this.#onEvent = onEvent
  }

  /** Documents as they are settled, without those that an output has already (or in the order of the list, with `ordered`); the next ones are milled meanwhile. */
  async *[Symbol.asyncIterator](): AsyncGenerator<DocumentResult, void> {
    const handover = new Handover()
    const leaving = new AbortController()
    const signal = this.#signal === undefined ? leaving.signal : AbortSignal.any([this.#signal, leaving.signal])
    const running = this.#run(signal, handover).finally(() => handover.end())
    // It may fail while the loop's body runs; the error is thrown below.
    running.catch(() => {})
    try {
      for await (const document of handover.documents()) yield toResult(document, this.#options.thread.envelope)
    } finally {
      leaving.abort()
      handover.end()
      await running.catch((error: unknown) => {
        const hasJustLeft = error instanceof MillError && error.code === 'ABORTED' && this.#signal?.aborted !== true
        if (!hasJustLeft) throw error
      })
    }
  }

  /** Mills everything into the output and says how it went. */
  async summary(): Promise<Summary> {
    await this.#run(this.#signal)
    return this.#fold.summary()
  }

  async #run(signal: AbortSignal | undefined, handover?: Handover): Promise<void> {
    if (this.#hasStarted) throw new MillError('OPTIONS_INVALID', 'a mill runs once: call mill() again for another run')
    this.#hasStarted = true
    const options = this.#options
    if (options.thread.transform !== undefined) await loadTransform(options.thread.transform)
    await using watch = await openWatch(options.watch, this.#fold)
    await using output = await openOutput(options)
    await run({
      list: listDocuments({ urls: this.#urls }, options),
      options,
      sink: handover === undefined ? output.sink : inTurn(output.sink, handover),
      underWay: output.underWay,
      listener: (event) => {
        this.#fold.add(event)
        this.#onEvent?.(event)
        watch.listener(event)
      },
      signal,
    })
    await output.close()
  }
}

function toResult(settled: HandedOver, hasEnvelope: boolean): DocumentResult {
  const { url, id } = settled.document
  const { attempts } = settled
  if (settled.status === 'failed') {
    return { status: 'failed', url, id, attempts, error: MillError.from(settled.failure) }
  }
  const { facts, records, rejects } = settled
  return {
    status: 'done',
    url,
    id,
    attempts,
    facts,
    *records() {
      yield* hasEnvelope ? enveloped(records) : parseLines(records)
    },
    rejects: () => parseLines(rejects),
  }
}

function* parseLines(held: HeldRecords): Generator<unknown> {
  for (const line of splitLines(held.readSync())) yield JSON.parse(line.toString())
}

/** Beside an output that may refuse records these come with their XML. */
function* enveloped(held: HeldRecords): Generator<unknown> {
  const cut = new XmlLines()
  for (const chunk of held.readSync()) for (const line of cut.add(chunk)) yield recordOf(parsed(line))
  for (const line of cut.end()) yield recordOf(parsed(line))
}

function parsed({ bytes, from, to }: XmlLine): unknown {
  return JSON.parse(bytes.toString('utf8', from, to))
}

function recordOf(envelope: unknown): unknown {
  return typeof envelope === 'object' && envelope !== null && 'record' in envelope ? envelope.record : undefined
}
