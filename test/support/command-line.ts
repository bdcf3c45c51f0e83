/** The command line as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Finished {
  /** As a shell has it: 128 and the number of the signal when one ended it. */
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

export interface Setting {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads; without it there is no standard input. */
  readonly stdin?: string | Uint8Array
  /** Whether standard input then goes on without giving anything. */
  readonly keepsStdinOpen?: boolean
}

export interface Started {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** What stderr has so far. */
  stderr(): string
  /** Resolves with what a pattern finds in stderr, as soon as it is there. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

/** The environment without what changes how xmlmill behaves. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^(https?_proxy|no_proxy|all_proxy|no_color|force_color|ci|node_options|vitest.*)$/i.test(name))
      delete env[name]
  }
  return { ...env, ...more }
}

/** `xmlmill` with these arguments. */
export function startCommand(args: readonly string[], setting: Setting): Started {
  return started(spawn(process.execPath, [MAIN, ...args], options(setting)), setting)
}

/** Runs `xmlmill` to its end. */
export function runCommand(args: readonly string[], setting: Setting): Promise<Finished> {
  return startCommand(args, setting).finished
}

/** Runs a line in a shell, where `xmlmill` is this one. */
export function runShell(line: string, setting: Setting): Promise<Finished> {
  const script = `xmlmill() { "${process.execPath}" "${MAIN}" "$@"; }\n${line}`
  return started(spawn('/bin/bash', ['-c', script], options(setting)), setting).finished
}

function options({ cwd, env, stdin }: Setting) {
  return {
    cwd,
    env: plainEnvironment(env),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] satisfies ('ignore' | 'pipe')[],
  }
}

function started(child: ChildProcess, { stdin, keepsStdinOpen = false }: Setting): Started {
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  // It may end without having read all.
  child.stdin?.on('error', () => {})
  if (stdin !== undefined) child.stdin?.write(stdin)
  if (!keepsStdinOpen) child.stdin?.end()
  const finished = once(child, 'close').then(([code, signal]: (number | string | null)[]) => ({
    exitCode: typeof code === 'number' ? code : 128 + (signal === 'SIGKILL' ? 9 : signal === 'SIGINT' ? 2 : 15),
    stdout: Buffer.concat(stdout),
    stderr,
  }))
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(stderr)
        if (found !== null) resolve(found)
      }
      look()
      child.stderr?.on('data', look)
      child.once('close', () => reject(new Error(`it has ended and never said ${pattern}:\n${stderr}`)))
    })
  return { child, finished, stderr: () => stderr, says }
}

/** The last line with something on it. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
