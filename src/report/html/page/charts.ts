/** Pictures that are sums over time or over sizes. */
import { areaY, axisX, barX, lineY, plot, rectY, ruleY, text as textMark } from '@observablehq/plot'
import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../figures.ts'
import type { Bins, Distribution, HostRow, ReportOverview } from '../report-data.ts'
import { element, figure } from './dom.ts'

/** Between the cards' edges and their pictures, both sides together, as in the style sheet. */
const CARD_PIXELS = 70
const LEAST_WIDTH = 260
/** As in the style sheet: columns are at least so wide, with so much between them. */
const COLUMN_PIXELS = 320
const GAP_PIXELS = 28

/** Pictures are drawn as wide as they are shown: shrunk ones cannot be read. */
export function chartWidth(): number {
  const room = document.querySelector('#report')?.clientWidth ?? 1180
  return Math.max(LEAST_WIDTH, room - CARD_PIXELS)
}

function columnWidth(): number {
  const width = chartWidth()
  const columns = Math.max(1, Math.min(3, Math.floor((width + GAP_PIXELS) / (COLUMN_PIXELS + GAP_PIXELS))))
  return Math.floor((width - GAP_PIXELS * (columns - 1)) / columns)
}

/** What stands left of a picture. */
export function leftMargin(): number {
  return chartWidth() < 600 ? 62 : 80
}
/** Rows of a table beside a picture; neighbours are summed. */
const TABLE_ROWS = 40

