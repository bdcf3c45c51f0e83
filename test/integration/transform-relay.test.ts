import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { mill } from '../../src/index.ts'

/** Larger than what one thread keeps for itself. */
const RECORDS = 20_000
const DOCUMENT = `<v>${Array.from({ length: RECORDS }, (_, n) => `<x id="${n}">${'text '.repeat(40)}</x>`).join('')}</v>`

/** Each row says which thread made it; some records give two rows, none, or are refused. */
const TRANSFORM = `
  import { threadId } from 'node:worker_threads'
  export default (record, { n }) => {
    if (n % 1000 === 1) return [{ n, threadId }, { n, threadId }]
    if (n % 1000 === 2) return undefined
    if (n % 1000 === 3) throw new Error('no ' + n)
    return { n, threadId }
  }
`

test('a single large document is transformed in all threads, in order, and counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-relay-'))
  try {
    await Promise.all([writeFile(join(folder, 'a.xml'), DOCUMENT), writeFile(join(folder, 't.mjs'), TRANSFORM)])
    const url = pathToFileURL(join(folder, 'a.xml')).href
    const options = { record: 'x', transform: join(folder, 't.mjs'), threads: 3 }
    for await (const document of mill(url, options)) {
      if (document.status === 'failed') throw document.error
      const rows = Array.from(document.records(), (row) => row as { n: number; threadId: number })
      const order = rows.map(({ n }) => n)
      expect(order).toEqual(order.toSorted((a, b) => a - b))
      expect(new Set(rows.map(({ threadId }) => threadId)).size).toBeGreaterThan(1)
      const { recordsSeen, recordsWritten, recordsRejected, notes } = document.facts
      expect({ recordsSeen, recordsWritten, recordsRejected, notes }).toEqual({
        recordsSeen: RECORDS,
        recordsWritten: RECORDS - 20,
        recordsRejected: 20,
        notes: { droppedByTransform: 20 },
      })
      expect(rows).toHaveLength(RECORDS - 20)
      const rejects = Array.from(document.rejects(), (reject) => reject as { n: number; xml: string })
      expect(rejects).toHaveLength(20)
      for (const { n, xml } of rejects) expect(xml).toBe(`<x id="${n}">${'text '.repeat(40)}</x>`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
