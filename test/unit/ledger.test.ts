import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MillError } from '../../src/errors.ts'
import { commitIntervalMs } from '../../src/ledger/commit-interval.ts'
import { documentKey, documentKeys } from '../../src/ledger/document-key.ts'
import { ledgerRow } from '../../src/ledger/ledger.ts'
import { lockOutput } from '../../src/ledger/output-lock.ts'
import { checkShape, runShape } from '../../src/ledger/run-shape.ts'
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts'
import { resolveOptions } from '../../src/options.ts'
import { fileNameOf } from '../../src/sinks/directory.ts'
import { inBatches } from '../../src/sources/batches.ts'
import { doneDocument, failedDocument } from '../support/settled-documents.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function openLedger(database: DatabaseSync, wantsValidators = false): SqliteLedger {
  return new SqliteLedger(database, 'out', {}, wantsValidators)
}

function document(url: string, occurrence?: number) {
  return { id: 0, url, host: '', ...(occurrence !== undefined && { occurrence }) }
}

test('a document is the same however its URL is written, and another for each time that it is listed', () => {
  const key = (url: string, occurrence?: number) => documentKey(document(url, occurrence)).toString('hex')
  expect(key('HTTP://H:80/a#b')).toBe(key('http://h/a'))
  expect(key('http://h/a', 1)).not.toBe(key('http://h/a'))
  expect(key('http://h/a?b')).not.toBe(key('http://h/a'))
  expect(key('no url')).toHaveLength(32)
})

test('the short way to the key of a plain URL comes to the same', () => {
  const part = fc.string({ unit: fc.constantFrom(...'ab0-._~/:%?#=&@A\\ é'), maxLength: 12 })
  const url = fc
    .tuple(
      fc.constantFrom('http', 'https', 'file'),
      fc.constantFrom('h.org', 'localhost', 'a-b.c0.net', '0x7f.1', '1.2', 'H.org'),
      part,
    )
    .map(([scheme, host, rest]) => (scheme === 'file' ? `file:///${host}${rest}` : `${scheme}://${host}${rest}`))
  fc.assert(
    fc.property(url, (text) => {
      const href = URL.parse(text)?.href
      fc.pre(href !== undefined)
      const [bare = ''] = (href ?? '').split('#')
      // The long way, forced by a fragment.
      expect(documentKey(document(text))).toEqual(documentKey(document(`${bare}#`)))
    }),
    { numRuns: 2000 },
  )
})

test('a ledger answers for done documents only, in the order asked', () => {
  using database = new DatabaseSync(':memory:')
  const ledger = openLedger(database)
  ledger.commit({ rows: [doneDocument(1), failedDocument(2), doneDocument(3)].map((one) => ledgerRow(one, 0)) })
  const asked = [3, 2, 9, 1].map((id) => doneDocument(id).document)
  expect(ledger.recall(documentKeys(asked)).map((known) => known !== undefined)).toEqual([true, false, false, true])
})

test('a failure leaves a document that is done as it is, and a later success makes a failed one done', () => {
  using database = new DatabaseSync(':memory:')
  const ledger = openLedger(database)
  const both = documentKeys([doneDocument(1).document, doneDocument(2).document])
  const put = (one: ReturnType<typeof doneDocument> | ReturnType<typeof failedDocument>) =>
    ledger.commit({ rows: [ledgerRow(one, 0)] })
  put(doneDocument(1))
  put(failedDocument(1))
  put(failedDocument(2))
  expect(ledger.recall(both)).toEqual([{}, undefined])
  put(doneDocument(2))
  expect(ledger.recall(both)).toEqual([{}, {}])
  expect(ledger.counts()).toMatchObject({ done: 2, failed: 0 })
})

test('commits as often as a fiftieth of the time allows, ten times a second at most and every two seconds at least', () => {
  expect([0, 2, 10, 40, 5000].map(commitIntervalMs)).toEqual([100, 100, 500, 2000, 2000])
})

test('what a commit holds is all there or not at all', () => {
  using database = new DatabaseSync(':memory:')
  const ledger = openLedger(database)
  const commit = () =>
    ledger.commit({
      rows: [ledgerRow(doneDocument(1), 0)],
      within: () => {
        throw new Error('no room')
      },
    })
  expect(commit).toThrow(expect.objectContaining({ code: 'OUTPUT_FAILED' }))
  expect(ledger.counts().done).toBe(0)
})

