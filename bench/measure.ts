/** One run of a contestant as a whole process: how long it took, what it used, when its first byte came. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Sample {
  readonly wallMs: number
  /** User and system time of the process and all that it started; undefined where there is no /proc. */
  readonly cpuMs: number | undefined
  /** Most resident memory of the process and all that it started together, seen every 50 ms; undefined where there is no /proc. */
  readonly peakBytes: number | undefined
  /** From the start of the process to its first byte on stdout. */
  readonly firstByteMs: number | undefined
}

const POLL_MS = 50
/** Whoever takes longer has hung. */
const TIMEOUT_MS = 30 * 60_000
/** The kernel's unit of CPU time in /proc, 100 a second on every Linux. */
const TICK_MS = 10

/**
 * Runs it to its end.
 * @throws Error when it does not exit with 0; the message has the end of its stderr
 */
export async function measure({ file, args, env = {} }: Command, cwd: string): Promise<Sample> {
  const cpuBefore = childrensCpuMs()
  const startedAt = performance.now()
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  let firstByteMs: number | undefined
  child.stdout.on('data', () => {
    firstByteMs ??= performance.now() - startedAt
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000)
  })
  const memory = new MemoryWatch(child.pid)
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) => ({
    end: code ?? signal,
    wallMs: performance.now() - startedAt,
  }))
  const closed = once(child, 'close')
  const { end, wallMs } = await exited
  const cpuAfter = childrensCpuMs()
  const peakBytes = memory.stop()
  await closed
  if (end !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${end}:\n${complaints}`)
  const cpuMs = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore
  return { wallMs, cpuMs, peakBytes, firstByteMs }
}

/**
 * CPU time of all children that this process has waited for, and of theirs (fields 16 and 17 of proc(5)'s stat). Only one
 * contestant runs at a time, and the origin server lives on: the difference is the contestant's.
 */
function childrensCpuMs(): number | undefined {
  const stat = readProc('/proc/self/stat')
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS
}

class MemoryWatch {
  readonly #pid: number | undefined
  readonly #timer: NodeJS.Timeout
  #peakBytes = 0

  constructor(pid: number | undefined) {
    this.#pid = pid
    this.#timer = setInterval(() => this.#look(), POLL_MS)
    // Short runs end before the second look.
    setTimeout(() => this.#look(), POLL_MS / 4).unref()
  }

  stop(): number | undefined {
    clearInterval(this.#timer)
    return this.#peakBytes === 0 ? undefined : this.#peakBytes
  }

  #look(): void {
    if (this.#pid === undefined) return
    let together = 0
    for (const pid of withDescendants(this.#pid)) {
      const status = readProc(`/proc/${pid}/status`) ?? ''
      together += kilobytes(status, 'VmRSS')
      // The kernel's own high-water mark of one process sees what falls between two looks.
      this.#peakBytes = Math.max(this.#peakBytes, kilobytes(status, 'VmHWM'))
    }
    this.#peakBytes = Math.max(this.#peakBytes, together)
  }
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
}

function withDescendants(pid: number): number[] {
  const found = [pid]
  for (const each of found) {
    for (const thread of listProc(`/proc/${each}/task`)) {
      const children = readProc(`/proc/${each}/task/${thread}/children`) ?? ''
      for (const child of children.split(' ')) if (child !== '') found.push(Number(child))
    }
  }
  return found
}

/** A process may end while it is looked at. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function listProc(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
