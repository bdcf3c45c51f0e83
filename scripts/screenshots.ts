/** Makes the pictures of the report and of the live page in docs/, from a real run of the demonstration, in a real browser. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { launchBrowser } from '../test/browser/browser.ts'

/** What a README can bear. */
const MAX_BYTES = 300_000

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'xmlmill-pictures-'))
const browser = await launchBrowser()
try {
  const report = join(folder, 'report.html')
  const args = ['demo', '--chaos', '--progress', 'none', '--live', '0', '--report', report, '-o', 'papers.ndjson']
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /^live: (\S+)$/.exec(line)?.[1]
    if (url !== undefined) await takeLive(url)
  }
  await exited
  await take(pathToFileURL(report).href, 'report.png', { colorScheme: 'light', height: 1560 })
  await take(pathToFileURL(report).href, 'report-dark.png', { colorScheme: 'dark', height: 1060 })
  await take(`${pathToFileURL(report).href}#documents`, 'report-documents.png', { colorScheme: 'light', height: 780 })
} finally {
  await browser[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
}

/** Some seconds into the run, when there is something to be seen. */
async function takeLive(url: string): Promise<void> {
  const { page } = await browser.open(url, { height: 1000 })
  await page.locator('#count', { hasText: /^(?:2[5-9]|[3-9]\d)\d documents$/ }).waitFor()
  await page.screenshot({ path: target('live.png') })
  await page.close()
  checkSize('live.png')
}

async function take(url: string, name: string, look: Parameters<typeof browser.open>[1]): Promise<void> {
  const { page } = await browser.open(url, look)
  await page.evaluate('document.querySelector(location.hash || "body").scrollIntoView()')
  await page.screenshot({ path: target(name) })
  await page.close()
  checkSize(name)
}

function target(name: string): string {
  return join(root, 'docs', name)
}

function checkSize(name: string): void {
  const { size } = statSync(target(name))
  process.stdout.write(`docs/${name}: ${Math.round(size / 1000)} kB\n`)
  if (size > MAX_BYTES) throw new Error(`docs/${name} has ${size} bytes, which is too much for a README`)
}
