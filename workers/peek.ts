/**
 * The entry of the thread that peeks: reads the first part of a document, like a run would, and folds it into a profile. The transfer is
 * broken off where the part ends.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { PeekedDocument } from '../src/channel/document-profile.ts'
import type { PeekOutcome, PeekReport, PeekTask, PeekThreadData } from '../src/channel/peek-protocol.ts'
import { MillError, toFailure } from '../src/errors.ts'
import { redactUrl } from '../src/redact.ts'
import { notXml } from './charset/body-kind.ts'
import { createDecoder } from './charset/decoder.ts'
import { type Download, Downloader } from './download/download.ts'
import { failureAt } from './local-failure.ts'
import { Judge, loadJudging } from './peek/judge.ts'
import { ProfileReader } from './peek/reader.ts'

const { options, partBytes }: PeekThreadData = workerData
// Of a document that is too large for a run the first part can still be read.
const downloader = new Downloader({ ...options, maxBytes: Number.MAX_SAFE_INTEGER })
const judging = loadJudging(options)
// Whoever awaits it says so; until then a parser that cannot be had must not end the thread.
judging.catch(() => {})

parentPort?.on('message', async ({ id, url }: PeekTask) => {
  const report: PeekReport = { id, outcome: await outcomeOf(url) }
  parentPort?.postMessage(report)
})

async function outcomeOf(url: string): Promise<PeekOutcome> {
  try {
    return { status: 'peeked', document: await peekInto(url) }
  } catch (thrown) {
    return { status: 'failed', failure: failureAt(url, toFailure(thrown)) }
  }
}

/** Download -> decode -> profile, as far as the part goes. What a run would refuse the document for, the run's own parser says. */
async function peekInto(url: string): Promise<PeekedDocument> {
  const download = await downloader.start(url, { onDownloaded: () => {} })
  const decoder = createDecoder(download.charset)
  const reader = new ProfileReader(options.maxDepth)
  const parser = await judging
  using judge = parser && new Judge(parser, decoder)
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  const hasFault = () => (judge ?? reader).fault !== undefined
  let decodedBytes = 0
  let isWhole = true
  for await (const chunk of download.body) {
    if (decodedBytes === 0) refuseOtherThanXml(chunk, download)
    const part = chunk.subarray(0, partBytes - decodedBytes)
    isWhole = part.length === chunk.length
    decodedBytes += part.length
    const bytes = decoder.decode(part)
    judge?.write(bytes)
    reader.write(text.decode(bytes, { stream: true }))
    if (!isWhole || hasFault()) break
  }
  if (decodedBytes === 0) throw new MillError('BODY_EMPTY', 'the body is empty')
  if (isWhole && !hasFault()) {
    const bytes = decoder.end()
    judge?.write(bytes)
    judge?.end()
    reader.write(text.decode(bytes))
  }
  const profile = reader.finish(isWhole)
  const { fault } = judge ?? reader
  return {
    url: redactUrl(url),
    finalUrl: redactUrl(download.finalUrl),
    encoding: decoder.encoding,
    decodedBytes,
    wireLength: download.contentLength,
    isWhole,
    fault: fault && failureAt(url, fault),
    profile,
  }
}

function refuseOtherThanXml(chunk: Uint8Array, { contentType }: Download): void {
  const kind = notXml(chunk)
  if (kind === undefined) return
  const declared = contentType === undefined ? '' : ` (Content-Type: ${contentType})`
  throw new MillError('BODY_NOT_XML', `the body is ${kind}, not XML${declared}`)
}