test('takes user information out of what is kept', () => {
  const failed = failedDocument(1)
  const failure = new MillError('HTTP_REFUSED', 'http://me:secret@h/a answered 404').toFailure()
  const row = ledgerRow({ ...failed, document: document('http://me:secret@h/a'), failure }, 0)
  expect(JSON.stringify([row.url, row.message])).not.toContain('secret')
})

test('the shape of a run is its records, not its patience', async () => {
  const shape = (given: Parameters<typeof resolveOptions>[0]) => runShape(resolveOptions(given))
  expect(await shape({ retries: 9, timeout: 3, header: 'A: b', output: 'x.ndjson' })).toEqual(await shape({}))
  expect(await shape({ transformTimeout: 60, cache: 'dir', offline: true })).toEqual(await shape({}))
  for (const other of [{ record: 'r' }, { array: 'a' }, { bare: true }, { parserOptions: { trimValues: false } }]) {
    const [before, now] = [await shape({}), await shape(other)]
    expect(() => checkShape('out', before, now)).toThrow(expect.objectContaining({ code: 'SHAPE_CHANGED' }))
  }
})

test('a lock is had by one at a time, and its file goes with it', () => {
  using folder = temporaryFolder()
  const lock = lockOutput(folder.file('lock'), 'out')
  expect(() => lockOutput(folder.file('lock'), 'out')).toThrow(expect.objectContaining({ code: 'OUTPUT_LOCKED' }))
  lock.release()
  lock.release()
  lockOutput(folder.file('lock'), 'out').release()
})

test("a lock file that a power cut has spoilt is in nobody's way", () => {
  using folder = temporaryFolder()
  folder.write('lock', 'rubbish '.repeat(1000))
  lockOutput(folder.file('lock'), 'out').release()
})

test('a file name in a directory cannot lead out of it and is its own', () => {
  const urls = [
    'http://h/../../etc/passwd',
    'http://h/%2e%2e%2f%2e%2e%2fx',
    'http://h/a/b',
    'http://h/a-b',
    'http://h/A/B',
    'http://h/',
    '…',
  ]
  const names = urls.map((url) => fileNameOf(document(url)))
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*-[0-9a-f]{16}\.ndjson$/)
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(urls.length)
  expect(fileNameOf(document(`http://h/${'x'.repeat(5000)}`)).length).toBeLessThan(120)
})

test('a list comes in batches as large as can be had without waiting', async () => {
  async function* values() {
    for (let n = 0; n < 5; n++) yield n
    await new Promise((resolve) => setTimeout(resolve, 20))
    yield 5
    return undefined
  }
  const batches: (readonly number[])[] = []
  for await (const batch of inBatches(values(), 3)) batches.push(batch)
  expect(batches).toEqual([[0, 1, 2], [3, 4], [5]])
})

test('knows what is done in whatever order it is asked', () => {
  using database = new DatabaseSync(':memory:')
  const ledger = openLedger(database)
  const ids = Array.from({ length: 300 }, (_, id) => id)
  ledger.commit({ rows: ids.map((id) => ledgerRow(id % 7 === 3 ? failedDocument(id) : doneDocument(id), 0)) })
  fc.assert(
    fc.property(fc.shuffledSubarray(ids), fc.nat(4), fc.integer({ min: 1, max: 60 }), (shuffled, shift, size) => {
      // In order, a little out of it, or not at all.
      const list = shift === 0 ? shuffled : ids.map((id) => (Math.floor(id / shift) + 1) * shift - 1 - (id % shift))
      const again = openLedger(database)
      const answers: boolean[] = []
      for (let from = 0; from < list.length; from += size) {
        const documents = list.slice(from, from + size).map((id) => document(`http://a/${id}`))
        answers.push(...again.recall(documentKeys(documents)).map((known) => known !== undefined))
      }
      expect(answers).toEqual(list.map((id) => id < 300 && id % 7 !== 3))
    }),
    { numRuns: 40 },
  )
})
