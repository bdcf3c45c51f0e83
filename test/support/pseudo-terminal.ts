/** The command line in a pseudo-terminal, and what a person sees there: a terminal emulator draws what the program writes. */
import { type IPty, spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { MAIN, plainEnvironment } from './command-line.ts'

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface PseudoTerminal extends AsyncDisposable {
  /** All lines from the first one ever written to the last that is not blank, without white space at their ends. */
  lines(): string[]
  /** Resolves once what is seen fulfils the condition; looked at after each write. */
  shows(condition: (lines: readonly string[]) => boolean): Promise<void>
  /**
   * Right after the program has drawn: what it draws at the moment of a change is for the old size and shown in the new one, with any
   * program and any terminal.
   */
  resize(size: TerminalSize): Promise<void>
  /** As typed on the keyboard. */
  type(keys: string): void
  /** Everything that the program wrote. */
  readonly written: string
  readonly exited: Promise<number>
}

/** `xmlmill` with these arguments, as at a terminal of this size. */
export function openTerminal(
  args: readonly string[],
  setting: TerminalSize & { readonly cwd: string; readonly color?: boolean },
): PseudoTerminal {
  const { columns, rows, cwd, color = false } = setting
  const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true })
  const pty: IPty = spawn(process.execPath, [MAIN, ...args], {
    cols: columns,
    rows,
    cwd,
    env: plainEnvironment({ TERM: 'xterm-256color', ...(color ? {} : { NO_COLOR: '1' }) }),
  })
  let written = ''
  let hasExited = false
  const watching = new Set<() => void>()
  const look = () => {
    for (const check of watching) check()
  }
  pty.onData((text) => {
    written += text
    screen.write(text, look)
  })
  const exited = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      hasExited = true
      // What it wrote last is drawn by then.
      screen.write('', () => {
        look()
        resolve(signal ? 128 + signal : exitCode)
      })
    })
  })
  const lines = (): string[] => {
    const { active } = screen.buffer
    const all = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString().trimEnd() ?? '',
    )
    while (all.at(-1) === '') all.pop()
    return all
  }
  return {
    lines,
    shows(condition) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const check = () => {
        if (condition(lines())) resolve()
        else if (hasExited) reject(new Error(`it has ended, and this is seen:\n${lines().join('\n')}`))
        else return
        watching.delete(check)
      }
      watching.add(check)
      check()
      return promise
    },
    async resize(size) {
      await new Promise<void>((resolve) => {
        const drawn = () => {
          watching.delete(drawn)
          resolve()
        }
        watching.add(drawn)
      })
      // A terminal first breaks its lines anew, then tells the program.
      screen.resize(size.columns, size.rows)
      pty.resize(size.columns, size.rows)
    },
    type: (keys) => pty.write(keys),
    get written() {
      return written
    },
    exited,
    async [Symbol.asyncDispose]() {
      if (!hasExited) pty.kill('SIGKILL')
      await exited
      screen.dispose()
    },
  }
}
