/** A real browser for the tests of pages: a headless Chromium from npm. */
import chromium from '@sparticuz/chromium'
import { type Page, chromium as playwright } from 'playwright-core'

export interface TestBrowser extends AsyncDisposable {
  open(url: string, look?: Look): Promise<OpenPage>
}

export interface Look {
  readonly colorScheme?: 'dark' | 'light'
  readonly width?: number
  readonly height?: number
}

export interface OpenPage {
  readonly page: Page
  /** Errors and warnings that the page wrote, and exceptions that nobody caught. */
  readonly complaints: readonly string[]
  /** URLs asked for, the page's own included. */
  readonly requests: readonly string[]
}

export async function launchBrowser(): Promise<TestBrowser> {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    // As root in a container Chromium's sandbox cannot be set up. The package's own arguments are for one page in one process.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none'],
    headless: true,
  })
  return {
    async open(url, { colorScheme = 'light', width = 1240, height = 900 } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme })
      page.setDefaultTimeout(150_000)
      const complaints: string[] = []
      const requests: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(url)
      await page.waitForSelector('html[data-ready]')
      return { page, complaints, requests }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
