/** A process of its own for a run whose memory is measured: options and URLs in on stdin, codes and figures out on stdout. */
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
  readonly peakBytes: number
}

if (process.argv[2] === 'run') {
  const { urls, options }: ChaosRequest = JSON.parse(await text(process.stdin))
  const endings: string[][] = urls.map(() => [])
  const messages: Record<string, string> = {}
  let crashes = 0
  const from = performance.now()
  const running = mill([...urls], {
    ...options,
    onEvent: ({ type }) => {
      if (type === 'thread-crashed') crashes += 1
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
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }
  process.stdout.write(JSON.stringify(result))
}
