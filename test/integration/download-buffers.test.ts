/** Sockets read into memory that is used again: what comes out must be what went in, whoever reads how fast. */
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ReadBuffers } from '../../workers/download/read-buffers.ts'
import { testDownloader } from '../support/downloader.ts'
import { type Fault, faultServer, SELF_SIGNED } from '../support/fault-server.ts'
import { temporaryFile } from '../support/temporary-file.ts'

const NO_HOOKS = { onDownloaded: () => {} }

/** Sizes of chunks, of HTTP's and not of the network's, over and over: several in one read, one in several, and cut anywhere. */
const CHUNK_SIZES = [1, 70_000, 5, 4096, 65_536, 300_001, 3, 17_000]

/** A body that no two places of are alike, in chunks. */
function chunked(body: Buffer): Fault {
  return ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    for (let from = 0, turn = 0; from < body.length; turn += 1) {
      const piece = body.subarray(from, from + (CHUNK_SIZES[turn % CHUNK_SIZES.length] ?? 1))
      from += piece.length
      socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
    }
    socket.write('0\r\n\r\n')
  }
}

function plain(body: Buffer): Fault {
  return ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`)
    socket.write(body)
  }
}

test.each([
  ['over TCP', undefined],
  ['over TLS', SELF_SIGNED],
])('bodies that are read at once, slowly and in turns arrive as they were sent %s', async (_, identity) => {
  const bodies = Array.from({ length: 8 }, (_, n) => randomBytes([100, 5_000_000, 70_000, 1_000_003][n % 4] ?? 1))
  const faults = bodies.map((body, n): [string, Fault] => [`/${n}`, (n % 2 === 0 ? plain : chunked)(body)])
  await using server = await faultServer(Object.fromEntries(faults), identity)
  await using authority = await temporaryFile(SELF_SIGNED.cert)
  await using client = testDownloader({ cacert: authority.path })
  const read = async (n: number, waits: boolean): Promise<string> => {
    const { body } = await client.downloader.start(server.url(`/${n}`), NO_HOOKS)
    const hash = createHash('sha256')
    let chunks = 0
    for await (const chunk of body) {
      // A chunk holds until the next is asked for, however much comes meanwhile: now and then so much that the server is held back.
      if (waits) await delay(chunks++ % 16 === 15 ? 30 : 0)
      hash.update(chunk)
    }
    return hash.digest('hex')
  }
  const sums = bodies.map((body) => createHash('sha256').update(body).digest('hex'))
  for (const slow of [[], [1, 3, 4], [0, 2, 5, 6, 7]]) {
    const readers = bodies.map((_, n) => read(n, slow.includes(n)))
    expect(await Promise.all(readers)).toEqual(sums)
  }
})

test('a buffer is used again when all pieces of it have come back, and never one that is held on to', () => {
  const buffers = new ReadBuffers()
  const take = () => {
    const { buffer } = buffers.onread
    const taken = typeof buffer === 'function' ? buffer() : buffer
    return { taken, pieces: [taken.subarray(0, 10), taken.subarray(10, 20)] }
  }
  const { taken, pieces } = take()
  for (const piece of pieces) buffers.lend(piece)
  const [one = taken, two = taken] = pieces
  buffers.giveBack(one)
  expect(take().taken).not.toBe(taken)
  buffers.giveBack(two)
  expect(take().taken).toBe(taken)
  buffers.lend(one)
  buffers.forgo(one)
  buffers.giveBack(one)
  expect(take().taken).not.toBe(taken)
})
