import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { Delivery } from '../../src/sinks/delivery.ts'
import type { SettledDocument, Sink } from '../../src/sinks/sink.ts'
import { doneDocument, failedDocument } from '../support/settled-documents.ts'

/** A sink that is as slow as it is told, and what a delivery said about it. */
function slowSink() {
  const groups: number[][] = []
  const written: number[] = []
  const failures: unknown[] = []
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  let writing = 0
  const sink: Sink = {
    async write(documents) {
      writing += 1
      expect(writing, 'two writes at once').toBe(1)
      groups.push(ids(documents))
      await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
      writing -= 1
    },
    async close() {},
  }
  const events = {
    onWritten: (document: SettledDocument) => written.push(document.document.id),
    onFailed: (error: unknown) => failures.push(error),
  }
  /** Ends the write under way, and waits until the next one is. */
  const finish = async (error?: Error) => {
    const next = waiting.shift()
    if (error === undefined) next?.resolve()
    else next?.reject(error)
    await settled()
  }
  return { sink, events, groups, written, failures, finish }
}

function ids(documents: readonly SettledDocument[]): number[] {
  return documents.map(({ document }) => document.id)
}

/** Everything that can happen without time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('writes one group at a time, with all that has gathered meanwhile', async () => {
  const { sink, events, groups, written, finish } = slowSink()
  const delivery = new Delivery(sink, false, events)
  for (const id of [3, 1, 2]) {
    delivery.deliver(doneDocument(id))
    await settled()
  }
  expect(groups).toEqual([[3]])
  expect(written).toEqual([])
  await finish()
  expect(written).toEqual([3])
  expect(groups).toEqual([[3], [1, 2]])
  await finish()
  await delivery.drained()
  expect(written).toEqual([3, 1, 2])
})

test('in order, a document waits for those before it in the list, failed ones too', async () => {
  const { sink, events, groups, finish } = slowSink()
  const delivery = new Delivery(sink, true, events)
  delivery.deliver(doneDocument(2))
  delivery.deliver(failedDocument(1))
  await settled()
  expect(groups).toEqual([])
  delivery.deliver(doneDocument(0))
  await settled()
  expect(groups).toEqual([[0, 1, 2]])
  await finish()
  delivery.deliver(doneDocument(3))
  await settled()
  expect(groups).toEqual([[0, 1, 2], [3]])
  await finish()
  await delivery.drained()
})

test('nothing is left lying when a document comes while the last write ends', async () => {
  // The write ends within promises' turns, one of which is the dangerous one: each is tried.
  for (let turns = 0; turns < 30; turns += 1) {
    const written: number[] = []
    const sink: Sink = { write: async () => {}, close: async () => {} }
    const onFailed = (error: unknown) => expect.unreachable(String(error))
    const delivery = new Delivery(sink, false, { onWritten: ({ document }) => written.push(document.id), onFailed })
    delivery.deliver(doneDocument(0))
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    delivery.deliver(doneDocument(1))
    await delivery.drained()
    expect(written, `after ${turns} turns`).toEqual([0, 1])
  }
})

test('nothing is written after the sink has failed', async () => {
  const { sink, events, groups, written, failures, finish } = slowSink()
  const delivery = new Delivery(sink, false, events)
  delivery.deliver(doneDocument(0))
  await settled()
  delivery.deliver(doneDocument(1))
  const error = new MillError('OUTPUT_FAILED', 'no space')
  await finish(error)
  delivery.deliver(doneDocument(2))
  await delivery.drained()
  expect(groups).toEqual([[0]])
  expect(written).toEqual([])
  expect(failures).toEqual([error])
})

test('a large backlog is written in groups of bounded size, and counts as behind until it is', async () => {
  const { sink, events, groups, finish } = slowSink()
  const delivery = new Delivery(sink, false, events)
  const large = 'x'.repeat(3 << 20)
  let count = 0
  while (!delivery.isBehind && count < 100) delivery.deliver(doneDocument(count++, large))
  // Some tens of MiB may wait; hundreds must not.
  expect(count).toBeGreaterThan(4)
  expect(count).toBeLessThan(30)
  await settled()
  expect(delivery.isBehind).toBe(true)
  while (groups.flat().length < count) await finish()
  await finish()
  await delivery.drained()
  expect(delivery.isBehind).toBe(false)
  expect(groups.flat()).toEqual(Array.from({ length: count }, (_, id) => id))
  expect(Math.max(...groups.map((group) => group.length))).toBe(2)
})

test('documents without records count as well: a reader of outcomes may be slow', async () => {
  const { sink, events } = slowSink()
  const delivery = new Delivery(sink, false, events)
  for (let id = 0; id < 40_000; id += 1) delivery.deliver(failedDocument(id))
  expect(delivery.isBehind).toBe(true)
})

test('in order, the list is read a thousand places ahead of what is written', async () => {
  const { sink, events, finish } = slowSink()
  const delivery = new Delivery(sink, true, events)
  expect([delivery.isWithinWindow(999), delivery.isWithinWindow(1000)]).toEqual([true, false])
  delivery.deliver(doneDocument(0))
  await settled()
  await finish()
  expect(delivery.isWithinWindow(1000)).toBe(true)
  expect(new Delivery(sink, false, events).isWithinWindow(1e9)).toBe(true)
})
