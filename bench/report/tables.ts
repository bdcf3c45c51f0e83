/** A result as Markdown: for each scenario who did what, and how xmlmill stands to each. */
import { type Entry, type Growth, median, medianOf, type Result, type ScenarioResult } from '../result.ts'

type Cell = string

export function tables(result: Result): string {
  return [
    setting(result),
    caution(result),
    ...result.scenarios.map(scenarioTable),
    growthTable(result.growth),
    result.helpMs.length === 0 ? '' : `\`xmlmill --help\`: ${median(result.helpMs).toFixed(0)} ms.\n`,
    absences(result),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function setting({ startedAt, commit, rounds, machine, versions, corpus, isQuick }: Result): string {
  const { cpu, cores, memoryBytes, system, load } = machine
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${startedAt.slice(0, 10)}, commit ${commit}, ${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GB, ${system}; ` +
      `load average ${load[0].toFixed(1)} before, ${load[1].toFixed(1)} after.`,
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}${isQuick ? ' with --quick: small sizes, rough figures' : ''}` +
      `${corpus === undefined ? '' : `; documents: ${corpus}`}. ${programs.join(', ')}.`,
    '',
  ].join('\n')
}

/** A run among other work gives walls that say little. */
function caution({ machine: { load, cores } }: Result): string {
  if (load[0] <= cores) return ''
  return '**The machine had other work to do: the walls below are no measure, and the CPU columns only a rough one.**\n'
}

function scenarioTable({ name, title, sentence, entries }: ScenarioResult): string {
  const ours = entries.find(({ kind }) => kind === 'ours')
  if (name === 'cold') return coldTable(title, sentence, entries, ours)
  const isBound = entries.some(({ boundMs }) => boundMs !== undefined)
  const isCounted = name === 'tiny' || name === 'latency'
  const rate = isCounted ? 'documents/s' : 'MB/s'
  const rows = entries.map((entry): Cell[] => {
    const wallMs = medianOf(entry.samples, 'wallMs')
    if (wallMs === undefined) return [label(entry), 'out', '', '', '', '', '', ...(isBound ? [''] : [])]
    const amount = isCounted ? entry.documents : entry.bytes / 1e6
    return [
      label(entry),
      isCounted ? `${entry.documents}` : `${Math.round(entry.bytes / 1e6)} MB`,
      `${seconds(wallMs)} ${spread(entry)}`,
      figure(amount / (wallMs / 1000)),
      ratio(ours, entry, 'wallMs'),
      perUnit(entry, isCounted),
      ratio(ours, entry, 'cpuMs'),
      megabytes(medianOf(entry.samples, 'peakBytes')),
      ...(isBound ? [entry.boundMs === undefined ? '' : `${((entry.boundMs / wallMs) * 100).toFixed(1)}%`] : []),
    ]
  })
  const head = [
    '',
    'work',
    'wall',
    rate,
    'xmlmill is … times as fast',
    isCounted ? 'CPU µs per document' : 'CPU s per GB',
    '… times in CPU time',
    'peak memory',
    ...(isBound ? ['of the bound'] : []),
  ]
  return `### ${title}\n\n${sentence}\n\n${table(head, rows)}${failures(entries)}`
}

function coldTable(title: string, sentence: string, entries: readonly Entry[], ours: Entry | undefined): string {
  const rows = entries.map((entry): Cell[] => {
    const first = medianOf(entry.samples, 'firstByteMs')
    const wall = medianOf(entry.samples, 'wallMs')
    return [
      label(entry),
      first === undefined ? 'out' : `${first.toFixed(0)} ms`,
      wall === undefined ? '' : `${wall.toFixed(0)} ms`,
      ratio(ours, entry, 'firstByteMs'),
      megabytes(medianOf(entry.samples, 'peakBytes')),
    ]
  })
  const head = ['', 'first record', 'end of the process', 'xmlmill is … times as fast', 'peak memory']
  return `### ${title}\n\n${sentence}\n\n${table(head, rows)}${failures(entries)}`
}

function growthTable(growth: readonly Growth[]): string {
  if (growth.length === 0) return ''
  const rows = growth.map(({ label: name, documents, bytes, samples }): Cell[] => [
    name,
    `${documents}`,
    `${Math.round(bytes / 1e6)} MB`,
    seconds(medianOf(samples, 'wallMs') ?? Number.NaN),
    seconds(medianOf(samples, 'cpuMs') ?? Number.NaN),
    megabytes(medianOf(samples, 'peakBytes')),
  ])
  const head = ['', 'documents', 'bytes', 'wall', 'CPU', 'peak memory']
  return `### Growth\n\nxmlmill alone, with a tenth of the work and with all of it.\n\n${table(head, rows)}`
}

function absences({ absent }: Result): string {
  if (absent.length === 0) return ''
  const lines = absent.map(({ title, install }) => `- ${title}: \`${install}\``)
  return `Absent because the machine did not have them:\n\n${lines.join('\n')}\n`
}

function failures(entries: readonly Entry[]): string {
  const out = entries.flatMap(({ title, failure }) =>
    failure === undefined ? [] : [`${title}: ${failure.trim().split('\n').at(-1)}`],
  )
  return out.length === 0 ? '' : `\nOut: ${out.join('; ')}.\n`
}

function label({ title, kind, isEquivalent }: Entry): string {
  if (kind === 'ours') return `**${title}**`
  return kind === 'floor' ? `_${title}_` : `${title}${isEquivalent === false ? ' (other records!)' : ''}`
}

/** How much more of a resource the other takes for the same work. */
function ratio(ours: Entry | undefined, entry: Entry, of: 'wallMs' | 'cpuMs' | 'firstByteMs'): string {
  if (ours === undefined || entry === ours) return ''
  const mine = medianOf(ours.samples, of)
  const its = medianOf(entry.samples, of)
  if (mine === undefined || its === undefined || its === 0) return ''
  const timesOurs = its / entry.bytes / (mine / ours.bytes)
  return timesOurs >= 10 ? timesOurs.toFixed(0) : timesOurs.toFixed(2)
}

function perUnit(entry: Entry, isCounted: boolean): string {
  const cpuMs = medianOf(entry.samples, 'cpuMs')
  if (cpuMs === undefined) return ''
  return isCounted ? figure((cpuMs * 1000) / entry.documents) : (cpuMs / 1000 / (entry.bytes / 1e9)).toFixed(1)
}

/** How far apart the runs were, of the median. */
function spread({ samples }: Entry): string {
  const walls = samples.map(({ wallMs }) => wallMs)
  if (walls.length < 2) return ''
  return `±${(((Math.max(...walls) - Math.min(...walls)) / 2 / median(walls)) * 100).toFixed(0)}%`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '' : `${Math.round(bytes / 1e6)} MB`
}

function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map((cell) => cell.trim()).join(' | ')} |\n`
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map(line).join('')
}
