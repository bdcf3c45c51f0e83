import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReportFold } from '../../src/report/html/report-fold.ts'
import { LiveServer } from '../../src/report/live/live-server.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { launchBrowser, type TestBrowser } from './browser.ts'
import { stagedEvents } from './staged-run.ts'

let browser: TestBrowser

beforeAll(async () => {
  browser = await launchBrowser()
}, 120_000)

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

test('a page whose run was killed says that the connection is lost', async () => {
  const fold = new ReportFold()
  const server = await LiveServer.open({ fold, port: 0, host: '127.0.0.1', clock: new ManualClock() })
  const { page } = await browser.open(server.url)
  await page.waitForFunction(() => document.querySelector('.live')?.textContent === 'live')
  await server.close()
  await page.waitForFunction(() => document.querySelector('.live')?.textContent === 'connection lost')
  await page.close()
})
