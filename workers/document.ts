/**
 * The entry of a worker thread: documents through download, decoding, parsing and transform, their records back over the channel. A thread holds
 * two documents or more: one downloads while another is parsed. Those of a chain come one after the other.
 *
 * A task never rejects: what goes wrong is its outcome. (A rejected task would come back as a bare Error, without code.)
 */
import { createHash } from 'node:crypto'
import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads'
import { Alarm } from '../src/channel/alarm.ts'
import { releaseMemory } from '../src/channel/batch-memory.ts'
import { ChainGate } from '../src/channel/chain-gate.ts'
import { CreditWindow } from '../src/channel/credit.ts'
import {
  type Chain,
  type ChainEnd,
  CREDIT_WINDOW_BYTES,
  type Hello,
  isFollowed,
  type MainMessage,
  RELAY_AFTER_BYTES,
  type Report,
  type Task,
  type ThreadData,
  type ThreadMessage,
} from '../src/channel/protocol.ts'
import { beatMs, Pulse } from '../src/channel/pulse.ts'
import { loadTransform, type TransformModule } from '../src/channel/transform-module.ts'
import { MillError, toFailure } from '../src/errors.ts'
import type { DocumentFacts, ElementForms, Outcome } from '../src/model.ts'
import { redactUrl } from '../src/redact.ts'
import { placedInBody } from './body-place.ts'
import type { DocumentCache } from './cache/document-cache.ts'
import { notXml } from './charset/body-kind.ts'
import { createDecoder } from './charset/decoder.ts'
import { type Download, Downloader } from './download/download.ts'
import { failureAt } from './local-failure.ts'
import { Gathering, Outbox, SpareBuffers } from './outbox.ts'
import { ReportBox } from './report-box.ts'
import { TransformStage } from './transform.ts'
import { TransformGuard } from './transform-guard.ts'
import type { Parser, RecordParser } from './xml/parser.ts'
import { loadParser } from './xml/parsers.ts'

const PROGRESS_MS = 250

/** A larger chunk is parsed in pieces: what small records of it become may be many times as large, and goes on in between. */
const PIECE_BYTES = 128 << 10

const { options, tasks, refusers, alarm: alarmBuffer }: ThreadData = workerData
const alarm = new Alarm(alarmBuffer)
const pulse = Pulse.create(tasks)
const { port1: port, port2: mainPort } = new MessageChannel()
const credit = new CreditWindow(CREDIT_WINDOW_BYTES)
const spare = new SpareBuffers()
const transformOutput = { hasEnvelope: options.envelope, hasXml: refusers === 'output' }
const downloader = new Downloader(options)
const cache = options.cache === undefined ? undefined : openCache(options.cache)
/** Made once, at the first document: a thread is ready before its parser is. */
let parser: Promise<Parser> | undefined
const transformModule = options.transform === undefined ? undefined : loadTransform(options.transform)
const transform = transformModule && loadTransformGuard(transformModule)
// Whoever awaits it says so; until then a module that fails must not end the thread.
transform?.catch(() => {})
let guard: TransformGuard | undefined

port.on('message', (message: MainMessage) => {
  if (message.type === 'credit') {
    for (const buffer of message.buffers) spare.add(buffer)
    credit.grant(message.bytes)
  } else transforming = transforming.then(() => transformForOther(message))
})
const hello: Hello = { type: 'hello', thread: threadId, port: mainPort, pulse: pulse.buffer }
parentPort?.postMessage(hello, [mainPort])

/** Other threads' records, one batch at a time. */
let transforming = Promise.resolve()

/** What is under way in this thread. */
const working = new Set<Work>()
setInterval(() => {
  for (const work of working) work.reportProgress()
}, PROGRESS_MS).unref()
setInterval(() => {
  pulse.beat()
  guard?.look(performance.now())
}, beatMs(options.transformTimeoutMs)).unref()

async function openCache(directory: string): Promise<DocumentCache> {
  const { DocumentCache } = await import('./cache/document-cache.ts')
  return new DocumentCache(directory, options, downloader)
}

