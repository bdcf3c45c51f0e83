import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import type { Batch, MainMessage, Receipt, ThreadMessage } from '../../src/channel/protocol.ts'
import { TransformRelay } from '../../src/pool/transform-relay.ts'

const channels: MessageChannel[] = []

afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close()
})

/** A thread that keeps what it was asked, to be answered when the test says so. */
function thread(relay: TransformRelay): { readonly port: MessagePort; next(): Promise<MainMessage> } {
  const channel = new MessageChannel()
  channels.push(channel)
  relay.addThread(channel.port1)
  return {
    port: channel.port1,
    next: () => new Promise((resolve) => channel.port2.once('message', resolve)),
  }
}

function raw(text: string): Batch {
  return { kind: 'raw', count: 0, bytes: new Uint8Array(Buffer.from(text)) }
}

function answer(asked: MainMessage, text: string): Extract<ThreadMessage, { type: 'transformed' }> {
  if (asked.type !== 'transform') throw new Error(`unexpected ${asked.type}`)
  const batches: Batch[] = [{ kind: 'records', count: 1, bytes: new Uint8Array(Buffer.from(text)) }]
  return {
    type: 'transformed',
    id: asked.id,
    batches,
    counts: { written: 1, rejected: 0, dropped: 0, milliseconds: 1 },
  }
}

test('puts rows back in the order of the batches, whichever thread is first', async () => {
  const relay = new TransformRelay()
  const [one, two] = [thread(relay), thread(relay)]
  const rows: string[] = []
  const onBatch = (batch: Batch, { taken }: Receipt) => {
    rows.push(Buffer.from(batch.bytes).toString())
    taken()
  }
  const asked = Promise.all([one.next(), two.next()])
  relay.submit(7, raw('a'), () => {}, onBatch)
  relay.submit(7, raw('b'), () => {}, onBatch)
  const [first, second] = await asked
  relay.receive(answer(second, 'B'))
  expect(rows).toEqual([])
  relay.receive(answer(first, 'A'))
  expect(rows).toEqual(['A', 'B'])
  expect(await relay.finished(7)).toEqual({
    status: 'complete',
    counts: { written: 2, rejected: 0, dropped: 0, milliseconds: 2 },
  })
})

test('gives credit back when the rows are taken, not when they arrive', async () => {
  const relay = new TransformRelay()
  const one = thread(relay)
  const given: string[] = []
  let take = () => {}
  const asked = one.next()
  relay.submit(
    1,
    raw('a'),
    () => given.push('a'),
    (_, { taken }) => {
      take = taken
    },
  )
  relay.receive(answer(await asked, 'A'))
  expect(given).toEqual([])
  take()
  expect(given).toEqual(['a'])
})

test('a task whose batch went down with its thread is lost, and its credit is given back', async () => {
  const relay = new TransformRelay()
  const one = thread(relay)
  let credit = 0
  relay.submit(
    1,
    raw('a'),
    () => (credit += 1),
    () => {},
  )
  const end = relay.finished(1)
  relay.removeThread(one.port)
  const lost = await end
  expect(lost.status === 'lost' && lost.port === one.port).toBe(true)
  expect(credit).toBe(1)
})

test('a task without raw batches is complete at once', async () => {
  expect((await new TransformRelay().finished(1)).status).toBe('complete')
})

test('rows that come back for a task which has ended are nobody’s, and its sender may go on', async () => {
  const relay = new TransformRelay()
  const one = thread(relay)
  const rows: string[] = []
  let given = 0
  const asked = one.next()
  relay.submit(
    3,
    raw('a'),
    () => given++,
    (batch) => rows.push(Buffer.from(batch.bytes).toString()),
  )
  const message = await asked
  relay.forget(3)
  relay.receive(answer(message, 'A'))
  expect(rows).toEqual([])
  expect(given).toBe(1)
})
