/** The page of reports: what scripts/report-page.ts made, with its data put in. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { renderSummary } from '../summary.ts'
import type { ReportFold } from './report-fold.ts'

const PAGE = new URL('./page.html', import.meta.url)

/** The page that follows a run: its data comes by itself. */
export function livePage(): string {
  return filledPage({ title: 'xmlmill, live', data: '', text: 'This page needs JavaScript to follow the run.' })
}

/**
 * Writes a report as one file that needs no network.
 * @throws NodeJS.ErrnoException when the file cannot be written
 */
export async function writeReport(path: string, fold: ReportFold): Promise<void> {
  const overview = fold.overview()
  const chunks: Buffer[] = [Buffer.from(`{"overview":${JSON.stringify(overview)},"chunks":[`)]
  for (let index = 0; index < fold.rows.chunkCount; index += 1) {
    const chunk = fold.rows.chunk(index)
    if (chunk === undefined) continue
    if (index > 0) chunks.push(Buffer.from(','))
    chunks.push(chunk)
  }
  chunks.push(Buffer.from(']}'))
  const compressed = await promisify(gzip)(Buffer.concat(chunks))
  const page = filledPage({
    title: overview.setting === undefined ? 'xmlmill report' : `xmlmill report, ${overview.setting.startedAt}`,
    data: `<script type="text/plain" id="report-data">${compressed.toString('base64')}</script>`,
    text: `${overview.verdict.sentence}\n${renderSummary(overview.summary, { color: false, width: 100 })}`,
  })
  await writeFile(path, page.replace("connect-src 'self'", "connect-src 'none'"))
}

interface Filling {
  readonly title: string
  readonly data: string
  /** For readers without JavaScript. */
  readonly text: string
}

function filledPage({ title, data, text }: Filling): string {
  return readFileSync(PAGE, 'utf8')
    .replace('/*title*/', () => escapeHtml(title))
    .replace('/*text*/', () => escapeHtml(text))
    .replace('/*data*/', () => data)
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
