import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { MillError } from '../../src/errors.ts'
import { Watchdog, type Watched } from '../../workers/download/watchdog.ts'

/** A transfer whose ticks can be waited for. The clock is ours, the timers and sockets are real. */
class Transfer implements Watched {
  readonly host = 'example.org:80'
  receivedBytes = 0
  deadlineMs = Number.POSITIVE_INFINITY
  hasTurn = true
  failure: MillError | undefined
  #judged = Promise.withResolvers<void>()

  /** The watchdog asks this once for each of its ticks. */
  get isServersTurn(): boolean {
    setImmediate(this.#judged.resolve)
    this.#judged = Promise.withResolvers()
    return this.hasTurn
  }

  judged(): Promise<void> {
    return this.#judged.promise
  }

  fail(error: MillError): void {
    this.failure = error
  }
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Ticks of 100 ms with a stall timeout of one second. */
async function watched(
  transfer: Transfer,
  ticks: number,
  bytesEach: number,
): Promise<Disposable & { advance: typeof advance }> {
  let nowMs = 0
  const watchdog = new Watchdog(1000, undefined, () => nowMs)
  watchdog.watch(transfer)
  await transfer.judged()
  async function advance(ms: number): Promise<void> {
    nowMs += ms
    await transfer.judged()
  }
  for (let n = 0; n < ticks; n++) {
    transfer.receivedBytes += bytesEach
    await advance(100)
  }
  return { advance, [Symbol.dispose]: () => watchdog.close() }
}

test('ends a transfer after the stall timeout, not before', async () => {
  const transfer = new Transfer()
  using watch = await watched(transfer, 9, 0)
  expect(transfer.failure).toBeUndefined()
  await watch.advance(100)
  expect(transfer.failure).toMatchObject({ code: 'STALLED' })
  expect(transfer.failure?.message).toContain('example.org:80 sent no byte of a body for 1 s (--stall-timeout)')
})

test('names the bytes that came before a transfer became too slow', async () => {
  const transfer = new Transfer()
  using watch = await watched(transfer, 10, 100)
  await watch.advance(100)
  expect(transfer.failure?.message).toContain('under 1024 bytes a second for 1 s after 1000 bytes')
})

test('blames nobody while our own consumer is the slow side', async () => {
  const transfer = new Transfer()
  transfer.hasTurn = false
  using watch = await watched(transfer, 30, 0)
  expect(transfer.failure).toBeUndefined()
  // The turn begins anew: what went before is not counted.
  transfer.hasTurn = true
  for (let n = 0; n < 10; n++) await watch.advance(100)
  expect(transfer.failure).toBeUndefined()
  await watch.advance(100)
  expect(transfer.failure).toMatchObject({ code: 'STALLED' })
})

test('charges a server for one tick and a half when this thread was busy for an hour', async () => {
  const transfer = new Transfer()
  using watch = await watched(transfer, 1, 0)
  await watch.advance(3_600_000)
  await watch.advance(3_600_000)
  expect(transfer.failure).toBeUndefined()
})

test('reads what arrived while this thread was busy before it judges', async () => {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer((socket) => accepted.resolve(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const sender = await accepted.promise
  const transfer = new Transfer()
  socket.on('data', (chunk) => {
    transfer.receivedBytes += chunk.length
  })
  using watch = await watched(transfer, 9, 0)
  sender.write(Buffer.alloc(20_000))
  block(250)
  await watch.advance(100)
  expect(transfer.failure).toBeUndefined()
  expect(transfer.receivedBytes).toBe(20_000)
  socket.destroy()
  sender.destroy()
  server.close()
})

test('ends a transfer at its deadline, whoever is slow', async () => {
  const transfer = new Transfer()
  transfer.hasTurn = false
  transfer.deadlineMs = 500
  using watch = await watched(transfer, 4, 1 << 20)
  expect(transfer.failure).toBeUndefined()
  await watch.advance(100)
  expect(transfer.failure).toMatchObject({ code: 'TIMEOUT' })
})
