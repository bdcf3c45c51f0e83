import { request } from 'node:http'
import { SaxesParser } from 'saxes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEMO_DOCUMENTS, type DemoDocument, DocumentFactory } from '../../src/demo/documents.ts'
import { PAPER_START } from '../../src/demo/papers.ts'
import { type DemoServer, startDemoServer } from '../../src/demo/server.ts'

let server: DemoServer
const factory = new DocumentFactory(1)
const plan = factory.plan(true)

beforeAll(async () => {
  server = await startDemoServer({ chaos: true, seed: 1 })
})

afterAll(() => server.close())

function urlOf(behaviour: DemoDocument['behaviour']): string {
  const index = plan.findIndex((document) => document.behaviour === behaviour)
  return server.urls[index] ?? ''
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** Whether the body ended as its length was announced. */
  readonly isWhole: boolean
}

/** Reads an answer to its end, or until nothing has come for so many turns of 20 ms: where others have the processor they are longer. */
function get(url: string, silentTurns = 1000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false }, (response) => {
      const chunks: Buffer[] = []
      let silence = 0
      const turns = setInterval(() => {
        silence += 1
        if (silence === silentTurns) response.destroy()
      }, 20)
      response.on('data', (chunk: Buffer) => {
        silence = 0
        chunks.push(chunk)
      })
      response.on('error', () => {})
      response.on('close', () => {
        clearInterval(turns)
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks), isWhole: response.complete })
      })
    })
    asking.on('error', reject)
    asking.end()
  })
}

/** The number of `paper` elements; throws where the document is not well-formed. */
function countPapers(xml: string): number {
  let papers = 0
  const parser = new SaxesParser()
  parser.on('opentag', ({ name }) => {
    if (name === 'paper') papers++
  })
  parser.on('error', (error) => {
    throw error
  })
  parser.write(xml).close()
  return papers
}

test('plans 500 documents from 2 KB to 5 MB, about 120 MB together', () => {
  const documents = factory.plan(false)
  const sizes = documents.map(({ bytes }) => bytes).sort((a, b) => a - b)
  expect(documents).toHaveLength(DEMO_DOCUMENTS)
  expect(sizes[0]).toBeGreaterThan(1900)
  expect(sizes[0]).toBeLessThan(5000)
  expect(sizes.at(-1)).toBeGreaterThan(4_900_000)
  expect(sizes.at(-1)).toBeLessThan(5_100_000)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(total).toBeGreaterThan(110e6)
  expect(total).toBeLessThan(130e6)
})

test('the same seed gives the same documents and another seed others', () => {
  const same = new DocumentFactory(1)
  const other = new DocumentFactory(2)
  const [first, last] = [plan[7], plan.at(-1)]
  if (first === undefined || last === undefined) throw new Error('the plan is too short')
  expect(same.plan(true)).toEqual(plan)
  expect(same.build(last).equals(factory.build(last))).toBe(true)
  expect(other.build(first).equals(factory.build(first))).toBe(false)
})

test('documents have the length and the papers that the plan says', () => {
  for (const document of plan.filter(({ bytes, behaviour }) => bytes < 300_000 && behaviour !== 'mismatched')) {
    const body = factory.build(document)
    expect(body.length).toBe(document.bytes)
    if (document.behaviour !== 'undefined-entity') expect(countPapers(body.toString())).toBe(document.records)
  }
})

test('documents cost little: 120 MB of them are put together from 400 papers that are made once', () => {
  const fresh = new DocumentFactory(3)
  const papers = new Set<string>()
  for (const document of fresh.plan(false)) {
    const [, ...parts] = fresh.build(document).toString('latin1').split(PAPER_START)
    // Without the number, and the end of the volume.
    for (const part of parts) papers.add(part.slice(part.indexOf('"')).replace(/<\/volume>\n$/, ''))
  }
  expect(papers.size).toBe(400)
})

test('the server knows what is to come out of it', () => {
  const whole = plan.filter(({ behaviour }) => ['plain', 'busy-first', 'slow'].includes(behaviour))
  expect(server.urls).toHaveLength(plan.length)
  expect(whole).toHaveLength(DEMO_DOCUMENTS)
  expect(server.expectedRecords).toBe(whole.reduce((sum, { records }) => sum + records, 0))
  expect(server.expectedFailures.size).toBe(plan.length - DEMO_DOCUMENTS)
  expect(server.expectedFailures.get(urlOf('cut'))).toBe('BODY_TRUNCATED')
})

test('a plain document comes whole', async () => {
  const document = plan.find(({ behaviour }) => behaviour === 'plain')
  const answer = await get(urlOf('plain'))
  expect(answer).toMatchObject({ status: 200, isWhole: true, headers: { 'content-type': 'application/xml' } })
  expect(document !== undefined && answer.body.equals(factory.build(document))).toBe(true)
})

test('a busy document asks to come back in a second, once', async () => {
  const first = await get(urlOf('busy-first'))
  expect([first.status, first.headers['retry-after']]).toEqual([503, '1'])
  expect((await get(urlOf('busy-first'))).status).toBe(200)
})

test('a slow document takes about two seconds, without a pause that looks like a stall', async () => {
  const before = performance.now()
  const answer = await get(urlOf('slow'), 25)
  expect(answer.isWhole).toBe(true)
  expect(performance.now() - before).toBeGreaterThan(1500)
})

test('malformed documents come whole and are not well-formed', async () => {
  const mismatched = await get(urlOf('mismatched'))
  expect(mismatched.isWhole).toBe(true)
  expect(() => countPapers(mismatched.body.toString())).toThrow(/unexpected close tag|mismatch/i)
  const undeclared = await get(urlOf('undefined-entity'))
  expect(() => countPapers(undeclared.body.toString())).toThrow(/entity/i)
})

test('a cut document ends before its announced length', async () => {
  const answer = await get(urlOf('cut'))
  expect(answer).toMatchObject({ status: 200, isWhole: false })
  expect(answer.body.length).toBe(Number(answer.headers['content-length']) >> 1)
})

test('a missing document is a 404', async () => {
  expect((await get(urlOf('missing'))).status).toBe(404)
})

test('a stalled document falls silent half-way', async () => {
  const answer = await get(urlOf('stalled'), 50)
  expect(answer.isWhole).toBe(false)
  expect(answer.body.length).toBe(Number(answer.headers['content-length']) >> 1)
})

test('counts the requests that were under way at once', async () => {
  await using quiet = await startDemoServer({ seed: 4 })
  await Promise.all(quiet.urls.slice(0, 3).map((url) => get(url)))
  for (const url of quiet.urls.slice(3, 9)) await get(url)
  expect(quiet.requests).toBe(9)
  expect(quiet.maxConcurrent).toBeGreaterThan(0)
  expect(quiet.maxConcurrent).toBeLessThanOrEqual(3)
  const slow = new DocumentFactory(4).plan(false).findIndex(({ behaviour }) => behaviour === 'slow')
  await Promise.all(Array.from({ length: 6 }, () => get(quiet.urls[slow] ?? '')))
  expect(quiet.maxConcurrent).toBe(6)
})

test('a closed server answers no more', async () => {
  const closing = await startDemoServer()
  await closing.close()
  await expect(get(closing.urls[0] ?? '')).rejects.toThrow(/ECONNREFUSED/)
})