async function loadTransformGuard(module: Promise<TransformModule>): Promise<TransformGuard> {
  guard = new TransformGuard((await module).transform, options.transformTimeoutMs, pulse)
  return guard
}

/** Of a record, the parser writes what the transform asks for. */
async function loadSelectingParser(): Promise<Parser> {
  return loadParser({ ...options, select: (await transformModule)?.select, withXml: refusers !== 'none' })
}

/** Mills the documents of a chain until one of them fails, main wants the others back, or a server wants to be left alone. */
export default async function millChain({ tasks, gate: buffer, alarms }: Chain): Promise<ChainEnd> {
  const gate = buffer === undefined ? undefined : new ChainGate(buffer)
  const box = new ReportBox(port)
  for (const [position, task] of tasks.entries()) {
    if (position > 0) {
      if (alarm.count !== alarms || gate?.pass(position) === false) break
      box.sendSoon()
    }
    const report = await millDocument(task, box)
    box.add(report)
    if (isFollowed(report.outcome)) continue
    if (report.outcome.status === 'failed' && report.outcome.failure.retryAfterMs !== undefined) alarm.raise()
    break
  }
  return { thread: threadId, ...box.close() }
}

async function millDocument(task: Task, box: ReportBox): Promise<Omit<Report, 'agoMs'>> {
  const work = new Work(task, box)
  working.add(work)
  pulse.hold(task.id)
  try {
    const outcome = await work.outcome()
    const last = outcome.status === 'done' ? work.outbox.finish() : []
    return { task: task.id, thread: threadId, outcome, batchesSent: work.outbox.batchesSent, last }
  } finally {
    working.delete(work)
    pulse.release(task.id)
  }
}

/** Transforms a part of a large document that another thread mills. */
async function transformForOther({ id, task, bytes: raw }: Extract<MainMessage, { type: 'transform' }>): Promise<void> {
  if (transform === undefined) return
  const gathered = { records: new Gathering('records', spare), rejects: new Gathering('rejects', spare) }
  const stage = new TransformStage((await transform).for(task), transformOutput, (kind, lines, count) =>
    gathered[kind].add(lines, count),
  )
  try {
    await stage.transform(raw)
  } catch (error) {
    // The task is tried again by itself, where its failure can be told: this thread ends, and the pulse says whose fault it is.
    pulse.enter(task)
    throw error
  }
  releaseMemory(raw.buffer)
  const batches = [gathered.records, gathered.rejects]
    .filter((lines) => lines.byteLength > 0)
    .map((lines) => lines.take())
  const message: ThreadMessage = { type: 'transformed', id, batches, counts: stage.counts }
  port.postMessage(
    message,
    batches.map(({ bytes }) => bytes.buffer),
  )
}

class Work {
  readonly task: Task
  readonly #box: ReportBox
  readonly outbox: Outbox
  #download: Download | undefined
  #encoding = ''
  #notes: Readonly<Record<string, number>> = {}
  #forms: ElementForms | undefined
  #stage: TransformStage | undefined
  #decodedBytes = 0
  readonly #digest = options.digest ? createHash('sha256') : undefined
  #bodySha256: string | undefined
  #records = 0
  #recordBytes = 0
  /** Whether the rest of this document's records goes through the transform in all threads. */
  #isRelaying = false
  #parseMs = 0
  #isSettled = false
  /** Progress is for documents that take a while: the first tick is let go by. */
  #ticks = 0

  constructor(task: Task, box: ReportBox) {
    this.task = task
    this.#box = box
    this.outbox = new Outbox(port, credit, spare, task.id)
  }