/** Time as an axis shows it: `0`, `20 s`, `3 min`. */
export function timeTick(ms: number): string {
  if (ms < 1) return '0'
  if (ms < 1000) return `${ms} ms`
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`
  return ms < 7_200_000 ? `${Number((ms / 60_000).toFixed(1))} min` : `${Number((ms / 3_600_000).toFixed(1))} h`
}

export const timeAxis = () => axisX({ tickFormat: timeTick, label: null, ticks: Math.min(10, chartWidth() / 80) })

interface Rate {
  readonly from: number
  readonly rate: number
}

export function throughputCharts({ throughput, figures }: ReportOverview): HTMLElement[] {
  const endMs = figures.elapsedMs
  return [
    rateChart('Bytes per second', throughput, 'wireBytes', endMs, 'var(--downloading)', formatByteRate),
    rateChart('Documents per second', throughput, 'documents', endMs, 'var(--writing)', (rate) => precise(rate)),
    rateChart('Records per second', throughput, 'records', endMs, 'var(--parsing)', (rate) => precise(rate)),
  ]
}

function rateChart<Series extends string>(
  caption: string,
  bins: Bins<Series>,
  series: Series,
  endMs: number,
  color: string,
  show: (rate: number) => string,
): HTMLElement {
  const rates = ratesOf(bins, series, endMs)
  // The last step needs an end of its own.
  const closed = [...rates, { from: Math.max(endMs, rates.at(-1)?.from ?? 0), rate: rates.at(-1)?.rate ?? 0 }]
  const picture = plot({
    width: chartWidth(),
    height: 130,
    marginLeft: leftMargin(),
    x: { domain: [0, Math.max(1, endMs)] },
    y: { label: null, tickFormat: (rate: number) => roundTick(show(rate)), ticks: 3, grid: true, zero: true },
    marks: [
      areaY(closed, { x: 'from', y: 'rate', curve: 'step-after', fill: color, fillOpacity: 0.25 }),
      lineY(closed, { x: 'from', y: 'rate', curve: 'step-after', stroke: color, strokeWidth: 1.5 }),
      ruleY([0]),
      timeAxis(),
    ],
  })
  const rows = condensed(bins, series, endMs).map(({ from, rate }) => [timeTick(Math.round(from)), show(rate)])
  return figure(caption, picture, ['From', caption], rows)
}

/** How many downloads were under way, beside how many may be. */
export function slotsChart({ load, figures }: ReportOverview): HTMLElement {
  const endMs = figures.elapsedMs
  // Samples and bins do not begin at the same time: a bin may get a little of its neighbours'.
  const rates = ratesOf(load, 'downloading', endMs).map(({ from, rate }) => ({
    from,
    rate: Math.min(rate / 1000, figures.concurrency),
  }))
  const closed = [...rates, { from: endMs, rate: rates.at(-1)?.rate ?? 0 }]
  const picture = plot({
    width: chartWidth(),
    height: 120,
    marginLeft: leftMargin(),
    x: { domain: [0, Math.max(1, endMs)] },
    y: { label: null, ticks: 3, grid: true, domain: [0, Math.max(1, figures.concurrency)] },
    marks: [
      areaY(closed, { x: 'from', y: 'rate', curve: 'step-after', fill: 'var(--downloading)', fillOpacity: 0.4 }),
      ruleY([figures.concurrency], { stroke: 'currentColor', strokeDasharray: '4 3' }),
      ruleY([0]),
      timeAxis(),
    ],
  })
  const rows = condensed(load, 'downloading', endMs).map(({ from, rate }) => [
    timeTick(Math.round(from)),
    (rate / 1000).toFixed(1),
  ])
  const caption = `Downloads under way, of ${figures.concurrency} allowed (--concurrency)`
  return figure(caption, picture, ['From', 'Downloads under way'], rows)
}

/** What kept the next document from starting, by time, with the name that the verdict gives it. */
const HELD = [
  ['manners', 'politeness', 'politeness limits'],
  ['output', 'output', 'output'],
  ['list', 'list', 'the list'],
  ['retries', 'retries', 'waiting to try again'],
] as const

/** Where a lane is empty, this says why. Nothing where the run was never held back. */
export function heldChart({ load, figures }: ReportOverview): HTMLElement | undefined {
  const sums = HELD.map(([series]) => load.series[series].reduce((sum, ms) => sum + ms, 0))
  const used = HELD.filter((_, index) => (sums[index] ?? 0) > figures.elapsedMs * 0.005)
  if (used.length === 0) return undefined
  const bars = Array.from({ length: load.count }, (_, index) => {
    let top = 0
    return used.map(([series, bound]) => {
      const from = top
      top = Math.min(1, from + (load.series[series][index] ?? 0) / load.binMs)
      return { from: index * load.binMs, to: (index + 1) * load.binMs, bottom: from, top, bound }
    })
  })
    .flat()
    .filter(({ bottom, top }) => top > bottom)
  const picture = plot({
    width: chartWidth(),
    height: 54,
    marginLeft: leftMargin(),
    marginTop: 4,
    x: { domain: [0, Math.max(1, figures.elapsedMs)] },
    y: { axis: null, domain: [0, 1] },
    marks: [
      rectY(bars, {
        x1: 'from',
        x2: (bar: { to: number }) => Math.min(bar.to, figures.elapsedMs),
        y1: 'bottom',
        y2: 'top',
        fill: ({ bound }: { bound: string }) => `var(--${bound})`,
        insetLeft: 0,
        insetRight: 0,
        shapeRendering: 'crispEdges',
      }),
      ruleY([0]),
      timeAxis(),
    ],
  })
  const legend = element(
    'ul',
    { class: 'legend' },
    ...used.map(([, bound, name]) => element('li', {}, element('i', { style: `background:var(--${bound})` }), name)),
  )
  const rows = HELD.map(([, , name], index) => [name, formatDuration(sums[index] ?? 0)])
  const node = figure('What held the next document back', picture, ['', 'In all'], rows)
  node.querySelector('figcaption')?.after(legend)
  return node
}

export function distributionChart(
  caption: string,
  { ends, counts, median, p95, max }: Distribution,
  color: string,
  show: (value: number) => string,
): HTMLElement {
  const bins = ends.map((end, index) => ({ begin: ends[index - 1] ?? end / 2 ** 0.25, end, count: counts[index] ?? 0 }))
  const picture = plot({
    width: columnWidth(),
    height: 170,
    marginLeft: 55,
    marginBottom: 30,
    x: { type: 'log', label: null, tickFormat: (value: number) => roundTick(show(value)), ticks: 4 },
    y: {
      label: null,
      grid: true,
      ticks: 4,
      tickFormat: (count: number) => (Number.isInteger(count) ? formatCount(count) : ''),
    },
    marks: [
      rectY(bins, { x1: 'begin', x2: 'end', y: 'count', fill: color, insetLeft: 0.5, insetRight: 0.5 }),
      ruleY([0]),
    ],
  })
  const rows = bins.map(({ begin, end, count }) => [`${show(begin)} to ${show(end)}`, formatCount(count)])
  const detail = `${caption}: median ${show(median)}, 95% up to ${show(p95)}, largest ${show(max)}`
  return figure(detail, picture, ['From, to', 'Documents'], rows)
}

export function sizeChart(overview: ReportOverview): HTMLElement {
  return distributionChart('Sizes', overview.sizes, 'var(--parsing)', formatBytes)
}

export function timeCharts(overview: ReportOverview): HTMLElement[] {
  return [
    distributionChart('Downloads', overview.downloadTimes, 'var(--downloading)', formatDuration),
    distributionChart('Whole documents', overview.documentTimes, 'var(--transforming)', formatDuration),
  ]
}

/** Median download of each host, those with the most documents. */
export function hostChart(hosts: readonly HostRow[]): SVGSVGElement | HTMLElement {
  const shown = hosts.slice(0, 15)
  const nameWidth = Math.min(220, chartWidth() * 0.35)
  return plot({
    width: chartWidth(),
    height: 40 + shown.length * 24,
    marginLeft: nameWidth,
    marginRight: 80,
    x: { label: null, tickFormat: timeTick, ticks: chartWidth() / 180, grid: true },
    y: {
      label: null,
      domain: shown.map(({ host }) => host),
      tickFormat: (host: string) => shortened(host, Math.floor(nameWidth / 6.5)),
    },
    marks: [
      barX(shown, { x: 'medianDownloadMs', y: 'host', fill: 'var(--downloading)' }),
      textMark(shown, {
        x: 'medianDownloadMs',
        y: 'host',
        text: (row: HostRow) => formatDuration(row.medianDownloadMs),
        textAnchor: 'start',
        dx: 4,
        fill: 'currentColor',
      }),
    ],
  })
}

/** Per second, by bin; the last bin only counts its part of the run. */
function ratesOf<Series extends string>({ binMs, count, series }: Bins<Series>, name: Series, endMs: number): Rate[] {
  const values: readonly number[] = series[name]
  return Array.from({ length: count }, (_, index) => {
    const from = index * binMs
    const ms = Math.max(1, Math.min(binMs, endMs - from))
    return { from, rate: ((values[index] ?? 0) / ms) * 1000 }
  })
}

function condensed<Series extends string>(bins: Bins<Series>, name: Series, endMs: number): Rate[] {
  const step = Math.max(1, Math.ceil(bins.count / TABLE_ROWS))
  const values: readonly number[] = bins.series[name]
  const rates: Rate[] = []
  for (let index = 0; index < bins.count; index += step) {
    const sum = values.slice(index, index + step).reduce((total, value) => total + value, 0)
    const ms = Math.max(1, Math.min(step * bins.binMs, endMs - index * bins.binMs))
    rates.push({ from: index * bins.binMs, rate: (sum / ms) * 1000 })
  }
  return rates
}

function precise(rate: number): string {
  return rate < 10 ? String(Number(rate.toFixed(2))) : formatCount(rate)
}

/** `50 MB/s`, not `50.0 MB/s`: ticks are round. */
function roundTick(text: string): string {
  return text.replace(/\.0(?= |$)/, '')
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(1 - length)}`
}
