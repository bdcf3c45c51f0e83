/** A downloader with the defaults of the command line, for tests. */
import { Downloader, type DownloadOptions } from '../../workers/download/download.ts'

export interface TestDownloader extends AsyncDisposable {
  readonly downloader: Downloader
  /** Downloads all of it. */
  fetch(url: string): Promise<Fetched>
  /** The code with which a download fails; throws when it does not. */
  failure(url: string): Promise<{ readonly code: unknown; readonly message: string; readonly details: unknown }>
}

export interface Fetched {
  readonly text: string
  readonly chunks: number
  readonly downloadedCalls: number
  readonly finalUrl: string
  readonly status: number
  readonly wireBytes: number
  readonly charset: string | undefined
  readonly etag: string | undefined
  readonly contentLength: number | undefined
}

const DEFAULTS: DownloadOptions = {
  connectTimeoutMs: 10_000,
  stallTimeoutMs: 30_000,
  timeoutMs: undefined,
  maxBytes: 1 << 30,
  headers: [],
  userAgent: 'xmlmill-test/1',
  proxy: undefined,
  cacert: undefined,
  netrc: false,
  publicOnly: false,
}

/** Opens a downloader that is closed at the end of the test's scope. */
export function testDownloader(options: Partial<DownloadOptions> = {}): TestDownloader {
  const downloader = new Downloader({ ...DEFAULTS, ...options })
  const fetch = async (url: string): Promise<Fetched> => {
    let downloadedCalls = 0
    const download = await downloader.start(url, { onDownloaded: () => downloadedCalls++ })
    const chunks: Uint8Array[] = []
    for await (const chunk of download.body) chunks.push(Buffer.from(chunk))
    return {
      text: Buffer.concat(chunks).toString(),
      chunks: chunks.length,
      downloadedCalls,
      finalUrl: download.finalUrl,
      status: download.status,
      wireBytes: download.wireBytes,
      charset: download.charset,
      etag: download.etag,
      contentLength: download.contentLength,
    }
  }
  return {
    downloader,
    fetch,
    failure: async (url) => {
      const thrown: unknown = await fetch(url).then(
        ({ text }) => new Error(`it did not fail: ${text.slice(0, 200)}`),
        (error: unknown) => error,
      )
      if (!(thrown instanceof Error)) throw new Error('it threw what is not an Error')
      const code = 'code' in thrown ? thrown.code : undefined
      const details = 'details' in thrown ? thrown.details : undefined
      return { code, message: thrown.message, details }
    },
    [Symbol.asyncDispose]: () => downloader.close(),
  }
}
