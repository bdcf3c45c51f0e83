/** The summary of a run, for a person and for a program. */

import { ERRORS } from '../errors.ts'
import type { ColumnGap } from '../model.ts'
import { splitPlace } from './failure-line.ts'
import { formatByteRate, formatBytes, formatCount, formatDuration, formatPlural } from './figures.ts'
import { headlineOf, isWithoutRecords } from './headline.ts'
import { dataNotes } from './notes.ts'
import type { FailureGroup, Summary } from './summary-fold.ts'
import { createPaint, cutEnd, type Paint, printable, textWidth } from './terminal-text.ts'

import { percent, type Verdict } from './verdict.ts'

export { type Summary, SummaryFold } from './summary-fold.ts'

export interface SummaryLook {
  readonly color: boolean
  /** Columns of the terminal; lines are broken or cut to it, except the retry command. */
  readonly width: number
  /** Shown as the very last line, alone and whole, so that it can be copied. */
  readonly retryCommand?: string | undefined
  /** Where rejected records go. */
  readonly rejectsFile?: string | undefined
  /** What bounded the run, if it is to be said. */
  readonly verdict?: Verdict | undefined
}

/** Missing columns in a sentence; the option has all. */
const SHOWN_COLUMNS = 12
const OTHER_SHARDS =
  'Nothing of this list is for this shard: all documents of a host are in one shard, so that no server sees two machines.'
const NO_RECORDS = 'No document has an element that --record names; `xmlmill peek` shows which there are.'
const LABEL_COLUMNS = 14
const NO_BREAK_SPACE = '\u00a0'

/** Several lines, ended by LF. */
export function renderSummary(summary: Summary, look: SummaryLook): string {
  const { documents } = summary
  const paint = createPaint(look.color)
  const width = Math.max(20, look.width)
  const lines = ['', headline(summary, width, paint), '']
  for (const [label, value] of facts(summary)) {
    const [first = '', ...more] = wrap(value, width - LABEL_COLUMNS - 2)
    lines.push(`  ${paint('dim', label.padEnd(LABEL_COLUMNS))}${first}`)
    lines.push(...more.map((line) => ' '.repeat(LABEL_COLUMNS + 2) + line))
  }
  if (documents.listed === 0 && documents.ofOtherShards > 0)
    lines.push('', ...wrap(OTHER_SHARDS, width).map((line) => paint('yellow', line)))
  if (isWithoutRecords(summary)) lines.push('', ...wrap(NO_RECORDS, width).map((line) => paint('yellow', line)))
  lines.push(...noteLines(summary, width, paint))
  if (look.verdict !== undefined) lines.push(...verdictLines(look.verdict, width, paint))
  lines.push(...rejectionLines(summary, look.rejectsFile, width, paint))
  for (const group of summary.failures) lines.push('', ...failureLines(group, width, paint))
  if (summary.stopped !== undefined) {
    lines.push(
      '',
      ...wrap(`stopped: ${printable(summary.stopped.message)}`, width).map((line) => paint('yellow', line)),
    )
  }
  if (look.retryCommand !== undefined) {
    lines.push('', paint('dim', cutEnd(retryHint(summary), width)), look.retryCommand)
  }
  return `${lines.join('\n')}\n`
}

const MARKS = {
  whole: ['green', '✓'],
  failures: ['red', '✗'],
  incomplete: ['yellow', '!'],
} as const

function headline(summary: Summary, width: number, paint: Paint): string {
  const { outcome, text } = headlineOf(summary)
  const [format, mark] = MARKS[outcome]
  return `${paint(format, mark)} ${paint('bold', cutEnd(text, width - 2))}`
}

