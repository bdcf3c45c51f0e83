/** Crawlee's HttpCrawler with fast-xml-parser, four requests at once, without storage on disk and without sessions. */
import { Configuration, HttpCrawler, log } from '@crawlee/http'
import { CONCURRENCY, end, readJob, write } from './job.ts'
import { toLines } from './lines.ts'

log.setLevel(log.LEVELS.ERROR)
const { urls, output } = await readJob()
const crawler = new HttpCrawler(
  {
    minConcurrency: CONCURRENCY,
    maxConcurrency: CONCURRENCY,
    useSessionPool: false,
    additionalMimeTypes: ['application/xml'],
    requestHandler: async ({ request, body }) => write(output, toLines(request.url, body.toString())),
  },
  new Configuration({ persistStorage: false, purgeOnStart: true }),
)
const { requestsFailed } = await crawler.run([...urls])
await end(output)
process.exitCode = requestsFailed === 0 ? 0 : 1
