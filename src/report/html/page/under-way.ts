/** What goes on at this moment: of a run that lasts. */
import { formatBytes, formatBytesOf, formatClock, formatCount, formatPlural } from '../../figures.ts'
import type { ReportOverview, UnderWay } from '../report-data.ts'
import { chartWidth } from './charts.ts'
import { element, section } from './dom.ts'

/** The pace of so much of the run says how long the rest takes. */
const PACE_MS = 30_000
/** Below this the time left would only be a guess that jumps about. */
const LEAST_PACE_MS = 1500
const NARROW_PIXELS = 600

/** How far the run is, as a bar and in words; nothing before its list has ended. */
export function progressBar({ summary, throughput, figures }: ReportOverview): HTMLElement | undefined {
  const { listed, waiting, alreadyThere } = summary.documents
  if (listed === undefined || listed === 0) return undefined
  const finished = listed - waiting
  const leftMs = timeLeft(throughput, figures.elapsedMs, waiting)
  const parts = [
    `${Math.floor((finished / listed) * 100)}%`,
    ...(alreadyThere > 0 ? [`${formatCount(alreadyThere)} already there`] : []),
    ...(leftMs === undefined ? [] : [`about ${formatClock(leftMs)} left`]),
  ]
  return element(
    'div',
    { class: 'progress' },
    element('progress', { max: listed, value: finished, 'aria-label': 'Documents finished' }),
    element('span', {}, parts.join(' · ')),
  )
}

function timeLeft(
  { binMs, count, series }: ReportOverview['throughput'],
  nowMs: number,
  waiting: number,
): number | undefined {
  const first = Math.max(0, Math.floor((nowMs - PACE_MS) / binMs))
  const paceMs = nowMs - first * binMs
  let documents = 0
  for (let bin = first; bin < count; bin += 1) documents += (series.documents[bin] ?? 0) + (series.failed[bin] ?? 0)
  return documents === 0 || paceMs < LEAST_PACE_MS ? undefined : (waiting / documents) * paceMs
}

/** Documents that threads have, and hosts that are left alone. */
export function underWaySection({ underWay, cooling, figures, hasEnded }: ReportOverview): HTMLElement | undefined {
  if (hasEnded) return undefined
  const rows = underWay.map((document) => row(document, figures.elapsedMs))
  // Room for as many as there may be: what stands below must not jump up and down.
  while (rows.length < Math.min(figures.concurrency, 16))
    rows.push(element('tr', {}, element('td', { colspan: 4 }, '\u00a0')))
  const heads = ['Document', 'Arrived', 'For', 'Try']
  const resting = cooling.map(({ host, untilMs }) => `${host} for ${formatClock(untilMs - figures.elapsedMs)}`)
  return section(
    'under-way',
    'Under way',
    resting.length === 0 ? '' : `${formatPlural(resting.length, 'host')} left alone: ${resting.join(', ')}`,
    element(
      'div',
      { class: 'scroll' },
      element(
        'table',
        { 'aria-label': 'Documents under way' },
        element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
        element('tbody', {}, ...rows),
      ),
    ),
  )
}

function row({ url, attempt, startMs, wireBytes, totalBytes, isDownloaded }: UnderWay, nowMs: number): HTMLElement {
  const bar = totalBytes > 0 && !isDownloaded && element('progress', { max: totalBytes, value: wireBytes })
  const bytes = totalBytes > 0 ? formatBytesOf(wireBytes, totalBytes) : formatBytes(wireBytes)
  const state = isDownloaded ? 'parsing' : wireBytes === 0 ? 'waiting' : bytes
  return element(
    'tr',
    {},
    element('td', { class: 'url', title: url }, shownUrl(url)),
    element('td', {}, bar, ` ${state}`),
    element('td', {}, formatClock(nowMs - startMs)),
    element('td', {}, String(attempt)),
  )
}

/** On a narrow page the end: it tells a document from its neighbours. */
function shownUrl(url: string): string {
  const isNarrow = chartWidth() < NARROW_PIXELS
  return (isNarrow && /[^/]+\/?$/.exec(url)?.[0]) || url.replace(/^https?:\/\//, '')
}
