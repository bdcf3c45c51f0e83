import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../../src/mill.ts'
import { type MillOptions, resolveOptions } from '../../src/options.ts'
import { RunFiguresFold } from '../../src/report/run-figures.ts'
import { judge, type Verdict } from '../../src/report/verdict.ts'
import type { Sink } from '../../src/sinks/sink.ts'
import { listDocuments } from '../../src/sources/source.ts'
import { type Route, serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOWHERE: Sink = { write: async () => {}, close: async () => {} }

/**
 * Mills into a sink and judges what bounded it. Each of these runs has some seconds of what is to be its bound: where others have the
 * processor, the start of its threads may take one.
 */
async function judged(urls: readonly string[], options: MillOptions, sink: Sink = NOWHERE): Promise<Verdict> {
  const resolved = resolveOptions(options)
  const figures = new RunFiguresFold()
  await run({
    list: listDocuments({ urls }, resolved),
    options: resolved,
    sink,
    listener: (event) => figures.add(event),
  })
  return judge(figures.figures())
}

function routes(count: number, route: Route): Record<string, Route> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`/${index}.xml`, route]))
}

function records(count: number): string {
  return `<all>${Array.from({ length: count }, (_, index) => `<r a="${index}"><b>text ${index}</b></r>`).join('')}</all>`
}

test('a server that takes its time makes the network the bound', async () => {
  const answer: Route = async (_request, response) => {
    await delay(400)
    response.writeHead(200, { 'content-type': 'application/xml' }).end(records(3))
  }
  await using site = await serve(routes(40, answer))
  const verdict = await judged(
    Array.from({ length: 40 }, (_, index) => site.url(`/${index}.xml`)),
    { threads: 2 },
  )
  expect(verdict).toMatchObject({ bound: 'network', isClear: true })
})

test('a rate makes politeness the bound', async () => {
  await using site = await serve(routes(40, records(3)))
  const urls = Array.from({ length: 40 }, (_, index) => site.url(`/${index}.xml`))
  const verdict = await judged(urls, { threads: 2, rate: '12/s' })
  expect(verdict).toMatchObject({ bound: 'politeness', isClear: true })
  expect(verdict.advice[0]?.gain).toBeGreaterThan(0.2)
})

test('documents from the disk through a slow parser make parsing the bound', async () => {
  using folder = temporaryFolder()
  const xml = records(12_000)
  const urls = Array.from({ length: 8 }, (_, index) => pathToFileURL(folder.write(`${index}.xml`, xml)).href)
  const verdict = await judged(urls, { threads: 2, concurrency: 2, record: 'r', parser: 'fast-xml-parser' })
  expect(verdict).toMatchObject({ bound: 'parsing', isClear: true })
  expect(verdict.advice.some(({ text }) => text.includes('--parser engine'))).toBe(true)
})

test('a heavy transform is the bound where one is', async () => {
  using folder = temporaryFolder()
  const busy =
    'export default (record) => { const end = performance.now() + 10; while (performance.now() < end); return record }'
  const transform = folder.write('busy.mjs', busy)
  await using site = await serve(routes(50, records(10)))
  const urls = Array.from({ length: 50 }, (_, index) => site.url(`/${index}.xml`))
  const verdict = await judged(urls, { threads: 2, record: 'r', transform })
  expect(verdict).toMatchObject({ bound: 'transform', isClear: true })
})

test('a sink that takes its time makes the output the bound', async () => {
  await using site = await serve(routes(30, records(3)))
  const urls = Array.from({ length: 30 }, (_, index) => site.url(`/${index}.xml`))
  const slow: Sink = {
    write: async (documents) => {
      await delay(100 * documents.length)
    },
    close: async () => {},
  }
  const verdict = await judged(urls, { threads: 2 }, slow)
  expect(verdict).toMatchObject({ bound: 'output', isClear: true })
})
