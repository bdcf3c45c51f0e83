/** The block that stands at the bottom of a terminal while a run lasts: pure text, so that its looks can be tested. */
import { redactUrl } from '../redact.ts'
import { formatByteRate, formatBytes, formatBytesOf, formatClock, formatCount, formatPlural } from './figures.ts'
import type { ActiveAttempt, ProgressState } from './progress-state.ts'
import {
  createPaint,
  cutEnd,
  cutStart,
  fitPieces,
  type Paint,
  type Piece,
  padTo,
  printable,
  textWidth,
} from './terminal-text.ts'

export interface BlockLook {
  /** Width of the terminal. Lines stay a column short of it: a full line makes some terminals wrap. */
  readonly columns: number
  /** Height of the terminal; default: no limit. */
  readonly rows?: number
  readonly color: boolean
  /** Milliseconds since the start of the run. */
  readonly now: number
}

/** Below this the host is left out of an attempt's line. */
const HOST_FROM_COLUMNS = 72
/** From here on an attempt's line has a bar of its own. */
const SMALL_BAR_FROM_COLUMNS = 90
const SMALL_BAR_COLUMNS = 12
const TRY_COLUMNS = 6
/** `999 of 1000 MB`, `parsing 48.2 MB` */
const DOING_COLUMNS = 16
/** On a wider line the eye would lose its way from the name to the figures. */
const MAX_ATTEMPT_COLUMNS = 100
const MAX_ATTEMPT_LINES = 16
const MIN_BAR_COLUMNS = 8
const MAX_BAR_COLUMNS = 40
/** `24.1 MB/s`, `1000 kB/s` */
const SPEED_COLUMNS = 9

/** The block's lines, none wider than `columns - 1`. */
export function renderBlock(state: ProgressState, look: BlockLook): string[] {
  const paint = createPaint(look.color)
  const columns = Math.max(1, look.columns - 1)
  const head = [overallLine(state, look.now, columns, paint), countsLine(state, columns, paint)]
  const rates = ratesLine(state, look.now, columns, paint)
  const foot = [failuresLine(state, columns, paint), coolingLine(state, look.now, columns, paint)].filter(
    (line) => line !== undefined,
  )
  // One row stays free for the cursor, and what must be cut is cut from the attempts first.
  const rows = Math.max(1, (look.rows ?? Number.POSITIVE_INFINITY) - 1)
  const room = Math.min(MAX_ATTEMPT_LINES, rows - head.length - 1 - foot.length)
  const attempts = attemptLines(state, look.now, room, Math.min(columns, MAX_ATTEMPT_COLUMNS), paint)
  return [...head, rates, ...attempts, ...foot].slice(0, rows)
}

function overallLine(state: ProgressState, now: number, columns: number, paint: Paint): string {
  const finished = state.done + state.failed + state.alreadyThere
  if (state.listed === undefined) {
    return fitPieces(
      [
        { text: `${formatCount(finished)} finished`, rank: 2, format: 'bold' },
        { text: 'the list is still being read', rank: 1, format: 'dim' },
        { text: formatClock(now), rank: 0, format: 'dim' },
      ],
      '  ',
      columns,
      paint,
    )
  }
  const part = state.listed === 0 ? 1 : Math.min(1, finished / state.listed)
  const leftMs = state.leftMs(now)
  // Rounded down: 100% means that nothing is left.
  const pieces: Piece[] = [
    { text: `${formatCount(finished)}/${formatCount(state.listed)}`, rank: 3, format: 'bold' },
    { text: `${Math.floor(part * 100)}%`, rank: 1 },
    { text: leftMs === undefined ? formatClock(now) : `${formatClock(leftMs)} left`, rank: 2 },
  ]
  const text = fitPieces(pieces, '  ', columns, createPaint(false))
  const barColumns = Math.min(MAX_BAR_COLUMNS, columns - textWidth(text) - 2)
  const figures = fitPieces(pieces, '  ', columns, paint)
  return barColumns < MIN_BAR_COLUMNS ? figures : `${bar(part, barColumns, paint)}  ${figures}`
}

function bar(part: number, columns: number, paint: Paint): string {
  const full = Math.floor(part * columns)
  return paint('green', '█'.repeat(full)) + paint('dim', '░'.repeat(columns - full))
}

function countsLine(state: ProgressState, columns: number, paint: Paint): string {
  const pieces: Piece[] = [
    { text: `${formatCount(state.done)} done`, rank: 4, format: 'green' },
    {
      text: state.alreadyThere === 0 ? '' : `${formatCount(state.alreadyThere)} already there`,
      rank: 2,
      format: 'dim',
    },
    { text: state.failed === 0 ? '' : `${formatCount(state.failed)} failed`, rank: 5, format: 'red' },
    { text: `${formatCount(state.waiting)} waiting`, rank: 3 },
    { text: state.retrying === 0 ? '' : `${formatCount(state.retrying)} to retry`, rank: 2, format: 'yellow' },
    {
      text: state.duplicates === 0 ? '' : `${formatCount(state.duplicates)} duplicates dropped`,
      rank: 1,
      format: 'dim',
    },
  ]
  return fitPieces(pieces, ' · ', columns, paint)
}

function ratesLine(state: ProgressState, now: number, columns: number, paint: Paint): string {
  const rates = state.rates(now)
  const pieces: Piece[] = [
    { text: formatByteRate(rates.wireBytes), rank: 4 },
    { text: `${formatPlural(rates.records, 'record')}/s`, rank: 3 },
    { text: formatBytes(state.wireBytes), rank: 1, format: 'dim' },
    { text: formatPlural(state.records, 'record'), rank: 2, format: 'dim' },
  ]
  return fitPieces(pieces, ' · ', columns, paint)
}

