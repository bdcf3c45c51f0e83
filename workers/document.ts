/**
 * The entry of a worker thread: one document at a time through download, decoding, parsing and transform, its records back
 * over the channel. A thread holds two documents or more: one downloads while another is parsed.
 *
 * A task never rejects: what goes wrong is its outcome. (A rejected task would come back as a bare Error, without code.)
 */
import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads'
import { CreditWindow } from '../src/channel/credit.ts'
import {
  CREDIT_WINDOW_BYTES,
  type Hello,
  type MainMessage,
  type Report,
  type Task,
  type ThreadData,
  type ThreadMessage,
} from '../src/channel/protocol.ts'
import { loadTransform } from '../src/channel/transform-module.ts'
import { MillError, toFailure } from '../src/errors.ts'
import type { DocumentFacts, Outcome } from '../src/model.ts'
import { redactUrl } from '../src/redact.ts'
import { notXml } from './charset/body-kind.ts'
import { createDecoder, type Decoder } from './charset/decoder.ts'
import { type Download, Downloader } from './download/download.ts'
import { Outbox } from './outbox.ts'
import { TransformStage } from './transform.ts'
import type { Parser, RecordParser } from './xml/parser.ts'
import { loadParser } from './xml/parsers.ts'

const PROGRESS_MS = 250

const { options }: ThreadData = workerData
const { port1: port, port2: mainPort } = new MessageChannel()
const credit = new CreditWindow(CREDIT_WINDOW_BYTES)
const downloader = new Downloader(options)
/** Made once, at the first document: a thread is ready before its parser is. */
let parser: Promise<Parser> | undefined
const transform = options.transform === undefined ? undefined : loadTransform(options.transform)
// Whoever awaits it says so; until then a module that fails must not end the thread.
transform?.catch(() => {})

port.on('message', (message: MainMessage) => credit.grant(message.bytes))
const hello: Hello = { type: 'hello', thread: threadId, port: mainPort }
parentPort?.postMessage(hello, [mainPort])

/** What is under way in this thread. */
const working = new Set<Work>()
setInterval(() => {
  for (const work of working) work.reportProgress()
}, PROGRESS_MS).unref()

/** Mills one document. */
export default async function millDocument(task: Task): Promise<Report> {
  const work = new Work(task)
  working.add(work)
  try {
    const outcome = await work.outcome()
    const last = outcome.status === 'done' ? work.outbox.finish() : []
    return { thread: threadId, outcome, batchesSent: work.outbox.batchesSent, last }
  } finally {
    working.delete(work)
  }
}

class Work {
  readonly task: Task
  readonly outbox: Outbox
  #download: Download | undefined
  #encoding = ''
  #notes: Readonly<Record<string, number>> = {}
  #stage: TransformStage | undefined
  #decodedBytes = 0
  #records = 0
  #parseMs = 0
  #isSettled = false
  /** Progress is for documents that take a while: the first tick is let go by. */
  #ticks = 0

  constructor(task: Task) {
    this.task = task
    this.outbox = new Outbox(port, credit, task.id)
  }

