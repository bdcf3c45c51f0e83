/**
 * `node bench/micro/channel.ts`: what passing records between threads costs, for the sizes of batches from 1 KiB to 4 MiB: MB/s when
 * transferred, when copied, and when the records go as objects; and messages a second.
 */
import { MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads'

const SIZES = [1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20]
const WAYS = ['transferred', 'copied', 'objects'] as const
const MOST_BYTES = 256 << 20
const MOST_MESSAGES = 20_000

interface Job {
  readonly way: (typeof WAYS)[number]
  readonly size: number
  readonly count: number
}

const job: { readonly port: MessagePort } | null = workerData
if (job === null) await compare()
else job.port.on('message', (asked: Job) => send(job.port, asked))

async function compare(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL(import.meta.url), { workerData: { port: port2 }, transferList: [port2] })
  process.stdout.write('| batch | way | MB/s | messages/s |\n| ---: | --- | ---: | ---: |\n')
  for (const size of SIZES) {
    for (const way of WAYS) {
      const count = Math.min(MOST_MESSAGES, Math.ceil(MOST_BYTES / size))
      // Objects are slow enough to be known sooner.
      const asked: Job = { way, size, count: way === 'objects' ? Math.max(4, Math.round(count / 16)) : count }
      const ms = await timed(port1, asked)
      const mbPerSecond = ((size * asked.count) / 1e6 / ms) * 1000
      const cells = [`${size >> 10} KiB`, way, mbPerSecond.toFixed(0), ((asked.count / ms) * 1000).toFixed(0)]
      process.stdout.write(`| ${cells.join(' | ')} |\n`)
    }
  }
  await worker.terminate()
  port1.close()
}

function timed(port: MessagePort, asked: Job): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const from = performance.now()
  let left = asked.count
  const take = () => {
    left -= 1
    if (left > 0) return
    port.off('message', take)
    resolve(performance.now() - from)
  }
  port.on('message', take)
  port.postMessage(asked)
  return promise
}

function send(port: MessagePort, { way, size, count }: Job): void {
  const records = way === 'objects' ? objectsOf(size) : undefined
  for (let sent = 0; sent < count; sent++) {
    if (records !== undefined) {
      port.postMessage(records)
      continue
    }
    const bytes = new Uint8Array(size)
    port.postMessage(
      { type: 'batch', task: 1, batch: { kind: 'records', count: 1, bytes } },
      way === 'transferred' ? [bytes.buffer] : [],
    )
  }
}

/** Records that as JSON have about so many bytes. */
function objectsOf(size: number): readonly unknown[] {
  const record = {
    '@_id': 'P1',
    title: 'a title of some words',
    author: { first: 'Ada', last: 'Müller' },
    year: '1999',
  }
  const each = JSON.stringify(record).length
  return Array.from({ length: Math.max(1, Math.round(size / each)) }, () => ({
    ...record,
    author: { ...record.author },
  }))
}
