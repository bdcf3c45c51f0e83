import { mkdirSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mill } from '../../src/index.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Larger than what one thread keeps for itself. */
const RECORDS = 20_000
const DOCUMENT = `<v>${Array.from({ length: RECORDS }, (_, n) => `<x id="${n}">${'text '.repeat(40)}</x>`).join('')}</v>`

/**
 * Each row says which thread made it; some records give two rows, none, or are refused. Of those that one thread does not keep for itself
 * the first waits until a second thread has one.
 */
const TRANSFORM = `
  import { readdirSync, writeFileSync } from 'node:fs'
  import { threadId } from 'node:worker_threads'
  const there = new URL('there/', import.meta.url)
  let isAlone = true
  async function company() {
    writeFileSync(new URL(String(threadId), there), '')
    while (readdirSync(there).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    isAlone = false
  }
  export default async (record, { n, url }) => {
    if (!url.endsWith('/large')) return { n, threadId }
    if (isAlone && n >= ${RECORDS / 2}) await company()
    if (n % 1000 === 1) return [{ n, threadId }, { n, threadId }]
    if (n % 1000 === 2) return undefined
    if (n % 1000 === 3) throw new Error('no ' + n)
    return { n, threadId }
  }
`

test('a single large document is transformed in all threads, in order, and counted', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('there'))
  const waiting: (() => void)[] = []
  // A thread has two documents at most: with three there are two threads.
  const together: Route = (_, response) => {
    waiting.push(() => response.end('<v><x/></v>'))
    if (waiting.length === 3) for (const answer of waiting) answer()
  }
  await using site = await serve({ '/1': together, '/2': together, '/3': together, '/large': DOCUMENT })
  const options = { record: 'x', transform: folder.write('t.mjs', TRANSFORM), threads: 3, concurrency: 3 }
  for await (const document of mill(['/1', '/2', '/3', '/large'].map(site.url), options)) {
    if (document.status === 'failed') throw document.error
    if (!document.url.endsWith('/large')) continue
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
  expect(readdirSync(folder.file('there')).length).toBeGreaterThan(1)
})
