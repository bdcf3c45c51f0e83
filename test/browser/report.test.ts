import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeReport } from '../../src/report/html/report-page.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { type Look, launchBrowser, type OpenPage, type TestBrowser } from './browser.ts'
import { stagedFold } from './staged-run.ts'

let folder: TemporaryFolder
let browser: TestBrowser
/** Reports by number of documents: made once. */
const reports = new Map<number, string>()

beforeAll(async () => {
  folder = temporaryFolder()
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function openReport(documents: number, look: Look = {}): Promise<OpenPage> {
  let path = reports.get(documents)
  if (path === undefined) {
    path = folder.file(`${documents}.html`)
    await writeReport(path, stagedFold(documents))
    reports.set(documents, path)
  }
  return browser.open(pathToFileURL(path).href, look)
}

test('a report opens without a complaint, without a request, and with everything in it', async () => {
  const { page, complaints, requests } = await openReport(600)
  for (const id of [
    'verdict',
    'timeline',
    'throughput',
    'distributions',
    'hosts',
    'failures',
    'fidelity',
    'documents',
  ]) {
    expect(await page.locator(`section#${id} h2`).count(), id).toBe(1)
  }
  expect(await page.locator('#verdict .sentence').textContent()).toContain('-bound')
  expect(await page.locator('#failures').textContent()).toContain('HTTP_REFUSED')
  expect(await page.locator('#fidelity').textContent()).toContain('unresolved entities')
  // Every picture says what it shows and has its figures beside it.
  const pictures = await page.locator('figure [role=img]').count()
  expect(pictures).toBeGreaterThanOrEqual(8)
  expect(await page.locator('figure [role=img][aria-label]').count()).toBe(pictures)
  expect(await page.locator('figure details table').count()).toBe(pictures)
  expect(complaints).toEqual([])
  expect(requests).toHaveLength(1)
  await page.close()
})

test('a failure leads to its documents in the table', async () => {
  const { page } = await openReport(600)
  await page.locator('.failure', { hasText: 'HTTP_REFUSED' }).getByRole('button').click()
  expect(await page.locator('#count').textContent()).toBe('6 of 600 documents')
  expect(await page.locator('#search').inputValue()).toBe('HTTP_REFUSED')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('grid')
  await page.keyboard.press('Enter')
  expect(await page.locator('#detail a').getAttribute('href')).toMatch(/^http:\/\/.*volume-000003\.xml$/)
  await page.close()
})

test('says how the run went, and links to every section', async () => {
  const { page } = await openReport(600)
  expect(await page.locator('h1').textContent()).toMatch(
    /^✗ 588 of 600 documents milled in 15\.\d s, 2 records rejected$/,
  )
  const targets = await page.locator('nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))
  expect(targets).toEqual(
    ['verdict', 'failures', 'timeline', 'throughput', 'distributions', 'hosts', 'fidelity', 'documents'].map(
      (id) => `#${id}`,
    ),
  )
  for (const target of targets) expect(await page.locator(`section${target}`).count()).toBe(1)
  await page.close()
})

test('pictures are drawn as wide as the page is, again when it changes', async () => {
  const { page, complaints } = await openReport(600, { width: 400 })
  const widths = () =>
    page
      .locator('figure > svg')
      .evaluateAll((pictures) => pictures.map((one) => [Number(one.getAttribute('width')), one.clientWidth]))
  // Nothing is shrunk: what is written in a picture has the size that it was drawn with.
  for (const [drawn, shown] of await widths()) expect(shown).toBe(drawn)
  expect((await widths())[0]?.[0]).toBeLessThan(370)
  await page.setViewportSize({ width: 1200, height: 800 })
  await page.waitForFunction(() => Number(document.querySelector('figure > svg')?.getAttribute('width')) > 1000)
  for (const [drawn, shown] of await widths()) expect(shown).toBe(drawn)
  expect(complaints).toEqual([])
  await page.close()
})

test('a name with mark-up in it is text and nothing else', async () => {
  const { page, complaints, requests } = await openReport(600)
  await page.fill('#search', 'onerror')
  await page.waitForFunction(() => document.querySelector('#count')?.textContent?.startsWith('1 of'))
  expect(await page.locator('#grid tr.row td').first().textContent()).toContain('<img src=x onerror=alert(1)>')
  expect(await page.locator('#report img').count()).toBe(0)
  expect([complaints, requests.length]).toEqual([[], 1])
  await page.close()
})

test('searching and filtering narrow the table, and its count says so', async () => {
  const { page } = await openReport(600)
  const count = page.locator('#count')
  expect(await count.textContent()).toBe('600 documents')
  await page.selectOption('#filter', 'failed')
  expect(await count.textContent()).toBe('12 of 600 documents')
  expect(await page.locator('#grid tr.row').count()).toBe(12)
  await page.fill('#search', 'HTTP_refused')
  await page.waitForFunction(() => document.querySelector('#count')?.textContent?.startsWith('6 of'))
  await page.selectOption('#filter', 'retried')
  await page.fill('#search', '')
  await page.waitForFunction(() => document.querySelector('#count')?.textContent?.startsWith('30 of'))
  await page.close()
})

test('a click on a head sorts by it, a second one the other way round', async () => {
  const { page } = await openReport(600)
  const first = page.locator('#grid tr.row').first().locator('td').first()
  const head = page.locator('#grid th', { hasText: 'Records' })
  await head.locator('button').click()
  expect(await head.getAttribute('aria-sort')).toBe('descending')
  expect(await page.locator('#grid tr.row').first().locator('td').last().textContent()).toBe('90')
  await head.locator('button').click()
  expect(await head.getAttribute('aria-sort')).toBe('ascending')
  await page.locator('#grid th button', { hasText: 'Document' }).click()
  expect(await first.textContent()).toContain('archive.example.com')
  await page.close()
})

test('the keyboard alone reaches the table, moves in it and opens a document', async () => {
  const { page } = await openReport(600)
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('To the table')
  await page.keyboard.press('Enter')
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate(() => document.activeElement?.id)) === 'grid') break
  }
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('grid')
  await page.keyboard.press('End')
  const current = page.locator('#grid tr.current')
  expect(await current.getAttribute('aria-rowindex')).toBe('601')
  expect(await page.locator('#grid').getAttribute('aria-activedescendant')).toBe('row-599')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  expect(await page.locator('#detail').textContent()).toContain('volume-000598.xml')
  await page.keyboard.press('Home')
  expect(await current.getAttribute('aria-rowindex')).toBe('2')
  await page.close()
})

