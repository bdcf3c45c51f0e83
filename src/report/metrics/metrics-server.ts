/** `--metrics`: what a Prometheus scrapes, at /metrics on loopback. */
import { isLoopbackName, openServer } from '../local-server.ts'
import type { Exposition } from './exposition.ts'
import { RunCounts } from './run-counts.ts'

export interface MetricsServer {
  readonly counts: RunCounts
  readonly url: string
  close(): Promise<void>
}

/**
 * prom-client is loaded by the first scrape: that is 20 ms that no run needs to wait for.
 * @param port 0 is any free one
 * @param beforeScrape is called before the counts are read
 * @throws MillError PORT_UNAVAILABLE
 */
export async function openMetricsServer(port: number, beforeScrape: () => void = () => {}): Promise<MetricsServer> {
  const counts = new RunCounts()
  let exposition: Promise<Exposition> | undefined
  const scrape = async () => {
    exposition ??= import('./exposition.ts').then(({ Exposition }) => new Exposition(counts))
    const made = await exposition
    beforeScrape()
    return { type: made.contentType, text: await made.text() }
  }
  const { server, port: bound } = await openServer(port, '127.0.0.1', '--metrics')
  server.on('request', (request, response) => {
    if (!isLoopbackName(request.headers.host ?? '')) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('only for this machine\n')
    } else if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('the metrics are at /metrics\n')
    } else {
      scrape().then(
        ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
        (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`),
      )
    }
  })
  return {
    counts,
    url: `http://127.0.0.1:${bound}/metrics`,
    async close() {
      server.close()
      server.closeAllConnections()
      const opened = await exposition?.catch(() => undefined)
      opened?.close()
    },
  }
}
