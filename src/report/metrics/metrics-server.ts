/** `--metrics`: what a Prometheus scrapes, at /metrics on loopback. */
import { createServer } from 'node:http'
import { isLoopbackName, listen } from '../live/live-server.ts'
import { RunMetrics } from './metrics.ts'

export interface MetricsServer {
  readonly metrics: RunMetrics
  readonly url: string
  close(): Promise<void>
}

/**
 * @param port 0 is any free one
 * @throws MillError PORT_UNAVAILABLE
 */
export async function openMetricsServer(port: number): Promise<MetricsServer> {
  const metrics = new RunMetrics()
  const server = createServer((request, response) => {
    if (!isLoopbackName(request.headers.host ?? '')) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('only for this machine\n')
    } else if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('the metrics are at /metrics\n')
    } else {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`),
      )
    }
  })
  await listen(server, port, '127.0.0.1', '--metrics')
  server.unref()
  server.on('connection', (socket) => socket.unref())
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    metrics,
    url: `http://127.0.0.1:${bound}/metrics`,
    async close() {
      server.close()
      server.closeAllConnections()
      // The instruments of the process keep a timer for its loop's delay.
      metrics.registry.clear()
    },
  }
}