/** Label and value of each line; lines that would say nothing are left out. */
function facts(summary: Summary): (readonly [string, string])[] {
  const { documents, records, bytes, hosts, slowestDocument } = summary
  const lines: (readonly [string, string])[] = [
    [
      'documents',
      joined([
        `${formatCount(documents.done)} done`,
        documents.alreadyThere > 0 && `${formatCount(documents.alreadyThere)} already there`,
        documents.unchanged > 0 && `${formatCount(documents.unchanged)} of them asked again, unchanged`,
        documents.failed > 0 && `${formatCount(documents.failed)} failed`,
        documents.waiting > 0 && `${formatCount(documents.waiting)} not reached`,
        documents.duplicates > 0 && `${formatPlural(documents.duplicates, 'duplicate')} dropped`,
        documents.ofOtherShards > 0 && `${formatCount(documents.ofOtherShards)} left to other shards`,
      ]),
    ],
    [
      'records',
      joined([
        `${formatCount(records.written)} written`,
        records.rejected > 0 && `${formatCount(records.rejected)} rejected`,
        perSecond(records.written, summary.elapsedMs, 'record'),
      ]),
    ],
    [
      'data',
      joined([
        `${formatBytes(bytes.decoded)} of XML`,
        bytes.wire !== bytes.decoded && `${formatBytes(bytes.wire)} on the wire`,
        summary.elapsedMs > 0 && formatByteRate((bytes.decoded / summary.elapsedMs) * 1000),
        formatPlural(summary.threads, 'thread'),
      ]),
    ],
  ]
  if (summary.retries > 0 || summary.cooldowns > 0 || summary.pauses > 0) {
    lines.push([
      'retries',
      joined([
        formatCount(summary.retries),
        summary.cooldowns > 0 && `${formatPlural(summary.cooldowns, 'pause')} asked for by servers`,
        summary.pauses > 0 && `${formatPlural(summary.pauses, 'pause')} for hosts that only failed`,
      ]),
    ])
  }
  const { slowest } = hosts
  if (slowest !== undefined) {
    const median = `median ${formatDuration(slowest.medianDownloadMs)} a document`
    const speed = `${formatByteRate(slowest.bytesPerSecond)} a connection`
    lines.push([hosts.seen > 1 ? 'slowest host' : 'host', joined([slowest.host, median, speed])])
  }
  if (slowestDocument !== undefined && documents.done > 1) {
    const took = `${formatDuration(slowestDocument.downloadMs)} for ${formatBytes(slowestDocument.wireBytes)}`
    lines.push(['slowest', `${printable(slowestDocument.url)} ${took.replaceAll(' ', NO_BREAK_SPACE)}`])
  }
  if (summary.crashes > 0) lines.push(['crashes', `${formatPlural(summary.crashes, 'thread')} ended and replaced`])
  return lines
}

/** What the output does not carry, in words. */
function noteLines(summary: Summary, width: number, paint: Paint): string[] {
  const notes = dataNotes(summary)
  if (notes.length === 0) return []
  const lines = ['', paint('bold', cutEnd('to be known of the data', width))]
  for (const { count, title, explanation } of notes) {
    lines.push(...wrap(`${formatCount(count)} ${printable(title)}`, width - 2).map((line) => `  ${line}`))
    if (explanation === '') continue
    lines.push(...wrap(explanation, width - 4).map((line) => paint('dim', `    ${line}`)))
  }
  return lines
}

function verdictLines({ bound, sentence, advice }: Verdict, width: number, paint: Paint): string[] {
  // A run of a second has nothing to be told.
  if (bound === 'unknown' || bound === 'startup') return []
  const lines = ['', ...wrap(sentence, width)]
  const [first] = advice
  if (first !== undefined) {
    const gain = first.gain === undefined ? '' : ` (about ${percent(first.gain)} off)`
    lines.push(...wrap(`→ ${first.text}${gain}`, width - 2).map((line) => paint('cyan', `  ${line}`)))
  }
  return lines
}

/** What the last line is for: what fails whenever it is tried has to be mended first. */
function retryHint({ documents, failures }: Summary): string {
  if (documents.waiting > 0) return documents.failed > 0 ? 'to go on and to try again what failed:' : 'to go on:'
  const isLasting = failures.length > 0 && failures.every(({ code }) => ERRORS[code].disposition === 'fail')
  return isLasting ? 'none of these goes away by itself; when they are mended:' : 'to try again what failed:'
}

