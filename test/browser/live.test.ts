import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { LiveServer } from '../../src/report/live/live-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { facts } from '../support/run-events.ts'
import { launchBrowser, type TestBrowser } from './browser.ts'
import { stagedEvents } from './staged-run.ts'

let browser: TestBrowser

async function openLive(fold: ReportFold, clock: ManualClock) {
  const server = await LiveServer.open({ fold, port: 0, host: undefined, clock })
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() }
}

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(() => browser[Symbol.asyncDispose]())

test('the live page follows a run from its start to its end and asks nobody else', async () => {
  const fold = new ReportFold()
  const clock = new ManualClock()
  const server = await LiveServer.open({ fold, port: 0, host: undefined, clock })
  const events = [...stagedEvents(3000)]
  const half = Math.floor(events.length / 2)
  for (const event of events.slice(0, half)) fold.add(event)
  const { page, complaints, requests } = await browser.open(server.url)
  await page.waitForFunction(() => /^1,\d{3} documents$/.test(document.querySelector('#count')?.textContent ?? ''))
  expect(await page.locator('.live').textContent()).toBe('live')
  expect(await page.locator('h1').textContent()).toContain('under way')

  // What the reader is doing stays as it is while the page is drawn again.
  await page.fill('#search', 'volume-0029')
  await page.locator('#throughput details').first().locator('summary').click()
  for (const event of events.slice(half)) fold.add(event)
  clock.advance(1000)
  await page.waitForFunction(() => document.querySelector('#count')?.textContent === '100 of 3,000 documents')
  expect(await page.locator('#search').inputValue()).toBe('volume-0029')
  expect(await page.locator('#throughput details').first().getAttribute('open')).not.toBeNull()

  const closing = server.close()
  await page.waitForFunction(() => document.querySelector('.live')?.textContent === 'the run is over')
  await closing
  expect(await page.locator('h1').textContent()).not.toContain('under way')
  expect(await page.locator('#count').textContent()).toBe('100 of 3,000 documents')
  expect(complaints).toEqual([])
  const origin = new URL(server.url).origin
  expect(requests.every((url) => url.startsWith(origin))).toBe(true)
  await page.close()
})

test('shows what is under way, how far it is, and who is left alone', async () => {
  const fold = new ReportFold()
  const clock = new ManualClock()
  await using server = await openLive(fold, clock)
  const host = 'data.example.org'
  const url = (id: number) => `http://${host}/${id}.xml`
  fold.add({ type: 'run-started', at: 0, threads: 2, concurrency: 2 })
  fold.add({ type: 'list-ended', at: 1, documents: 4, duplicates: 0 })
  for (const id of [0, 1]) fold.add({ type: 'attempt-started', at: 10, id, url: url(id), host, attempt: id + 1 })
  fold.add({
    type: 'attempt-progressed',
    at: 3000,
    id: 0,
    thread: 1,
    wireBytes: 1_200_000,
    totalBytes: 4_800_000,
    records: 0,
  })
  fold.add({ type: 'host-cooling', at: 3000, host: 'busy.example.org', until: 63_000, reason: 'asked' })
  const { page, complaints } = await browser.open(server.url)
  const rows = page.locator('#under-way tbody tr')
  expect(await rows.first().locator('td').allTextContents()).toEqual([`${host}/0.xml`, ' 1.2 of 4.8 MB', '0:03', '1'])
  expect(await rows.first().locator('progress').getAttribute('value')).toBe('1200000')
  expect(await rows.nth(1).locator('td').allTextContents()).toEqual([`${host}/1.xml`, ' waiting', '0:03', '2'])
  expect(await page.locator('#under-way .hint').textContent()).toBe('1 host left alone: busy.example.org for 1:00')
  expect(await page.locator('.progress').textContent()).toBe('0%')

  // The keyboard keeps its place while everything around it is drawn again.
  await page.locator('#timeline summary').first().focus()
  fold.add({ type: 'downloaded', at: 4000, id: 0 })
  fold.add({ type: 'document-done', at: 4000, id: 1, url: url(1), host, attempt: 2, thread: 1, facts: facts() })
  clock.advance(1000)
  await page.waitForFunction(() => document.querySelector('.progress')?.textContent === '25% · about 0:12 left')
  expect(await rows.first().locator('td').allTextContents()).toEqual([`${host}/0.xml`, ' parsing', '0:04', '1'])
  expect(await page.locator('h1').textContent()).toBe('1 of 4 documents, under way')
  expect(await page.evaluate(() => document.activeElement === document.querySelector('#timeline summary'))).toBe(true)
  expect(complaints).toEqual([])
  await page.close()
})

test('what a reader has marked stays marked', async () => {
  const fold = new ReportFold()
  const clock = new ManualClock()
  await using server = await openLive(fold, clock)
  for (const event of stagedEvents(100)) if (event.type !== 'run-ended') fold.add(event)
  const { page } = await browser.open(server.url)
  await page.locator('#verdict .sentence').selectText()
  const marked = await page.evaluate(() => getSelection()?.toString())
  clock.advance(1000)
  // The count of the table is drawn all the same.
  await page.waitForFunction(() => document.querySelector('#count')?.textContent === '100 documents')
  expect(await page.evaluate(() => getSelection()?.toString())).toBe(marked)
  await page.close()
})

test('a page whose run was killed says that the connection is lost', async () => {
  const fold = new ReportFold()
  const server = await LiveServer.open({ fold, port: 0, host: '127.0.0.1', clock: new ManualClock() })
  const { page } = await browser.open(server.url)
  await page.waitForFunction(() => document.querySelector('.live')?.textContent === 'live')
  await server.close()
  await page.waitForFunction(() => document.querySelector('.live')?.textContent === 'connection lost')
  await page.close()
})
