/** The `bar` style: a block at the bottom of a terminal, log lines above it. */
import { type Display, type DisplayContext, RunTime } from './display.ts'
import { formatFailureLine } from './failure-line.ts'
import { renderBlock } from './progress-block.ts'
import { ProgressState } from './progress-state.ts'
import { createPaint, textWidth } from './terminal-text.ts'

/** Ten frames a second: more is not read, and each costs the main loop some tenths of a millisecond. */
const FRAME_MS = 100
const STYLE_SEQUENCE = /\x1b\[[0-9;]*m/g
const CLEAR_LINE_END = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** The cursor is never hidden: a killed process could not bring it back. */
export function createBar({ stderr, color, clock }: DisplayContext): Display {
  const state = new ProgressState()
  const time = new RunTime(clock)
  const paint = createPaint(color)
  let logLines: string[] = []
  let drawn: readonly string[] = []
  let isClosed = false

  // A block of N lines leaves the cursor at the start of the line below it.
  const toTop = (): string => {
    const columns = Math.max(1, stderr.columns ?? 80)
    // A narrower terminal has broken the old lines anew: they now take more rows.
    const rows = drawn.reduce((sum, line) => {
      const width = textWidth(line.replace(STYLE_SEQUENCE, ''))
      return sum + Math.max(1, Math.ceil(width / columns))
    }, 0)
    return rows === 0 ? '' : `\x1b[${rows}A\r`
  }

  const write = (block: readonly string[]): void => {
    const lines = [...logLines, ...block].map((line) => `${line}${CLEAR_LINE_END}\n`)
    stderr.write(`${toTop()}${lines.join('')}${CLEAR_BELOW}`)
    logLines = []
    drawn = block
  }

  const frame = (): void => {
    const block = renderBlock(state, {
      columns: stderr.columns ?? 80,
      rows: stderr.rows ?? 24,
      color,
      now: time.now(),
    })
    const isSame = block.length === drawn.length && block.every((line, index) => line === drawn[index])
    if (logLines.length > 0 || !isSame) write(block)
  }

  const resize = (): void => {
    if (drawn.length === 0) return
    stderr.write(`${toTop()}${CLEAR_BELOW}`)
    drawn = []
    frame()
  }

  const stop = clock.every(FRAME_MS, frame)
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    stop()
    stderr.off('resize', resize)
    if (drawn.length > 0 || logLines.length > 0) write([])
  }
  stderr.on('resize', resize)

  return {
    listener(event) {
      time.follow(event.at)
      state.add(event)
      if (event.type === 'document-failed') logLines.push(formatFailureLine(event, paint))
    },
    say(line) {
      logLines.push(line)
    },
    close,
  }
}