/** Records that are not in the output, of this run and of earlier ones. */
function rejectionLines(summary: Summary, file: string | undefined, width: number, paint: Paint): string[] {
  const { rejections, records, columnGap } = summary
  const place = file === undefined ? '' : ` (${printable(file)})`
  const lines: string[] = []
  for (const { code, count, meaning, remedy, reason } of rejections) {
    lines.push('', paint('red', cutEnd(`${formatPlural(count, 'record')} × ${code}`, width)))
    lines.push(...wrap(meaning, width - 2).map((line) => `  ${line}`))
    if (reason !== '') lines.push(...wrap(printable(reason), width - 4).map((line) => paint('dim', `    ${line}`)))
    if (file !== undefined) lines.push(`  they are in ${printable(file)}`)
    lines.push(...wrap(`→ ${remedy}`, width - 2).map((line) => paint('cyan', `  ${line}`)))
    if (code === 'RECORD_REFUSED' && columnGap !== undefined) lines.push(...gapLines(columnGap, width, paint))
  }
  if (records.rejectedBefore > 0) {
    const were = records.rejectedBefore === 1 ? 'was' : 'were'
    const before = `${formatPlural(records.rejectedBefore, 'record')} of this output ${were} rejected before${place}`
    lines.push('', ...wrap(before, width).map((line) => paint('yellow', line)))
  }
  return lines
}

/** The option is on a line of its own, whole, so that it can be copied. */
function gapLines({ present, missing }: ColumnGap, width: number, paint: Paint): string[] {
  const shown = missing.slice(0, SHOWN_COLUMNS).map(printable).join(', ')
  const more = missing.length > SHOWN_COLUMNS ? ` and ${formatCount(missing.length - SHOWN_COLUMNS)} more` : ''
  const sentence = `The columns are those of the first records. Later ones have also ${shown}${more}. With all of them:`
  const nameable = [...present, ...missing].filter((column) => !column.includes(','))
  const option = `--columns '${nameable.map(printable).join(',').replaceAll("'", "'\\''")}'`
  return [...wrap(sentence, width - 2).map((line) => `  ${line}`), paint('cyan', `  ${option}`)]
}

function failureLines(group: FailureGroup, width: number, paint: Paint): string[] {
  const head = `${formatCount(group.count)} × ${group.code}`
  const lines = [paint('red', cutEnd(head, width)), ...wrap(group.meaning, width - 2).map((line) => `  ${line}`)]
  for (const example of group.examples) {
    const { place, message } = splitPlace(example, example.message)
    const reason = `${place === '' ? '' : `at ${place}: `}${printable(message)}`
    lines.push(`  ${cutEnd(printable(example.url), width - 2)}`)
    lines.push(...wrap(reason, width - 4).map((line) => paint('dim', `    ${line}`)))
  }
  if (group.count > group.examples.length) {
    lines.push(paint('dim', `  and ${formatCount(group.count - group.examples.length)} more`))
  }
  return [...lines, ...wrap(`→ ${group.remedy}`, width - 2).map((line) => paint('cyan', `  ${line}`))]
}

function perSecond(count: number, elapsedMs: number, name: string): string | false {
  return elapsedMs > 0 && `${formatPlural((count / elapsedMs) * 1000, name)}/s`
}

/** Parts in a row; a line is broken between them, not within. */
function joined(parts: readonly (string | false)[]): string {
  return parts
    .filter((part) => part !== false)
    .map((part) => part.replaceAll(' ', NO_BREAK_SPACE))
    .join(' · ')
}

/** Lines of at most that many columns (2 or more), broken at spaces where possible, at those within a part only where it does not fit alone. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  const words = text.split(' ').flatMap((part) => (textWidth(part) <= columns ? [part] : part.split(NO_BREAK_SPACE)))
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`
    if (textWidth(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (textWidth(line) > columns) {
      const head = hardCut(line, columns)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line].map((broken) => broken.replaceAll(NO_BREAK_SPACE, ' '))
}

function hardCut(text: string, columns: number): string {
  let head = ''
  for (const character of text) {
    if (textWidth(head + character) > columns) break
    head += character
  }
  return head
}

/** The summary as the text of a JSON file: the fields of `Summary`, absent ones null. */
export function summaryToJson(summary: Summary): string {
  return `${JSON.stringify(summary, (_key, value: unknown) => (value === undefined ? null : value), 2)}\n`
}
