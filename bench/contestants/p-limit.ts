/** Node with p-limit, undici and fast-xml-parser: what most answers to "download and parse in parallel" are. */
import pLimit from 'p-limit'
import { Agent, request } from 'undici'
import { CONCURRENCY, end, readJob, write } from './job.ts'
import { toLines } from './lines.ts'

const { urls, output } = await readJob()
const limit = pLimit(CONCURRENCY)
const dispatcher = new Agent({ connections: CONCURRENCY })

await limit.map(urls, async (url) => {
  const { statusCode, body } = await request(url, { dispatcher })
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`)
  await write(output, toLines(url, await body.text()))
})
await end(output)
await dispatcher.close()
