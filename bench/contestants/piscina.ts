/** A plain Piscina program: the threads download with undici and parse with fast-xml-parser, and return their lines. */
import pLimit from 'p-limit'
import { Piscina } from 'piscina'
import { CONCURRENCY, end, readJob, write } from './job.ts'

const { urls, output } = await readJob()
const limit = pLimit(CONCURRENCY)
const pool = new Piscina<string, string>({
  filename: new URL('./piscina-thread.ts', import.meta.url).href,
  minThreads: CONCURRENCY,
  maxThreads: CONCURRENCY,
})

await limit.map(urls, async (url) => write(output, await pool.run(url)))
await end(output)
await pool.destroy()
