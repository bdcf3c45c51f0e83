/** SIGINT and SIGTERM: the first one stops the run in order, with ten seconds for what is running, a second one at once. */

/** Exit codes of a process stopped by a signal, after the shell's custom of 128 + its number. */
const CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface Stopping {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal
  /** Set once a signal came. */
  readonly exitCode: number | undefined
  dispose(): void
}

export function untilSignal(): Stopping {
  const controller = new AbortController()
  let exitCode: number | undefined
  const listeners = Object.entries(CODES).map(([name, code]) => {
    const listener = () => {
      if (exitCode !== undefined) process.exit(code)
      exitCode = code
      controller.abort(name)
    }
    process.on(name, listener)
    return { name, listener }
  })
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    dispose() {
      for (const { name, listener } of listeners) process.off(name, listener)
    },
  }
}
