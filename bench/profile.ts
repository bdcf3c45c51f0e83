/**
 * `node bench/profile.ts [--quick] [--only NAME,…]`: where xmlmill's time goes. For each scenario a CPU profile of the main thread and of
 * the busiest worker, and their top self times, into bench/profile.md; the package is built anew, with source maps. The profiles
 * themselves stay in a temporary folder that is named at the end: load them into a browser's developer tools.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contestants } from './contestants.ts'
import { commit } from './machine.ts'
import { measure } from './measure.ts'
import { FULL, QUICK, scenarios } from './scenarios.ts'
import { Stage } from './stage.ts'

/** A V8 CPU profile, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds from each sample to the one before it. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
}

interface Profile {
  readonly busyMs: number
  readonly idleMs: number
  /** Self times in milliseconds, by function, the largest first. */
  readonly selfTimes: readonly (readonly [string, number])[]
}

const TOP = 14
/** Where the part begins that is written by hand. */
const BY_HAND = '## What is left to gain'
const DIST = new URL('../dist/', import.meta.url).href
/** Of the files of the build, by their URL. */
const maps = new Map<string, SourceMap>()
const OUTPUT = fileURLToPath(new URL('./profile.md', import.meta.url))

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const sizes = values.quick ? QUICK : FULL
const only = values.only?.split(',')
const ours = contestants({ python: 'python3' }).find(({ kind }) => kind === 'ours')
if (ours === undefined) throw new Error('xmlmill is not among the contestants')

execFileSync('node', ['scripts/build.ts', '--source-maps'], { cwd: fileURLToPath(new URL('..', import.meta.url)) })
const kept = mkdtempSync(join(tmpdir(), 'xmlmill-profiles-'))
const parts = [
  '# Where the time goes',
  '',
  `Made by \`node bench/profile.ts${values.quick ? ' --quick' : ''}\`, commit ${commit()}. Self times of the main thread and of the busiest worker thread; what V8 calls "(program)" is native code: sockets, copies, the kernel.`,
  '',
]
{
  await using stage = await Stage.open({ seed: 1, mixedBytes: sizes.mixedPoolBytes })
  for (const scenario of scenarios(sizes, stage.origin, false)) {
    if (only !== undefined && !only.includes(scenario.name)) continue
    const workload = scenario.workload(1)
    const job = stage.prepare(scenario, workload, 'record', ours)
    const { file, args } = ours.command(job)
    const folder = join(kept, scenario.name)
    mkdirSync(folder)
    const sample = await measure({ file, args: ['--cpu-prof', `--cpu-prof-dir=${folder}`, ...args] }, stage.folder)
    const profiles = readdirSync(folder).map((name) => ({ name, ...summary(join(folder, name)) }))
    // Node names them CPU.date.time.pid.thread.sequence.cpuprofile; the main thread is 0.
    const isMain = ({ name }: { name: string }) => name.split('.').at(-3) === '0'
    const workers = profiles.filter((profile) => !isMain(profile)).sort((a, b) => b.busyMs - a.busyMs)
    parts.push(`## ${scenario.title}`, '', `${scenario.sentence} Profiled: ${(sample.wallMs / 1000).toFixed(2)} s.`, '')
    const [main] = profiles.filter(isMain)
    const [worker] = workers
    if (main !== undefined) parts.push(section('Main thread', main))
    if (worker !== undefined) parts.push(section(`Busiest of ${workers.length} worker threads`, worker))
  }
}
// What is concluded from it is written by hand, and stays.
const before = existsSync(OUTPUT) ? readFileSync(OUTPUT, 'utf8') : ''
const byHand = before.includes(BY_HAND) ? `\n${before.slice(before.indexOf(BY_HAND))}` : ''
writeFileSync(OUTPUT, `${parts.join('\n').trimEnd()}\n${byHand}`)
process.stdout.write(`${OUTPUT}\nprofiles: ${kept}\n`)

function section(title: string, { busyMs, idleMs, selfTimes }: Profile): string {
  const rows = selfTimes
    .slice(0, TOP)
    .map(([name, ms]) => `| ${name} | ${ms.toFixed(0)} | ${((ms / busyMs) * 100).toFixed(1)}% |`)
  const total = busyMs + idleMs
  return [
    `**${title}**: busy for ${busyMs.toFixed(0)} of ${total.toFixed(0)} ms (${((busyMs / total) * 100).toFixed(0)}%).`,
    '',
    '| function | self ms | of busy |',
    '| --- | ---: | ---: |',
    ...rows,
    '',
  ].join('\n')
}

function summary(file: string): Profile {
  const profile: CpuProfile = JSON.parse(readFileSync(file, 'utf8'))
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]))
  const selfMs = new Map<string, number>()
  for (const [index, id] of profile.samples.entries()) {
    const name = names.get(id) ?? ''
    selfMs.set(name, (selfMs.get(name) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000)
  }
  const idleMs = selfMs.get('(idle)') ?? 0
  selfMs.delete('(idle)')
  const selfTimes = [...selfMs].sort(([, a], [, b]) => b - a)
  return { busyMs: selfTimes.reduce((sum, [, ms]) => sum + ms, 0), idleMs, selfTimes }
}

function nameOf({ callFrame: { functionName, url, lineNumber, columnNumber } }: ProfileNode): string {
  if (url === '') return functionName === '' ? '(unnamed)' : functionName
  const place = url
    .replace(/^wasm:.*$/, 'engine.wasm')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/dist\//, '')
    .replace(/^file:.*\/(?=bench\/)/, '')
  const ours = url.startsWith(DIST) ? sourceOf(url, lineNumber, columnNumber) : undefined
  return `${functionName === '' ? '(unnamed)' : functionName} ${ours ?? `${place}:${lineNumber + 1}`}`
}

/** The place in the sources; undefined for what the build has added. */
function sourceOf(url: string, lineNumber: number, columnNumber: number): string | undefined {
  const map = maps.get(url) ?? new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')))
  maps.set(url, map)
  const entry = map.findEntry(lineNumber, columnNumber)
  if (!('originalSource' in entry)) return undefined
  return `${entry.originalSource.replace(/^(?:\.\.\/)+/, '')}:${entry.originalLine + 1}`
}
