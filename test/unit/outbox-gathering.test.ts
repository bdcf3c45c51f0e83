import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { CreditWindow } from '../../src/channel/credit.ts'
import {
  BATCH_BYTES,
  type Batch,
  BUFFER_BYTES,
  RAW_BATCH_BYTES,
  type ThreadMessage,
} from '../../src/channel/protocol.ts'
import { XmlLines } from '../../src/channel/xml-lines.ts'
import { Gathering, Outbox, SpareBuffers } from '../../workers/outbox.ts'

/** Different lines of a length: what is misplaced is seen. */
function lineOf(bytes: number, fill: number): Uint8Array {
  return new Uint8Array(bytes).fill(fill)
}

test('a batch has the lines in the order in which they came, whatever their sizes', () => {
  const gathering = new Gathering('records', new SpareBuffers())
  const lines = [lineOf(10, 1), lineOf(100_000, 2), lineOf(1, 3), lineOf(900_000, 4), lineOf(70_000, 5)]
  for (const line of lines) gathering.add(line, 2)
  const { kind, count, bytes } = gathering.take()
  expect({ kind, count }).toEqual({ kind: 'records', count: 10 })
  expect(Buffer.compare(bytes, Buffer.concat(lines))).toBe(0)
})

test('lines are copied: what the parser does with its memory afterwards is of no account', () => {
  const gathering = new Gathering('records', new SpareBuffers())
  const line = lineOf(4, 1)
  gathering.add(line, 1)
  line.fill(9)
  expect([...gathering.take().bytes]).toEqual([1, 1, 1, 1])
})

test('a batch is its own: the next one leaves it alone', () => {
  const gathering = new Gathering('records', new SpareBuffers())
  gathering.add(lineOf(4, 1), 1)
  const first = gathering.take()
  expect(gathering.byteLength).toBe(0)
  gathering.add(lineOf(4, 2), 1)
  expect([...first.bytes]).toEqual([1, 1, 1, 1])
  expect(gathering.take().count).toBe(1)
})

test('main never holds much more memory than a batch has bytes', () => {
  for (const pieces of [1, 2, 3, 7, 20]) {
    const gathering = new Gathering('records', new SpareBuffers())
    for (let piece = 0; piece < pieces; piece++) gathering.add(lineOf(BATCH_BYTES / 16, piece), 1)
    const { bytes } = gathering.take()
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(bytes.byteLength / 0.75)
  }
})

test('a full batch is gathered in memory that came back', () => {
  const spare = new SpareBuffers()
  const buffer = new ArrayBuffer(BUFFER_BYTES)
  new Uint8Array(buffer).fill(7)
  spare.add(buffer)
  const gathering = new Gathering('records', spare)
  gathering.add(lineOf(1000, 1), 1)
  gathering.add(lineOf(BATCH_BYTES, 2), 1)
  const { bytes } = gathering.take()
  expect(bytes.buffer).toBe(buffer)
  expect(Buffer.compare(bytes, Buffer.concat([lineOf(1000, 1), lineOf(BATCH_BYTES, 2)]))).toBe(0)
})

test('only memory of the full size is kept, and not much of it', () => {
  const spare = new SpareBuffers()
  const small = new ArrayBuffer(1000)
  spare.add(small)
  const kept = Array.from({ length: 9 }, () => new ArrayBuffer(BUFFER_BYTES))
  for (const buffer of kept) spare.add(buffer)
  const taken = Array.from({ length: 9 }, () => spare.take())
  expect(taken.filter((buffer) => kept.includes(buffer))).toHaveLength(4)
  expect(taken).not.toContain(small)
})

test('records for another thread go in batches of whole ones, each with its XML', () => {
  const { port1, port2 } = new MessageChannel()
  const outbox = new Outbox(port1, new CreditWindow(1 << 30), new SpareBuffers(), 1)
  const all = Array.from({ length: 3000 }, (_, n) => {
    const xml = `<r>\n${'7'.repeat(n % 500)}{}\n</r>`
    return { xml, line: JSON.stringify({ n, record: 'x'.repeat(n % 300) }) }
  })
  const text = (from: number, to: number) =>
    all
      .slice(from, to)
      .map(({ xml, line }) => `${xml.length}${xml}${line}\n`)
      .join('')
  // As the parser hands them over: many at once, and few.
  outbox.addRaw(Buffer.from(text(0, 2000)))
  for (let n = 2000; n < all.length; n++) outbox.addRaw(Buffer.from(text(n, n + 1)))
  const last = outbox.finish()
  const batches: Batch[] = []
  for (let next = receiveMessageOnPort(port2); next !== undefined; next = receiveMessageOnPort(port2)) {
    const message: ThreadMessage = next.message
    if (message.type === 'batch') batches.push(message.batch)
  }
  batches.push(...last)
  port1.close()
  expect(batches.length).toBeGreaterThan(5)
  const found = batches.flatMap(({ kind, bytes }) => {
    expect(kind).toBe('raw')
    expect(bytes.byteLength).toBeLessThan(RAW_BATCH_BYTES + 1000)
    // Each batch by itself.
    const cut = new XmlLines()
    return cut
      .add(bytes)
      .map(({ xml, bytes, from, to }) => ({ xml: xml?.toString(), line: bytes.toString('utf8', from, to) }))
  })
  expect(found).toEqual(all)
})
