/** Contestants of one process in turn, A B C, A B C, and the medians of their throughputs. */
import { median } from '../result.ts'

export interface Task {
  readonly name: string
  /** Bytes that one call works on. */
  readonly bytes: number
  run(): void | Promise<void>
}

export interface Throughput {
  readonly name: string
  /** Million bytes a second of processor time: the machine may have other things to do. */
  readonly megabytesPerSecond: number
  /** Half the distance between the best and the worst round, of the median. */
  readonly spread: number
}

const ROUND_MS = 300

/** Runs each task for a while in each of the rounds, after one to warm up. */
export async function throughputs(tasks: readonly Task[], rounds: number): Promise<Throughput[]> {
  const rates = new Map<Task, number[]>()
  for (let round = 0; round <= rounds; round++) {
    for (const task of tasks) {
      const rate = await rateOf(task)
      // The first round is the compilers'.
      if (round > 0) rates.set(task, [...(rates.get(task) ?? []), rate])
    }
  }
  return tasks.map((task) => {
    const measured = rates.get(task) ?? []
    const middle = median(measured)
    return {
      name: task.name,
      megabytesPerSecond: middle,
      spread: (Math.max(...measured) - Math.min(...measured)) / 2 / middle,
    }
  })
}

async function rateOf({ bytes, run }: Task): Promise<number> {
  let done = 0
  const from = performance.now()
  const cpuFrom = process.threadCpuUsage()
  while (performance.now() - from < ROUND_MS) {
    await run()
    done += bytes
  }
  const { user, system } = process.threadCpuUsage(cpuFrom)
  return done / (user + system)
}

/** The figures as a Markdown table, one row a task and a column for each kind of document. */
export function markdown(columns: ReadonlyMap<string, readonly Throughput[]>): string {
  const kinds = [...columns.keys()]
  const names = [...new Set([...columns.values()].flatMap((each) => each.map(({ name }) => name)))]
  const rows = names.map((name) => {
    const cells = kinds.map((kind) => {
      const found = columns.get(kind)?.find((each) => each.name === name)
      if (found === undefined || Number.isNaN(found.megabytesPerSecond)) return '–'
      const { megabytesPerSecond: rate, spread } = found
      return `${rate.toFixed(rate < 100 ? 1 : 0)} ±${(spread * 100).toFixed(0)}%`
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  return [`|  | ${kinds.join(' | ')} |`, `| --- |${' ---: |'.repeat(kinds.length)}`, ...rows, ''].join('\n')
}