  async outcome(): Promise<Outcome> {
    try {
      await this.#mill()
      return { status: 'done', facts: this.#facts() }
    } catch (thrown) {
      return { status: 'failed', failure: toFailure(thrown), facts: this.#facts() }
    } finally {
      this.#isSettled = true
    }
  }

  reportProgress(): void {
    this.#ticks += 1
    if (this.#ticks < 2 || this.#download === undefined) return
    const { wireBytes, contentLength } = this.#download
    const total = contentLength === undefined ? {} : { totalBytes: contentLength }
    this.#send({ type: 'progress', task: this.task.id, wireBytes, ...total, records: this.#records })
  }

  /** Download -> decode -> parse -> transform -> send. */
  async #mill(): Promise<void> {
    parser ??= loadParser(options)
    if (transform !== undefined) {
      const output = this.outbox.add.bind(this.outbox)
      this.#stage = new TransformStage(await transform, options.envelope, output)
    }
    const download = await downloader.start(this.task.url, { onDownloaded: () => this.#downloaded() })
    this.#download = download
    try {
      await this.#read(download, await parser)
    } finally {
      download.cancel()
    }
  }

  async #read(download: Download, withParser: Parser): Promise<void> {
    const decoder = createDecoder(download.charset)
    const document = withParser.open({ url: redactUrl(this.task.url) }, (lines, count) => this.#take(lines, count))
    try {
      for await (const chunk of download.body) {
        if (this.#decodedBytes === 0) refuseOtherThanXml(chunk, download)
        this.#decodedBytes += chunk.byteLength
        this.#parse(document, () => decoder.decode(chunk))
        await this.#passOn()
      }
      if (this.#decodedBytes === 0) throw new MillError('BODY_EMPTY', 'the body is empty')
      this.#parse(document, () => decoder.end())
      this.#end(document)
      await this.#passOn()
      this.#notes = { ...decoder.notes, ...document.notes }
    } catch (thrown) {
      throw placedInBody(thrown, decoder)
    } finally {
      this.#encoding = decoder.encoding
      document.close()
    }
  }

  #parse(document: RecordParser, decode: () => Uint8Array): void {
    const from = performance.now()
    document.write(decode())
    this.#parseMs += performance.now() - from
  }

  #end(document: RecordParser): void {
    const from = performance.now()
    document.end()
    this.#parseMs += performance.now() - from
  }

  /** Records as the parser cuts them. */
  #take(lines: Uint8Array, count: number): void {
    this.#records += count
    if (this.#stage === undefined) this.outbox.add('records', lines, count)
    else this.#stage.push(lines)
  }

  /** Lets the transform and main keep up with the parser: here a slow reader of our output slows the download. */
  async #passOn(): Promise<void> {
    if (this.#stage?.hasWaiting === true) await this.#stage.flush()
    if (this.outbox.isFull) await this.outbox.room()
  }

  /**
   * Main frees the slots. A document that is parsed within the same turn of the loop says so with its report: for the many small ones
   * that is one message less.
   */
  #downloaded(): void {
    setImmediate(() => {
      if (!this.#isSettled)
        this.#send({ type: 'downloaded', task: this.task.id, wireBytes: this.#download?.wireBytes ?? 0 })
    })
  }

  #send(message: ThreadMessage): void {
    port.postMessage(message)
  }

  #facts(): DocumentFacts {
    const download = this.#download
    const counts = this.#stage?.counts
    const dropped = counts === undefined || counts.dropped === 0 ? {} : { droppedByTransform: counts.dropped }
    return {
      finalUrl: download?.finalUrl ?? this.task.url,
      status: download?.status ?? 0,
      wireBytes: download?.wireBytes ?? 0,
      decodedBytes: this.#decodedBytes,
      recordsSeen: this.#records,
      recordsWritten: counts?.written ?? this.#records,
      recordsRejected: counts?.rejected ?? 0,
      encoding: this.#encoding,
      ...(download?.etag !== undefined && { etag: download.etag }),
      ...(download?.lastModified !== undefined && { lastModified: download.lastModified }),
      times: {
        downloadMs: download?.elapsedMs ?? 0,
        parseMs: this.#parseMs,
        transformMs: counts?.milliseconds ?? 0,
        creditMs: this.outbox.creditMs,
      },
      notes: { ...this.#notes, ...dropped },
    }
  }
}

/** A parser counts bytes of UTF-8 after the byte order mark; a reader wants them counted in the document, or not at all. */
function placedInBody(thrown: unknown, decoder: Decoder): unknown {
  if (!(thrown instanceof MillError) || !thrown.code.startsWith('XML_')) return thrown
  const { byteOffset, ...details } = thrown.details
  if (byteOffset === undefined) return thrown
  const place = decoder.encoding === 'utf-8' ? { byteOffset: byteOffset + decoder.bomBytes } : {}
  return new MillError(thrown.code, thrown.message, { ...details, ...place })
}

function refuseOtherThanXml(chunk: Uint8Array, { contentType }: Download): void {
  const kind = notXml(chunk)
  if (kind === undefined) return
  const declared = contentType === undefined ? '' : ` (Content-Type: ${contentType})`
  throw new MillError('BODY_NOT_XML', `the body is ${kind}, not XML${declared}`)
}
