/**
 * The origin server, a process of its own: static documents from memory on 127.0.0.1, with keep-alive, and latency and bandwidth per
 * connection where a path asks for it. It speaks just enough HTTP/1.1 over plain sockets: with `node:http` the server, not the
 * contestant, would be what is measured on small documents.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type EndlessDocument, endlessDocument, equalDocuments, mixedDocuments } from './documents.ts'
import type { OriginOptions, Pool, Ready } from './protocol.ts'

const EQUAL_BYTES = 2_000_000
const MIDDLING_BYTES = 50_000
const TINY_BYTES = 900
/** What is sent at once of a body whose bandwidth is bounded: every 4 ms at 8 MB/s. */
const PACED_PIECE_BYTES = 32 << 10

const options: OriginOptions = JSON.parse(process.argv[2] ?? '{}')
const pools: Record<Pool, readonly Buffer[]> = {
  mixed: options.corpus === undefined ? mixedDocuments(options.seed, options.mixedBytes) : corpus(options.corpus),
  equal: equalDocuments('records', options.seed, 8, EQUAL_BYTES),
  middling: equalDocuments('records', options.seed, 40, MIDDLING_BYTES),
  tiny: equalDocuments('data', options.seed, 1000, TINY_BYTES),
}
const endless = endlessDocument(options.seed)

const server = createServer({ noDelay: true }, (socket) => {
  serve(socket).catch(() => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the origin server has no port')
  const sizes = (pool: Pool) => pools[pool].map(({ length }) => length)
  const ready: Ready = {
    port: address.port,
    mixed: sizes('mixed'),
    equal: sizes('equal'),
    middling: sizes('middling'),
    tiny: sizes('tiny'),
  }
  process.send?.(ready)
})
// Whoever started it has ended.
process.on('disconnect', () => process.exit())

function corpus(folder: string): Buffer[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.xml'))
  return names.sort().map((name) => readFileSync(join(folder, name)))
}

/** Answers one request after the other. A contestant that pipelines waits its turn. */
async function serve(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  let received = ''
  for await (const chunk of socket) {
    received += chunk.toString('latin1')
    for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
      const head = received.slice(0, end)
      received = received.slice(end + 4)
      await answer(socket, head)
      if (/^connection: *close\r?$/im.test(head)) socket.end()
    }
  }
}

async function answer(socket: Socket, head: string): Promise<void> {
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'))
  const [, latencyMs, bytesPerSecond, , pool, file = ''] = path.split('/')
  const number = Number.parseInt(file, 10)
  if (pool === 'huge') {
    await sendEndless(socket, endless, number)
    return
  }
  const body = isPool(pool) ? pools[pool][number] : undefined
  if (body === undefined) {
    socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    return
  }
  if (latencyMs !== '0') await after(Number(latencyMs))
  const heading = responseHead(body.length)
  if (bytesPerSecond !== '0') await sendPaced(socket, heading, body, Number(bytesPerSecond))
  else {
    socket.cork()
    socket.write(heading)
    socket.write(body)
    socket.uncork()
  }
}

function isPool(name: string | undefined): name is Pool {
  return name !== undefined && Object.hasOwn(pools, name)
}

function responseHead(bytes: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${bytes}\r\n\r\n`
}

/** To a tenth of a millisecond: a timer alone is up to 1.5 ms late, 3% of the latency that is measured against. */
async function after(delayMs: number): Promise<void> {
  const until = performance.now() + delayMs
  await sleep(Math.max(0, delayMs - 2))
  while (performance.now() < until) await nextTurn()
}

async function sendPaced(socket: Socket, heading: string, body: Buffer, bytesPerSecond: number): Promise<void> {
  const startedAt = performance.now()
  socket.write(heading)
  for (let sent = 0; sent < body.length; ) {
    const next = Math.min(body.length, sent + PACED_PIECE_BYTES)
    // A piece leaves when its last byte would have arrived.
    const leftMs = startedAt + (next / bytesPerSecond) * 1000 - performance.now()
    if (leftMs > 0.5) await sleep(leftMs)
    if (socket.destroyed) return
    socket.write(body.subarray(sent, next))
    sent = next
  }
}

async function sendEndless(socket: Socket, { head, block, foot }: EndlessDocument, about: number): Promise<void> {
  const blocks = Math.max(1, Math.round(about / block.length))
  socket.write(responseHead(head.length + blocks * block.length + foot.length))
  socket.write(head)
  for (let sent = 0; sent < blocks; sent++) {
    if (!socket.write(block)) await drained(socket)
    if (socket.destroyed) return
  }
  socket.write(foot)
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.once('drain', done).once('close', done)
  })
}
