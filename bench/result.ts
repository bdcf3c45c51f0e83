/** What a run of the benchmark leaves behind: everything that its tables are made from. */
import type { Sample } from './measure.ts'
import type { ScenarioName } from './scenarios.ts'

export interface Result {
  readonly startedAt: string
  readonly isQuick: boolean
  readonly rounds: number
  /** Name of a folder of real documents, where they took the place of the generated ones. */
  readonly corpus?: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  /** Of the repository; with `-dirty` where files differ from it. */
  readonly commit: string
  readonly absent: readonly Absence[]
  readonly scenarios: readonly ScenarioResult[]
  readonly growth: readonly Growth[]
  /** Milliseconds of `xmlmill --help`. */
  readonly helpMs: readonly number[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  /** One-minute load average at the start and at the end: whether the machine had other things to do. */
  readonly load: readonly [number, number]
}

export interface Absence {
  readonly title: string
  readonly install: string
}

export interface ScenarioResult {
  readonly name: ScenarioName
  readonly title: string
  readonly sentence: string
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly contestant: string
  readonly title: string
  readonly kind: 'ours' | 'peer' | 'floor'
  readonly documents: number
  readonly bytes: number
  /** Records that it wrote; 0 for a floor. */
  readonly records: number
  /** Whether its records were the same ones as xmlmill's; undefined where there was nothing to compare. */
  readonly isEquivalent?: boolean
  readonly boundMs?: number
  readonly samples: readonly Sample[]
  /** Why there are no samples. */
  readonly failure?: string
}

/** How xmlmill's time and memory grow with the work. */
export interface Growth {
  readonly label: string
  readonly documents: number
  readonly bytes: number
  readonly samples: readonly Sample[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Of the samples that have the figure; undefined when none has. */
export function medianOf(samples: readonly Sample[], figure: keyof Sample): number | undefined {
  const values = samples.flatMap((sample) => sample[figure] ?? [])
  return values.length === 0 ? undefined : median(values)
}
