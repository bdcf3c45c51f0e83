/** What is shown on stderr while a run lasts. */
import type { ProgressStyle } from '../options.ts'
import { createBar } from './bar.ts'
import { type Clock, type Display, type DisplayContext, systemClock, type Terminal } from './display.ts'
import { formatFailureLine } from './failure-line.ts'
import { createJson } from './json.ts'
import { createPlain } from './plain.ts'
import { createPaint, wantsColor } from './terminal-text.ts'

export { wantsColor } from './terminal-text.ts'

export interface ProgressSettings {
  readonly stderr: Terminal
  /** Default: an empty environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Whether records go to the same terminal as the progress: `auto` then shows failures only. */
  readonly isDataOnTerminal?: boolean
  /** Default: the system's. */
  readonly clock?: Clock
}

/**
 * A display in a style: feed `listener` every event, and `close` it before anything else writes to stderr. A stream
 * that breaks (a closed pipe) silences the display and never the run.
 */
export function createProgress(style: ProgressStyle, settings: ProgressSettings): Display {
  const { env = {}, clock = systemClock } = settings
  const guard = new GuardedTerminal(settings.stderr)
  const context: DisplayContext = { stderr: guard, color: wantsColor(settings.stderr, env), clock }
  const display = STYLES[style === 'auto' ? automaticStyle(settings) : style](context)
  return {
    listener: display.listener,
    say: display.say,
    close() {
      display.close()
      guard.close()
    },
  }
}

const STYLES = {
  bar: createBar,
  plain: createPlain,
  json: createJson,
  none: createFailuresOnly,
} as const

/** `bar` on a terminal that a person looks at, `plain` elsewhere. */
export function automaticStyle(settings: ProgressSettings): keyof typeof STYLES {
  const { stderr, env = {}, isDataOnTerminal = false } = settings
  if (stderr.isTTY === true && isDataOnTerminal) return 'none'
  const isContinuousIntegration = env.CI !== undefined && env.CI !== '' && env.CI !== 'false'
  return stderr.isTTY === true && !isContinuousIntegration && env.TERM !== 'dumb' ? 'bar' : 'plain'
}

/** The `none` style: no progress, but a document that fails is still named. */
function createFailuresOnly({ stderr, color }: DisplayContext): Display {
  const paint = createPaint(color)
  return {
    listener(event) {
      if (event.type === 'document-failed') stderr.write(`${formatFailureLine(event, paint)}\n`)
    },
    say(line) {
      stderr.write(`${line}\n`)
    },
    close() {},
  }
}

/** A terminal whose errors end its use. Without a listener, an error of stderr would end the process. */
class GuardedTerminal implements Terminal {
  readonly #terminal: Terminal
  #isBroken = false
  readonly #onError = (): void => {
    this.#isBroken = true
  }

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.on('error', this.#onError)
  }

  get isTTY(): boolean | undefined {
    return this.#terminal.isTTY
  }

  get columns(): number | undefined {
    return this.#terminal.columns
  }

  get rows(): number | undefined {
    return this.#terminal.rows
  }

  write(text: string): boolean {
    return this.#isBroken || this.#terminal.write(text)
  }

  on(event: 'resize' | 'error', listener: () => void): void {
    this.#terminal.on(event, listener)
  }

  off(event: 'resize' | 'error', listener: () => void): void {
    this.#terminal.off(event, listener)
  }

  close(): void {
    this.#terminal.off('error', this.#onError)
  }
}
