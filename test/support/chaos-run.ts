/** A process of its own for a run whose memory is measured: options and URLs in on stdin, codes and figures out on stdout. */
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { type LibraryOptions, mill } from '../../src/index.ts'

export interface ChaosRequest {
  readonly urls: readonly string[]
  readonly options: LibraryOptions
}

export interface ChaosResult {
  /** By place in the list: `done`, or the code of the failure; several where a document ended more than once. */
  readonly endings: readonly (readonly string[])[]
  readonly messages: Readonly<Record<string, string>>
  readonly crashes: number
  readonly elapsedMs: number
  /** Of memory of its own. */
  readonly peakBytes: number
}

const STATUS = '/proc/self/status'

/**
 * Where the system says it, without the pages of files: how many of those of Node itself are counted depends on what else the machine has
 * read of late.
 */
const ownBytes = existsSync(STATUS)
  ? () => 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync(STATUS, 'latin1'))?.[1])
  : process.memoryUsage.rss

if (process.argv[2] === 'run') {
  const { urls, options }: ChaosRequest = JSON.parse(await text(process.stdin))
  const endings: string[][] = urls.map(() => [])
  const messages: Record<string, string> = {}
  let crashes = 0
  let peakBytes = 0
  const from = performance.now()
  const running = mill([...urls], {
    ...options,
    onEvent: ({ type }) => {
      if (type === 'thread-crashed') crashes += 1
      if (type === 'attempt-ended') peakBytes = Math.max(peakBytes, ownBytes())
    },
  })
  for await (const document of running) {
    endings[document.id]?.push(document.status === 'failed' ? document.error.code : document.status)
    if (document.status === 'failed') messages[document.id] = document.error.message
  }
  const result: ChaosResult = {
    endings,
    messages,
    crashes,
    elapsedMs: performance.now() - from,
    peakBytes,
  }
  process.stdout.write(JSON.stringify(result))
}
