/** A lane for each thread: what it did when. Every document of a small run, shares of the time of a large one. */
import { barX, plot, rectY } from '@observablehq/plot'
import { formatDuration } from '../../figures.ts'
import { type Phase, phaseTimes, type ReportOverview } from '../report-data.ts'
import { chartWidth, leftMargin, timeAxis } from './charts.ts'
import type { Documents } from './documents.ts'
import { element, figure } from './dom.ts'

/** Above this a document would be thinner than a line. */
const MAX_EXACT = 1500

const PHASES: readonly (readonly [Phase, string])[] = [
  ['waiting', 'waiting for its thread'],
  ['downloading', 'downloading'],
  ['parsing', 'parsing'],
  ['transforming', 'transforming'],
  ['writing', 'waiting for the output'],
  ['retrying', 'an attempt that failed'],
]

interface Segment {
  readonly lane: string
  readonly from: number
  readonly to: number
  readonly phase: Phase
  readonly title: string
}

interface Span {
  readonly thread: number
  readonly from: number
  readonly to: number
  readonly segments: readonly Omit<Segment, 'lane'>[]
}

export function timeline(overview: ReportOverview, documents: Documents): HTMLElement {
  const { rows, failedAttempts, lanes } = overview
  const isExact = documents.count === rows && rows + failedAttempts.length <= MAX_EXACT
  const picture = isExact ? exactPicture(overview, documents) : binnedPicture(overview)
  const used = PHASES.filter(([phase]) => lanes.some((lane) => lane.series[phase].some((ms) => ms > 0)))
  const legend = element(
    'ul',
    { class: 'legend' },
    ...used.map(([phase, name]) => element('li', {}, element('i', { style: `background:var(--${phase})` }), name)),
  )
  const table = lanes.map((lane) => [
    `Thread ${lane.thread}`,
    ...PHASES.map(([phase]) => formatDuration(lane.series[phase].reduce((sum, ms) => sum + ms, 0))),
  ])
  const heads = ['Thread', ...PHASES.map(([, name]) => name)]
  const caption = isExact ? 'Every document, in the lane of its thread' : 'What each thread spent its time on'
  const node = figure(caption, picture, heads, table)
  node.querySelector('figcaption')?.after(legend)
  return node
}

const COLORS = {
  type: 'ordinal' as const,
  domain: PHASES.map(([phase]) => phase),
  range: PHASES.map(([phase]) => `var(--${phase})`),
}

function exactPicture(overview: ReportOverview, documents: Documents): Element {
  const segments = inLanes(spans(overview, documents))
  const names = [...new Set(segments.map(({ lane }) => lane))].sort(
    (a, b) => Number(a.split('.')[0]) - Number(b.split('.')[0]) || Number(a.split('.')[1]) - Number(b.split('.')[1]),
  )
  return plot({
    width: chartWidth(),
    height: 40 + names.length * 20,
    marginLeft: leftMargin(),
    x: { domain: [0, Math.max(1, overview.figures.elapsedMs)] },
    y: {
      label: null,
      domain: names,
      tickSize: 0,
      tickFormat: (lane: string) => (lane.endsWith('.0') ? `thread ${lane.split('.')[0]}` : ''),
    },
    color: COLORS,
    marks: [
      barX(segments, { x1: 'from', x2: 'to', y: 'lane', fill: 'phase', title: 'title', insetTop: 1, insetBottom: 1 }),
      timeAxis(),
    ],
  })
}

function spans({ failedAttempts }: ReportOverview, documents: Documents): Span[] {
  const all: Span[] = failedAttempts
    .filter(({ thread }) => thread > 0)
    .map(({ thread, startMs, endMs, code }) => ({
      thread,
      from: startMs,
      to: endMs,
      segments: [{ from: startMs, to: endMs, phase: 'retrying' as const, title: `${code}, tried again` }],
    }))
  for (let row = 0; row < documents.count; row += 1) {
    const thread = documents.number('thread', row)
    if (thread === 0) continue
    const from = documents.number('startMs', row)
    const to = documents.number('endMs', row)
    const code = documents.text('code', row)
    const title = `${documents.text('url', row)}\n${code === '' ? 'done' : code} in ${formatDuration(to - from)}`
    all.push({
      thread,
      from,
      to,
      segments: code === '' ? phases(documents, row, title) : [{ from, to, phase: 'retrying', title }],
    })
  }
  return all.sort((a, b) => a.from - b.from)
}

function phases(documents: Documents, row: number, title: string): Omit<Segment, 'lane'>[] {
  const from = documents.number('startMs', row)
  const totalMs = documents.number('endMs', row) - from
  const times = phaseTimes(totalMs, {
    downloadMs: documents.number('downloadMs', row),
    parseMs: documents.number('parseMs', row),
    transformMs: documents.number('transformMs', row),
    creditMs: documents.number('creditMs', row),
  })
  const segments: Omit<Segment, 'lane'>[] = []
  let at = from
  for (const phase of ['waiting', 'downloading', 'parsing', 'transforming', 'writing'] as const) {
    if (times[phase] <= 0) continue
    segments.push({
      from: at,
      to: at + times[phase],
      phase,
      title: `${title}\n${phase} ${formatDuration(times[phase])}`,
    })
    at += times[phase]
  }
  return segments
}

/** Documents of a thread that overlap get lines of their own: `3.0`, `3.1`. */
function inLanes(all: readonly Span[]): Segment[] {
  const ends = new Map<number, number[]>()
  const segments: Segment[] = []
  for (const { thread, from, to, segments: own } of all) {
    const lines = ends.get(thread) ?? []
    ends.set(thread, lines)
    const free = lines.findIndex((end) => end <= from)
    const line = free === -1 ? lines.length : free
    lines[line] = to
    for (const segment of own) segments.push({ ...segment, lane: `${thread}.${line}` })
  }
  return segments
}

function binnedPicture({ lanes, figures }: ReportOverview): Element {
  const bars = lanes.flatMap(({ thread, binMs, count, series }) =>
    Array.from({ length: count }, (_, index) =>
      PHASES.map(([phase]) => ({
        thread,
        from: index * binMs,
        to: Math.min((index + 1) * binMs, Math.max(figures.elapsedMs, index * binMs + 1)),
        phase,
        documents: (series[phase][index] ?? 0) / binMs,
      })),
    )
      .flat()
      .filter(({ documents }) => documents > 0),
  )
  return plot({
    width: chartWidth(),
    height: 40 + lanes.length * 46,
    marginLeft: leftMargin(),
    marginRight: 70,
    x: { domain: [0, Math.max(1, figures.elapsedMs)] },
    y: { axis: null },
    fy: { label: null, tickFormat: (thread: number) => `thread ${thread}` },
    color: COLORS,
    marks: [
      rectY(bars, { x1: 'from', x2: 'to', y: 'documents', fy: 'thread', fill: 'phase', insetLeft: 0, insetRight: 0 }),
      timeAxis(),
    ],
  })
}