test('dark and light follow the system, and the button changes them; text stays readable in both', async () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    const { page } = await openReport(600, { colorScheme })
    const before = await colorsOf(page)
    expect(luminance(before.paper) < 0.2).toBe(colorScheme === 'dark')
    for (const color of [before.ink, before.quiet, before.accent, before.bad, before.good]) {
      // WCAG 2.2, 1.4.3: AA asks for 4.5 to 1.
      expect(contrast(color, before.card), `${color} on ${before.card}`).toBeGreaterThanOrEqual(4.5)
    }
    await page.click('#theme')
    const after = await colorsOf(page)
    expect(luminance(after.paper) < 0.2).toBe(colorScheme !== 'dark')
    await page.close()
  }
})

test('on a narrow screen nothing is wider than the page', async () => {
  const { page } = await openReport(600, { width: 400, height: 800 })
  const { scrollWidth, clientWidth } = await page
    .evaluate(() => document.documentElement)
    .then(() =>
      page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        clientWidth: document.documentElement.clientWidth,
      })),
    )
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth)
  await page.close()
})

test('100,000 documents open, scroll, search and sort, and no more than what is seen of them is drawn', async () => {
  const { page, complaints } = await openReport(100_000)
  expect(statSync(reports.get(100_000) ?? '').size).toBeLessThan(8_000_000)
  expect(await page.locator('#count').textContent()).toBe('100,000 documents')
  // Through the whole table in 200 steps, each drawn before the next; then in another order. Both are what they are by the rows that they draw.
  const { drawn, last } = await page.evaluate(async () => {
    const grid = document.querySelector('#grid')
    if (grid === null) return { drawn: [], last: null }
    let rows = 0
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node instanceof HTMLTableRowElement) rows += 1
    }).observe(grid, { childList: true, subtree: true })
    const drawnBy = async (act: () => void): Promise<number> => {
      rows = 0
      act()
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))
      return rows
    }
    const all: number[] = []
    for (let step = 1; step <= 200; step += 1) {
      all.push(
        await drawnBy(() => {
          grid.scrollTop = (grid.scrollHeight * step) / 200
        }),
      )
    }
    const last = [...document.querySelectorAll('#grid tr.row')].at(-1)?.getAttribute('aria-rowindex')
    const heads = [...document.querySelectorAll<HTMLButtonElement>('#grid th button')]
    all.push(await drawnBy(() => heads.find(({ textContent }) => textContent === 'Size')?.click()))
    return { drawn: all, last }
  })
  expect(last).toBe('100001')
  expect(drawn).toHaveLength(201)
  expect(Math.max(...drawn)).toBeGreaterThan(10)
  expect(Math.max(...drawn)).toBeLessThan(200)
  expect(await page.locator('#grid tr.row').count()).toBeLessThan(100)
  await page.fill('#search', 'volume-099999')
  await page.waitForFunction(() => document.querySelector('#count')?.textContent?.startsWith('1 of'))
  expect(complaints).toEqual([])
  await page.close()
})

test('on paper the table is there without its scroll box', async () => {
  const { page } = await openReport(600)
  await page.emulateMedia({ media: 'print' })
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  expect(await page.locator('#grid tr.row').count()).toBe(500)
  const [grid, table] = await page.evaluate(() => [
    document.querySelector('#grid')?.clientHeight ?? 0,
    document.querySelector('#grid table')?.clientHeight ?? 0,
  ])
  expect(grid).toBeGreaterThanOrEqual(table ?? 0)
  await page.close()
})

type Colors = Readonly<Record<'paper' | 'card' | 'ink' | 'quiet' | 'accent' | 'bad' | 'good', string>>

/** The colours as the browser resolves them. */
async function colorsOf(page: OpenPage['page']): Promise<Colors> {
  return page.evaluate(() => {
    const resolve = (name: string) => {
      const probe = document.createElement('i')
      probe.style.color = `var(--${name})`
      document.body.append(probe)
      const { color } = getComputedStyle(probe)
      probe.remove()
      return color
    }
    return {
      paper: resolve('paper'),
      card: resolve('card'),
      ink: resolve('ink'),
      quiet: resolve('quiet'),
      accent: resolve('accent'),
      bad: resolve('bad'),
      good: resolve('good'),
    }
  })
}

/** WCAG 2.2, relative luminance. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}
