/** The `plain` style: a line now and then, for logs and files. */
import { type Display, type DisplayContext, RunTime } from './display.ts'
import { formatFailureLine } from './failure-line.ts'
import { formatByteRate, formatClock, formatCount, formatPlural } from './figures.ts'
import { ProgressState } from './progress-state.ts'
import { createPaint } from './terminal-text.ts'

const FIRST_LINE_MS = 1000
const INTERVAL_MS = 5000

/** A line after a second, then one every five; failures at once. */
export function createPlain({ stderr, color, clock }: DisplayContext): Display {
  const state = new ProgressState()
  const time = new RunTime(clock)
  const paint = createPaint(color)
  let nextMs = FIRST_LINE_MS
  const stop = clock.every(FIRST_LINE_MS / 4, () => {
    const now = time.now()
    if (now < nextMs || state.hasEnded) return
    nextMs = now - (now % INTERVAL_MS) + INTERVAL_MS
    stderr.write(`${formatPlainLine(state, now)}\n`)
  })
  return {
    listener(event) {
      time.follow(event.at)
      state.add(event)
      if (event.type === 'document-failed') stderr.write(`${formatFailureLine(event, paint)}\n`)
    },
    say(line) {
      stderr.write(`${line}\n`)
    },
    close: stop,
  }
}

/** `0:05  231 of 500 documents, 3 failed, 262 waiting, 24.1 MB/s, 9,640 records/s, 0:11 left` */
function formatPlainLine(state: ProgressState, now: number): string {
  const finished = formatCount(state.done + state.failed + state.alreadyThere)
  const rates = state.rates(now)
  const leftMs = state.leftMs(now)
  const parts = [
    state.listed === undefined ? `${finished} documents` : `${finished} of ${formatCount(state.listed)} documents`,
    state.alreadyThere > 0 && `${formatCount(state.alreadyThere)} already there`,
    state.failed > 0 && `${formatCount(state.failed)} failed`,
    `${formatCount(state.waiting)} waiting`,
    state.retrying > 0 && `${formatCount(state.retrying)} to retry`,
    formatByteRate(rates.wireBytes),
    `${formatPlural(rates.records, 'record')}/s`,
    leftMs !== undefined && `${formatClock(leftMs)} left`,
  ]
  return `${formatClock(now)}  ${parts.filter((part) => part !== false).join(', ')}`
}