  async outcome(): Promise<Outcome> {
    try {
      const status = await this.#mill()
      return { status, facts: this.#facts() }
    } catch (thrown) {
      return { status: 'failed', failure: failureAt(this.task.url, toFailure(thrown)), facts: this.#facts() }
    } finally {
      this.#isSettled = true
      this.#stage?.close()
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
  async #mill(): Promise<'done' | 'unchanged'> {
    if (parser === undefined) {
      parser = loadSelectingParser()
      // As with the transform: it may fail while the download is awaited.
      parser.catch(() => {})
    }
    if (transform !== undefined) {
      const output = this.outbox.add.bind(this.outbox)
      this.#stage = new TransformStage((await transform).for(this.task.id), transformOutput, output)
    }
    const hooks = { onDownloaded: () => this.#downloaded() }
    const kept = await cache
    const download = await (kept ?? downloader).start(this.task.url, hooks, undefined, this.task.validators)
    this.#download = download
    try {
      if (download.isUnchanged) return 'unchanged'
      await this.#read(download, await parser)
      if (kept !== undefined && !(await kept.keep(download))) this.#notes = { ...this.#notes, notCached: 1 }
      if (download.isFromCache === true) this.#notes = { ...this.#notes, fromCache: 1 }
      return 'done'
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
        this.#digest?.update(chunk)
        for (let from = 0; from < chunk.byteLength; from += PIECE_BYTES) {
          this.#parse(document, () => decoder.decode(chunk.subarray(from, from + PIECE_BYTES)))
          await this.#passOn()
        }
      }
      if (this.#decodedBytes === 0) throw new MillError('BODY_EMPTY', 'the body is empty')
      this.#parse(document, () => decoder.end())
      this.#end(document)
      await this.#passOn()
      this.#notes = { ...decoder.notes, ...document.notes }
      this.#forms = document.forms
      this.#bodySha256 = this.#digest?.digest('hex')
    } catch (thrown) {
      throw placedInBody(thrown, decoder)
    } finally {
      this.#encoding = decoder.encoding
      document.close()
    }
  }

  #parse(document: RecordParser, decode: () => Uint8Array): void {
    this.#inEngine(() => document.write(decode()))
  }

  #end(document: RecordParser): void {
    this.#inEngine(() => document.end())
  }

  #inEngine(work: () => void): void {
    const from = performance.now()
    pulse.enter(this.task.id)
    try {
      work()
    } finally {
      pulse.leave()
    }
    this.#parseMs += performance.now() - from
  }

  /** Records as the parser cuts them. */
  #take(lines: Uint8Array, count: number): void {
    this.#records += count
    if (this.#stage === undefined) this.outbox.add('records', lines, count)
    else if (this.#isRelaying) this.outbox.addRaw(lines)
    else this.#stage.push(lines)
    this.#recordBytes += lines.byteLength
  }

  /** Lets the transform and main keep up with the parser: here a slow reader of our output slows the download. */
  async #passOn(): Promise<void> {
    if (this.#stage?.hasWaiting === true) await this.#stage.flush()
    if (
      !this.#isRelaying &&
      this.#stage !== undefined &&
      this.task.mayRelay &&
      this.#recordBytes >= RELAY_AFTER_BYTES
    ) {
      this.outbox.flush()
      this.#isRelaying = true
    }
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
    // What main is told of a document comes after the reports of those before it.
    this.#box.send()
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
      ...(this.#bodySha256 !== undefined && { bodySha256: this.#bodySha256 }),
      ...(download?.etag !== undefined && { etag: download.etag }),
      ...(download?.lastModified !== undefined && { lastModified: download.lastModified }),
      times: {
        downloadMs: download?.elapsedMs ?? 0,
        parseMs: this.#parseMs,
        transformMs: counts?.milliseconds ?? 0,
        creditMs: this.outbox.creditMs,
      },
      notes: { ...this.#notes, ...dropped },
      ...(this.#forms !== undefined && { forms: this.#forms }),
    }
  }
}

function refuseOtherThanXml(chunk: Uint8Array, { contentType }: Download): void {
  const kind = notXml(chunk)
  if (kind === undefined) return
  const declared = contentType === undefined ? '' : ` (Content-Type: ${contentType})`
  throw new MillError('BODY_NOT_XML', `the body is ${kind}, not XML${declared}`)
}
