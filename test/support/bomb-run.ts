/** A process of its own for downloads whose memory is measured: URLs of a small bomb and a large one in, what the large one cost out. */
import { testDownloader } from './downloader.ts'

export interface BombResult {
  readonly code: unknown
  readonly message: string
  /** By how much its peak was above that of the small one. */
  readonly moreBytes: number
}

const [small, large] = process.argv.slice(2)
if (small !== undefined && large !== undefined) {
  await using client = testDownloader({ maxBytes: 5 << 20 })
  await client.failure(small)
  const before = process.resourceUsage().maxRSS
  const { code, message } = await client.failure(large)
  const result: BombResult = { code, message, moreBytes: (process.resourceUsage().maxRSS - before) * 1024 }
  process.stdout.write(JSON.stringify(result))
}