function attemptLines(state: ProgressState, now: number, room: number, columns: number, paint: Paint): string[] {
  // Idle threads keep their line, so that the block does not jump up and down.
  const wanted = Math.max(state.lines.length, Math.min(state.threads, MAX_ATTEMPT_LINES))
  const shown = wanted <= room ? wanted : Math.max(0, room - 1)
  const lines: string[] = []
  for (let index = 0; index < shown; index++) {
    const attempt = state.lines[index]
    lines.push(
      attempt === undefined ? paint('dim', cutEnd('  idle', columns)) : attemptLine(attempt, now, columns, paint),
    )
  }
  const hidden = state.lines.slice(shown).filter((attempt) => attempt !== undefined).length
  if (shown < wanted && room > 0) lines.push(paint('dim', cutEnd(`  and ${hidden} more`, columns)))
  return lines
}

function attemptLine(attempt: ActiveAttempt, now: number, columns: number, paint: Paint): string {
  const indent = columns >= 30 ? '  ' : ''
  const right = attemptFigures(attempt, now, columns, paint)
  const room = columns - indent.length
  const left = room - right.width - 2
  const name = documentName(attempt.url)
  if (left < 4) return indent + cutStart(name, room)
  const host = columns >= HOST_FROM_COLUMNS ? `${cutEnd(printable(attempt.host), Math.floor(left / 2))}  ` : ''
  const nameColumns = left - textWidth(host)
  return `${indent}${paint('dim', host)}${padTo(cutStart(name, nameColumns), nameColumns)}  ${right.text}`
}

/** The right side of an attempt's line; on a wide terminal in columns, with a small bar. */
function attemptFigures(
  attempt: ActiveAttempt,
  now: number,
  columns: number,
  paint: Paint,
): { readonly text: string; readonly width: number } {
  // In columns, so that bytes stand below bytes.
  const doingText =
    columns < HOST_FROM_COLUMNS
      ? doing(attempt, now)
      : `${speedOf(attempt).padStart(SPEED_COLUMNS)}  ${doing(attempt, now).padStart(DOING_COLUMNS)}`
  const tryText = attempt.attempt > 1 ? `try ${attempt.attempt}` : ''
  if (columns < SMALL_BAR_FROM_COLUMNS) {
    const gap = tryText === '' ? '' : '  '
    const width = textWidth(tryText + gap + doingText)
    if (width > columns * 0.6) return { text: doingText, width: textWidth(doingText) }
    return { text: `${paint('yellow', tryText)}${gap}${doingText}`, width }
  }
  const { wireBytes, totalBytes } = attempt
  const hasBar = totalBytes !== undefined && totalBytes > 0 && !attempt.isDownloaded
  const smallBar = hasBar
    ? bar(Math.min(1, wireBytes / totalBytes), SMALL_BAR_COLUMNS, paint)
    : ' '.repeat(SMALL_BAR_COLUMNS)
  return {
    text: `${paint('yellow', tryText.padStart(TRY_COLUMNS))}  ${smallBar}  ${doingText}`,
    width: TRY_COLUMNS + 2 + SMALL_BAR_COLUMNS + 2 + textWidth(doingText),
  }
}

/** Of a download under way. */
function speedOf({ bytesPerSecond, isDownloaded }: ActiveAttempt): string {
  return bytesPerSecond > 0 && !isDownloaded ? formatByteRate(bytesPerSecond) : ''
}

/** Bytes when there are any, otherwise what is waited for, and for how long when that is long enough to wonder. */
function doing(attempt: ActiveAttempt, now: number): string {
  if (attempt.isDownloaded) return attempt.wireBytes > 0 ? `parsing ${formatBytes(attempt.wireBytes)}` : 'parsing'
  if (attempt.wireBytes === 0) {
    const waitedMs = now - attempt.startedAt
    return waitedMs < 1000 ? 'waiting' : `waiting ${formatClock(waitedMs)}`
  }
  const { wireBytes, totalBytes } = attempt
  return totalBytes === undefined ? formatBytes(wireBytes) : formatBytesOf(wireBytes, totalBytes)
}

/** The last part of the path with the query, decoded: what tells a document from its neighbours. */
function documentName(url: string): string {
  const shown = redactUrl(url)
  const parsed = URL.parse(shown)
  if (parsed === null) return printable(shown)
  const segment = parsed.pathname.split('/').findLast((part) => part !== '') ?? parsed.host
  return printable(decoded(segment) + parsed.search)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function failuresLine(state: ProgressState, columns: number, paint: Paint): string | undefined {
  if (state.failures.size === 0) return undefined
  const codes = Array.from(state.failures).sort(([, a], [, b]) => b - a)
  const pieces = codes.map(([code, count], index) => ({
    text: `${formatCount(count)} ${code}`,
    rank: codes.length - index,
    format: 'red' as const,
  }))
  return fitPieces(pieces, ' · ', columns, paint)
}

function coolingLine(state: ProgressState, now: number, columns: number, paint: Paint): string | undefined {
  const cooling = Array.from(state.cooling).filter(([, until]) => until > now)
  if (cooling.length === 0) return undefined
  cooling.sort(([, a], [, b]) => b - a)
  const pieces = cooling.slice(0, 10).map(([host, until], index) => ({
    text: `${printable(host)} for ${formatClock(Math.ceil((until - now) / 1000) * 1000)}`,
    rank: cooling.length - index,
    format: 'yellow' as const,
  }))
  const label = 'resting '
  return columns < 30
    ? fitPieces(pieces, ' · ', columns, paint)
    : paint('yellow', label) + fitPieces(pieces, ' · ', columns - label.length, paint)
}
