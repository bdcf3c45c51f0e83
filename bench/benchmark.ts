/** The benchmark: scenarios, contestants, rounds. */
import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Contestant, contestants } from './contestants.ts'
import { countLines, type Digest, digestOf } from './equivalence.ts'
import { commit, machine, versions } from './machine.ts'
import { measure, type Sample } from './measure.ts'
import type { Entry, Growth, Result, ScenarioResult } from './result.ts'
import { FULL, QUICK, type Scenario, scenarios, type Workload } from './scenarios.ts'
import { Stage } from './stage.ts'

export interface BenchmarkOptions {
  readonly isQuick: boolean
  readonly rounds: number
  /** Scenarios; all of them unless given. */
  readonly only: readonly string[] | undefined
  readonly contestants: readonly string[] | undefined
  readonly corpus: string | undefined
  readonly record: string
  readonly python: string
  readonly seed: number
}

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const HELP_ROUNDS = 5

/** A contestant in a scenario, with what it is given and what it has done so far. */
interface Competitor {
  readonly contestant: Contestant
  readonly workload: Workload
  readonly samples: Sample[]
  records: number
  isEquivalent: boolean | undefined
  failure: string | undefined
}

export async function runBenchmark(options: BenchmarkOptions): Promise<Result> {
  const sizes = options.isQuick ? QUICK : FULL
  const loadBefore = loadavg()[0] ?? 0
  const startedAt = new Date().toISOString()
  await using stage = await Stage.open({ seed: options.seed, mixedBytes: sizes.mixedPoolBytes, corpus: options.corpus })
  const asked = contestants(options).filter(({ name }) => options.contestants?.includes(name) ?? true)
  const absent = asked.flatMap(({ title, missing }) => {
    const install = missing()
    return install === undefined ? [] : [{ title, install }]
  })
  for (const { title, install } of absent) say(`absent: ${title} (${install})`)
  const present = asked.filter(({ title }) => !absent.some((absence) => absence.title === title))
  const isWanted = (name: string) => options.only?.includes(name) ?? true

  const results: ScenarioResult[] = []
  const all = scenarios(sizes, stage.origin, options.corpus !== undefined)
  for (const scenario of all) {
    if (!isWanted(scenario.name)) continue
    say(`== ${scenario.title}: ${scenario.sentence}`)
    results.push(await compare(stage, scenario, present, options))
  }
  const ours = present.find(({ kind }) => kind === 'ours')
  const wantsGrowth = options.isQuick ? options.only?.includes('growth') === true : isWanted('growth')
  const hasGrowth = ours !== undefined && options.corpus === undefined && wantsGrowth
  const growth = hasGrowth ? await grow(stage, all, ours, options) : []
  return {
    startedAt,
    isQuick: options.isQuick,
    rounds: options.rounds,
    ...(options.corpus !== undefined && { corpus: basename(options.corpus) }),
    machine: machine([loadBefore, loadavg()[0] ?? 0]),
    versions: versions(options.python),
    commit: commit(),
    absent,
    scenarios: results,
    growth,
    helpMs: isWanted('cold') ? await timeHelp() : [],
  }
}

/** Everybody once to warm up and to be checked, then everybody once in every round. */
async function compare(
  stage: Stage,
  scenario: Scenario,
  present: readonly Contestant[],
  options: BenchmarkOptions,
): Promise<ScenarioResult> {
  const field = present.filter((contestant) => contestant.scenarios.includes(scenario.name))
  const competitors = field.map((contestant): Competitor => {
    const workload = scenario.workload(contestant.slow ? scenario.share : 1)
    return { contestant, workload, samples: [], records: 0, isEquivalent: undefined, failure: undefined }
  })
  const references = new Map<string, Digest>()
  const ours = field.find(({ kind }) => kind === 'ours')
  for (const competitor of competitors) {
    const { contestant, workload } = competitor
    await attempt(competitor, async () => {
      await measureOnce(stage, scenario, competitor, options)
      if (contestant.kind === 'floor' || scenario.toStdout) return
      if (contestant.kind === 'ours') {
        competitor.records = await countLines(outputOf(stage))
        return
      }
      const digest = await digestOf(outputOf(stage))
      competitor.records = digest.records
      if (ours === undefined) return
      const key = `${workload.paths.length} ${workload.bytes}`
      const expected = references.get(key) ?? (await reference(stage, scenario, ours, workload, options))
      references.set(key, expected)
      competitor.isEquivalent = expected.records === digest.records && expected.sum === digest.sum
      if (!competitor.isEquivalent) {
        throw new Error(`its records differ from xmlmill's: ${digest.records} and ${expected.records} of them`)
      }
    })
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const competitor of competitors) {
      if (competitor.failure !== undefined) continue
      await attempt(competitor, async () => {
        const sample = await measureOnce(stage, scenario, competitor, options)
        if (competitor.contestant.kind !== 'floor' && !scenario.toStdout) {
          const records = await countLines(outputOf(stage))
          if (records !== competitor.records) throw new Error(`${records} records, not ${competitor.records}`)
        }
        competitor.samples.push(sample)
        say(`   ${round} ${competitor.contestant.name}: ${line(sample, competitor.workload)}`)
      })
    }
  }
  rmSync(stage.folder, { recursive: true, force: true })
  const { name, title, sentence } = scenario
  return { name, title, sentence, entries: competitors.map(entryOf) }
}

