/** The thread of the demonstration's server: beside the mill and not in its main loop, whose delay it would otherwise be. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { type DemoDocument, DocumentFactory, EXPECTED_FAILURES } from './documents.ts'
import { REQUESTS_MOST, REQUESTS_TOTAL, type ServerData, type ServerReady } from './server-messages.ts'

const SLOW_MS = 2000
const SLOW_PIECES = 40

const { chaos, seed, requests }: ServerData = workerData
const counters = new Int32Array(requests)
const factory = new DocumentFactory(seed)
const documents = factory.plan(chaos)
const byPath = new Map(documents.map((document) => [document.path, document]))
const wasBusy = new Set<string>()

const server = createServer((request, response) => {
  count(response)
  answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
})
// A client that is done with us is not to be met by a reset when it comes back.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
parentPort?.postMessage(ready())

function ready(): ServerReady {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const urlOf = (document: DemoDocument): string => `http://127.0.0.1:${port}${document.path}`
  const whole = documents.filter(({ behaviour }) => EXPECTED_FAILURES[behaviour] === undefined)
  const expectedFailures: ServerReady['expectedFailures'] = new Map(
    documents.flatMap((document) => {
      const code = EXPECTED_FAILURES[document.behaviour]
      return code === undefined ? [] : [[urlOf(document), code]]
    }),
  )
  return {
    urls: documents.map(urlOf),
    expectedRecords: whole.reduce((sum, document) => sum + document.records, 0),
    expectedBytes: whole.reduce((sum, document) => sum + document.bytes, 0),
    expectedFailures,
  }
}

const underWay = new Set<ServerResponse>()

/**
 * A request lasts until the last byte of its answer is handed to the system: the client can't have it sooner. Node tells of that later, perhaps after
 * the client's next request, so answers that were all written and are told to be over in the same turn count as over.
 */
function count(response: ServerResponse): void {
  underWay.add(response)
  Atomics.add(counters, REQUESTS_TOTAL, 1)
  const atOnce = underWay.size
  const written = Array.from(underWay).filter(({ writableEnded }) => writableEnded)
  setImmediate(() => {
    const most = atOnce - written.filter((answered) => !underWay.has(answered) || answered.socket === null).length
    if (most > Atomics.load(counters, REQUESTS_MOST)) Atomics.store(counters, REQUESTS_MOST, most)
  })
  const ended = (): void => {
    underWay.delete(response)
  }
  response.once('finish', ended)
  response.once('close', ended)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const document = byPath.get(request.url ?? '')
  if (document === undefined || document.behaviour === 'missing') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no such volume\n')
    return
  }
  if (document.behaviour === 'busy-first' && !wasBusy.has(document.path)) {
    wasBusy.add(document.path)
    response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1' }).end('come back in a second\n')
    return
  }
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': document.bytes })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const body = factory.build(document)
  switch (document.behaviour) {
    case 'slow':
      await drip(body, response)
      break
    case 'cut':
      response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroySoon())
      break
    case 'stalled':
      response.write(body.subarray(0, body.length >> 1))
      break
    default:
      response.end(body)
  }
}

async function drip(body: Buffer, response: ServerResponse): Promise<void> {
  const pieceBytes = Math.ceil(body.length / SLOW_PIECES)
  for (let offset = 0; offset < body.length && !response.destroyed; offset += pieceBytes) {
    response.write(body.subarray(offset, offset + pieceBytes))
    await delay(SLOW_MS / SLOW_PIECES)
  }
  response.end()
}
