/** Everything of the page that is words and tables: figures, verdict, hosts, failures, fidelity. */
import { formatByteRate, formatBytes, formatCount, formatDuration, formatPlural } from '../../figures.ts'
import { type Bound, percent } from '../../verdict.ts'
import type { ReportOverview } from '../report-data.ts'
import { hostChart } from './charts.ts'
import { dataTable, element, figure, section } from './dom.ts'

const BOUND_NAMES: Readonly<Record<Bound, string>> = {
  network: 'network',
  disk: 'reading local files',
  machine: 'waiting for this machine',
  politeness: 'politeness limits',
  parsing: 'parsing',
  transform: 'transform',
  output: 'output',
  list: 'the list',
  retries: 'waiting to try again',
  startup: 'starting threads',
  unknown: 'unknown',
}

export function tiles({ summary, hasEnded }: ReportOverview): HTMLElement {
  const { documents, records, bytes, elapsedMs, retries } = summary
  const perSecond = (value: number) => (elapsedMs > 0 ? (value / elapsedMs) * 1000 : 0)
  const waiting =
    documents.waiting > 0 ? `${formatCount(documents.waiting)} ${hasEnded ? 'not reached' : 'to come'}` : ''
  return element(
    'dl',
    { class: 'tiles' },
    tile('Documents done', formatCount(documents.done), waiting),
    tile('Failed', formatCount(documents.failed), '', documents.failed > 0 ? 'bad' : undefined),
    tile(
      'Records',
      formatCount(records.written),
      records.rejected > 0
        ? `${formatCount(records.rejected)} rejected`
        : `${formatCount(perSecond(records.written))}/s`,
    ),
    tile(
      'XML',
      formatBytes(bytes.decoded),
      bytes.wire === bytes.decoded ? '' : `${formatBytes(bytes.wire)} on the wire`,
    ),
    tile('Speed', formatByteRate(perSecond(bytes.decoded)), `${formatCount(perSecond(documents.done))} documents/s`),
    tile('Time', formatDuration(elapsedMs), retries > 0 ? formatPlural(retries, 'retry', 'retries') : ''),
  )
}

function tile(name: string, value: string, detail: string, kind?: string): HTMLElement {
  return element(
    'div',
    {},
    element('dt', {}, name),
    element('dd', { class: kind }, value, detail !== '' && element('small', {}, detail)),
  )
}

export function verdictSection({ verdict, figures, hasEnded }: ReportOverview): HTMLElement {
  const { sentence, shares, advice } = verdict
  const bar = element(
    'div',
    { class: 'shares', role: 'img', 'aria-label': 'Parts of the time, as in the list that follows' },
    ...shares.map(({ bound, share }) =>
      element('span', {
        style: `flex:${share} 0 0;background:var(--${bound})`,
        title: `${BOUND_NAMES[bound]} ${percent(share)}`,
      }),
    ),
  )
  const legend = element(
    'ul',
    { class: 'legend' },
    ...shares
      .filter(({ share }) => share >= 0.005)
      .map(({ bound, share, ms }) =>
        element(
          'li',
          {},
          element('i', { style: `background:var(--${bound})` }),
          `${BOUND_NAMES[bound]} ${percent(share)} (${formatDuration(ms)})`,
        ),
      ),
  )
  const list = element(
    'ul',
    { class: 'advice' },
    ...advice.map(({ text, gain }) =>
      element('li', {}, text, gain !== undefined && element('span', { class: 'gain' }, `about ${percent(gain)} off`)),
    ),
  )
  const node = section(
    'verdict',
    hasEnded ? 'What bounded this run' : 'What bounds this run, so far',
    '',
    element('p', { class: 'sentence' }, sentence),
    shares.length > 0 && bar,
    shares.length > 0 && legend,
    advice.length > 0 && list,
    figures.maxLoopDelayMs > 0 &&
      element(
        'p',
        { class: 'hint below' },
        `The main loop was never away for longer than ${formatDuration(figures.maxLoopDelayMs)}.`,
      ),
  )
  node.classList.add('verdict')
  return node
}

export function hostsSection({ hosts, hostCount }: ReportOverview): HTMLElement | undefined {
  if (hosts.length === 0) return undefined
  const heads = ['Host', 'Done', 'Failed', 'Retries', 'Bytes', 'Median download', '95% up to', 'Speed of a connection']
  const rows = hosts.map((row) => [
    row.host,
    formatCount(row.done),
    formatCount(row.failed),
    formatCount(row.retries),
    formatBytes(row.wireBytes),
    formatDuration(row.medianDownloadMs),
    formatDuration(row.p95DownloadMs),
    formatByteRate(row.bytesPerSecond),
  ])
  const more =
    hostCount > hosts.length ? ` The ${hosts.length} with the most documents, of ${formatCount(hostCount)}.` : ''
  const hint = `How fast each server answered.${more}`
  if (hosts.length > 1) {
    return section('hosts', 'Hosts', hint, figure('Median download by host', hostChart(hosts), heads, rows))
  }
  return section('hosts', 'Hosts', hint, element('div', { class: 'scroll' }, dataTable('Hosts', heads, rows)))
}

/** @param onShow asked to show the documents of a code in the table */
export function failuresSection({ summary }: ReportOverview, onShow: (code: string) => void): HTMLElement | undefined {
  if (summary.failures.length === 0) return undefined
  return section(
    'failures',
    'Failures',
    'Documents that failed for good, by reason, with what to do about it.',
    element(
      'div',
      { class: 'failures' },
      ...summary.failures.map(({ code, count, meaning, remedy, examples }) =>
        element(
          'div',
          { class: 'failure' },
          element(
            'div',
            { class: 'line' },
            element('h3', {}, `${formatCount(count)} × ${code}`),
            showButton(code, count, onShow),
          ),
          element('p', {}, meaning),
          element('p', { class: 'remedy' }, `→ ${remedy}`),
          element(
            'details',
            {},
            element('summary', {}, count > examples.length ? `The first ${examples.length}` : 'Which'),
            element('ul', {}, ...examples.map(({ url, message }) => element('li', {}, `${url}: ${message}`))),
          ),
        ),
      ),
    ),
  )
}

function showButton(code: string, count: number, onShow: (code: string) => void): HTMLElement {
  const text = count === 1 ? 'Show it' : `Show all ${formatCount(count)}`
  const button = element(
    'button',
    { type: 'button', class: 'show', 'aria-label': `${text} with ${code} in the table` },
    text,
  )
  button.addEventListener('click', () => onShow(code))
  return button
}

export function notesSection({ notes, hasNotes, hasEnded }: ReportOverview): HTMLElement {
  const heading = 'What the output does not carry'
  if (!hasNotes)
    return section('fidelity', heading, 'A ledger does not keep this: a run with --report or --events does.')
  if (notes.length === 0) {
    const text = hasEnded
      ? 'Nothing was noted: no text or order was lost, no comment left out, no entity stayed unresolved, no encoding was contradicted.'
      : 'Nothing has been noted so far.'
    return section('fidelity', heading, text)
  }
  return section(
    'fidelity',
    heading,
    'Counted over all documents that are done.',
    element(
      'ul',
      {},
      ...notes.map(({ count, title, explanation }) =>
        element(
          'li',
          {},
          element('strong', {}, `${formatCount(count)} ${title}`),
          explanation === '' ? '' : `. ${explanation}`,
        ),
      ),
    ),
  )
}