/** A contestant that fails is out of this scenario; the others go on. */
async function attempt(competitor: Competitor, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    competitor.failure = error instanceof Error ? error.message : String(error)
    say(`   ${competitor.contestant.name} is out: ${competitor.failure}`)
  }
}

/** What xmlmill makes of a workload. */
async function reference(
  stage: Stage,
  scenario: Scenario,
  ours: Contestant,
  workload: Workload,
  options: BenchmarkOptions,
): Promise<Digest> {
  await measureOnce(stage, scenario, { contestant: ours, workload }, options)
  return digestOf(outputOf(stage))
}

function measureOnce(
  stage: Stage,
  scenario: Scenario,
  { contestant, workload }: Pick<Competitor, 'contestant' | 'workload'>,
  { record }: BenchmarkOptions,
): Promise<Sample> {
  const job = stage.prepare(scenario, workload, record, contestant)
  return measure(contestant.command(job), stage.folder)
}

function outputOf({ folder }: Stage): string {
  return `${folder}/records.ndjson`
}

function entryOf({ contestant, workload, samples, records, isEquivalent, failure }: Competitor): Entry {
  return {
    contestant: contestant.name,
    title: contestant.title,
    kind: contestant.kind,
    documents: workload.paths.length,
    bytes: workload.bytes,
    records,
    ...(isEquivalent !== undefined && { isEquivalent }),
    ...(workload.boundMs !== undefined && { boundMs: workload.boundMs }),
    samples,
    ...(failure !== undefined && { failure }),
  }
}

/** The same work ten times over: time must grow tenfold, memory not at all. */
async function grow(
  stage: Stage,
  all: readonly Scenario[],
  ours: Contestant,
  options: BenchmarkOptions,
): Promise<Growth[]> {
  say('== Growth: xmlmill alone, a tenth and the whole')
  const pairs: { label: string; scenario: Scenario; workload: Workload; samples: Sample[] }[] = []
  for (const scenario of all) {
    if (scenario.name !== 'cpu' && scenario.name !== 'huge' && scenario.name !== 'tiny') continue
    // The huge document is 4 GB at last, and 400 MB before.
    const whole = scenario.name === 'huge' ? 2 : 1
    for (const share of [whole / 10, whole]) {
      pairs.push({ label: scenario.title, scenario, workload: scenario.workload(share), samples: [] })
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const { label, scenario, workload, samples } of pairs) {
      const sample = await measureOnce(stage, scenario, { contestant: ours, workload }, options)
      samples.push(sample)
      say(`   ${round + 1} ${label}, ${workload.paths.length} documents: ${line(sample, workload)}`)
    }
  }
  rmSync(stage.folder, { recursive: true, force: true })
  return pairs.map(({ label, workload, samples }) => ({
    label,
    documents: workload.paths.length,
    bytes: workload.bytes,
    samples,
  }))
}

async function timeHelp(): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round < HELP_ROUNDS; round++) {
    const { wallMs } = await measure({ file: process.execPath, args: [MAIN, '--help'] }, process.cwd())
    times.push(wallMs)
  }
  return times
}

function line({ wallMs, cpuMs, peakBytes, firstByteMs }: Sample, { bytes, paths }: Workload): string {
  const seconds = wallMs / 1000
  return [
    `${seconds.toFixed(2)} s`,
    `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    `${(paths.length / seconds).toFixed(0)} documents/s`,
    ...(cpuMs === undefined ? [] : [`CPU ${(cpuMs / 1000).toFixed(2)} s`]),
    ...(peakBytes === undefined ? [] : [`${Math.round(peakBytes / (1 << 20))} MB`]),
    ...(firstByteMs === undefined ? [] : [`first byte ${firstByteMs.toFixed(0)} ms`]),
  ].join(', ')
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
