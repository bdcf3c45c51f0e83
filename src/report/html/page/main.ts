/** The page of a report: drawn once from what is embedded, or again and again while a run lasts. */
import { formatCount, formatPlural } from '../../figures.ts'
import { headlineOf } from '../../headline.ts'
import type { ReportOverview } from '../report-data.ts'
import { chartWidth, heldChart, sizeChart, slotsChart, throughputCharts, timeCharts } from './charts.ts'
import { embeddedReport, followRun } from './data-source.ts'
import { DocumentTable } from './document-table.ts'
import { Documents } from './documents.ts'
import { element, section } from './dom.ts'
import { rememberFocus } from './focus.ts'
import { failuresSection, hostsSection, notesSection, tiles, verdictSection } from './overview.ts'
import { timeline } from './timeline.ts'
import { progressBar, underWaySection } from './under-way.ts'

const MARKS = { whole: ['good', '✓'], failures: ['bad', '✗'], incomplete: ['', '!'] } as const

const documents = new Documents()
const head = element('header')
const top = element('div')
const table = new DocumentTable(documents)
const tableHint = element('p', { class: 'hint' })
const bottom = element('div')
const connection = element('span', { class: 'live', role: 'status' })
const report = document.querySelector('#report')
/** Details that the reader opened stay open when a live page is drawn again. */
let openDetails: ReadonlySet<number> = new Set()
let drawn: ReportOverview | undefined
let drawnWidth = 0

report?.replaceChildren(head, top, section('documents', 'Documents', '', tableHint, table.node), bottom)
const embedded = document.querySelector('#report-data')
if (embedded === null) followLive()
else {
  const { overview, chunks } = await embeddedReport(embedded.textContent ?? '')
  for (const chunk of chunks) documents.add(chunk)
  table.refresh()
  draw(overview)
}
drawnWidth = chartWidth()
// Pictures have the width of the page.
addEventListener('resize', () => {
  if (drawn === undefined || chartWidth() === drawnWidth) return
  drawnWidth = chartWidth()
  draw(drawn)
})
document.documentElement.dataset.ready = 'true'

function followLive(): void {
  let last: ReportOverview | undefined
  let isConnected = false
  const showConnection = () => {
    const isOver = last?.hasEnded === true
    connection.classList.toggle('lost', !isConnected && !isOver)
    const text = isOver ? 'the run is over' : isConnected ? 'live' : 'connection lost'
    connection.replaceChildren(element('i'), text)
  }
  followRun(documents, {
    onOverview(overview) {
      last = overview
      if (overview.hasEnded || (!document.hidden && !isSelecting())) draw(overview)
      showConnection()
    },
    onRows() {
      table.refresh()
      if (last?.hasEnded === true) draw(last)
    },
    onConnection(isOpen) {
      isConnected = isOpen
      showConnection()
    },
  })
}

function draw(overview: ReportOverview): void {
  drawn = overview
  const opened = [...top.querySelectorAll('details')]
  if (opened.length > 0) openDetails = new Set(opened.flatMap(({ open }, index) => (open ? [index] : [])))
  const refocus = rememberFocus(head, top)
  const sections = [
    tiles(overview),
    underWaySection(overview),
    verdictSection(overview),
    failuresSection(overview, (code) => table.showFailed(code)),
    section(
      'timeline',
      'Timeline',
      'Downloading and parsing overlap; where both go on, it counts as parsing.',
      timeline(overview, documents),
      heldChart(overview),
      overview.load.count > 0 && slotsChart(overview),
    ),
    section('throughput', 'Throughput', 'Failed documents are not counted.', ...throughputCharts(overview)),
    section(
      'distributions',
      'Sizes and times',
      '',
      element('div', { class: 'pair' }, sizeChart(overview), ...timeCharts(overview)),
    ),
    hostsSection(overview),
    notesSection(overview),
  ].filter((node) => node !== undefined)
  head.replaceChildren(...heading(overview), contents(overview, sections))
  top.replaceChildren(...sections)
  for (const [index, details] of [...top.querySelectorAll('details')].entries()) details.open = openDetails.has(index)
  refocus()
  tableHint.textContent =
    overview.rowsLeftOut > 0
      ? `${formatCount(overview.rowsLeftOut)} more documents are counted above and have no row here.`
      : 'Every document of the list that came to an end.'
  bottom.replaceChildren(element('footer', {}, `Made by ${overview.program}. This page asks nothing of any network.`))
}

/** Whoever reads or copies is not to lose it to the next picture. */
function isSelecting(): boolean {
  const selection = getSelection()
  return selection !== null && !selection.isCollapsed && top.contains(selection.anchorNode)
}

/** Links to the sections that there are. */
function contents({ summary }: ReportOverview, sections: readonly HTMLElement[]): HTMLElement {
  const links = [...sections, ...document.querySelectorAll<HTMLElement>('section#documents')].flatMap((node) => {
    const title = node.querySelector('h2')?.textContent ?? ''
    const count = node.id === 'failures' ? ` (${formatCount(summary.documents.failed)})` : ''
    return title === '' ? [] : [element('a', { href: `#${node.id}` }, title + count)]
  })
  return element('nav', { 'aria-label': 'On this page' }, ...links)
}

function heading(overview: ReportOverview): HTMLElement[] {
  const { setting, summary, hasEnded, remarks } = overview
  const started = setting === undefined ? '' : `started ${new Date(setting.startedAt).toLocaleString()}`
  const output = setting?.output === undefined ? '' : `output ${setting.output}`
  const stopped = summary.stopped === undefined ? '' : `stopped: ${summary.stopped.message}`
  const theme = element('button', { type: 'button', id: 'theme' }, 'Dark or light')
  theme.addEventListener('click', () => {
    const { style } = document.documentElement
    const isDark =
      style.colorScheme === '' ? matchMedia('(prefers-color-scheme: dark)').matches : style.colorScheme === 'dark'
    style.colorScheme = isDark ? 'light' : 'dark'
  })
  const { outcome, text } = headlineOf(summary)
  const [kind, mark] = MARKS[outcome]
  const title = hasEnded
    ? element('h1', {}, element('span', { class: kind, 'aria-hidden': 'true' }, mark), ` ${text}`)
    : element('h1', {}, soFar(overview))
  return [
    title,
    ...(embedded === null ? [connection] : []),
    theme,
    ...(hasEnded ? [] : [progressBar(overview)].filter((node) => node !== undefined)),
    element('p', {}, ['A run of xmlmill', started, output, stopped].filter((part) => part !== '').join(' · ')),
    ...remarks.map((remark) => element('p', { class: 'remarks' }, remark)),
  ]
}

function soFar({ summary: { documents } }: ReportOverview): string {
  const finished = formatCount(documents.done + documents.failed + documents.alreadyThere)
  const all = documents.listed === undefined ? 'documents' : `of ${formatPlural(documents.listed, 'document')}`
  return `${finished} ${all}, under way`
}
