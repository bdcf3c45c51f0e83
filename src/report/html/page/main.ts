/** The page of a report: drawn once from what is embedded, or again and again while a run lasts. */
import { formatCount } from '../../figures.ts'
import type { ReportOverview } from '../report-data.ts'
import { sizeChart, slotsChart, throughputCharts, timeCharts } from './charts.ts'
import { embeddedReport, followRun } from './data-source.ts'
import { DocumentTable } from './document-table.ts'
import { Documents } from './documents.ts'
import { element, section } from './dom.ts'
import { failuresSection, hostsSection, notesSection, tiles, verdictSection } from './overview.ts'
import { timeline } from './timeline.ts'

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

report?.replaceChildren(head, top, section('documents', 'Documents', '', tableHint, table.node), bottom)
const embedded = document.querySelector('#report-data')
if (embedded === null) followLive()
else {
  const { overview, chunks } = await embeddedReport(embedded.textContent ?? '')
  for (const chunk of chunks) documents.add(chunk)
  table.refresh()
  draw(overview)
}
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
      draw(overview)
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
  const opened = [...top.querySelectorAll('details')]
  if (opened.length > 0) openDetails = new Set(opened.flatMap(({ open }, index) => (open ? [index] : [])))
  head.replaceChildren(...heading(overview))
  const sections = [
    tiles(overview),
    verdictSection(overview),
    section(
      'timeline',
      'Timeline',
      'Downloading and parsing overlap; where both go on, it counts as parsing.',
      timeline(overview, documents),
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
    failuresSection(overview),
    notesSection(overview),
  ]
  top.replaceChildren(...sections.filter((node) => node !== undefined))
  for (const [index, details] of [...top.querySelectorAll('details')].entries()) details.open = openDetails.has(index)
  tableHint.textContent =
    overview.rowsLeftOut > 0
      ? `${formatCount(overview.rowsLeftOut)} more documents are counted above and have no row here.`
      : 'Every document of the list that came to an end.'
  bottom.replaceChildren(element('footer', {}, `Made by ${overview.program}. This page asks nothing of any network.`))
}

function heading({ setting, summary, hasEnded, remarks }: ReportOverview): HTMLElement[] {
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
  const state = hasEnded ? 'A run of xmlmill' : 'A run of xmlmill, under way'
  return [
    element('h1', {}, state),
    ...(embedded === null ? [connection] : []),
    theme,
    element('p', {}, [started, output, stopped].filter((part) => part !== '').join(' · ')),
    ...remarks.map((remark) => element('p', { class: 'remarks' }, remark)),
  ]
}
