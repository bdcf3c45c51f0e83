/**
 * What bounded a run, with the figures that say so and what to change.
 *
 * All of a run's time is shared out among its possible bounds. Where manners, list or output held the next document back, the time is
 * theirs. In the rest only the documents under way were waited for: there the part of the threads' time that went into parsing and
 * transform is the processor's, the part that waited for the output to take records is the output's, the part in which a download went on is the network's (or the disk's, where files were read), and what
 * remains, documents waiting for a thread, the main loop or a processor, is this machine's.
 */
import { formatByteRate, formatCount, formatDuration } from './figures.ts'
import type { RunFigures } from './run-figures.ts'

export type Bound =
  | 'network'
  /** Local files were read. */
  | 'disk'
  /** Documents waited for a thread, the main loop, or a processor that others had. */
  | 'machine'
  | 'politeness'
  | 'parsing'
  | 'transform'
  | 'output'
  | 'list'
  | 'retries'
  | 'startup'
  /** No figures: the run was too short, or nobody took them. */
  | 'unknown'

export interface Verdict {
  readonly bound: Bound
  /** Whether it is the cause of most of the time; if not, several things share it. */
  readonly isClear: boolean
  /** One sentence. */
  readonly sentence: string
  /** What to change, the most useful first. */
  readonly advice: readonly Advice[]
  /** Parts of the run's time, the largest first; they add up to 1. */
  readonly shares: readonly { readonly bound: Bound; readonly share: number; readonly ms: number }[]
}

export interface Advice {
  readonly text: string
  /** The part of the run's time that it would take off, estimated; absent where it cannot be. */
  readonly gain?: number
}

/** Below this it is said that several things share the time. */
const CLEAR_SHARE = 0.45

/** From here on, what comes second is worth a word of advice too. */
const SECOND_SHARE = 0.25

/** A gain below this is not worth a sentence. */
const LEAST_GAIN = 0.03

/** How much faster the engine parses than fast-xml-parser: measured 20 to 40 times, promised less. */
const ENGINE_FACTOR = 10

export function judge(figures: RunFigures): Verdict {
  const times = shareOut(figures)
  const total = Object.values(times).reduce((sum, ms) => sum + ms, 0)
  if (total <= 0) {
    const sentence =
      'What bounded this run is not known: no figures of its load were kept (--report or --events keeps them).'
    return { bound: 'unknown', isClear: false, sentence, advice: [], shares: [] }
  }
  const shares = bounds(times)
    .map(([bound, ms]) => ({ bound, ms, share: ms / total }))
    .filter(({ share }) => share >= 0.001)
    .sort((a, b) => b.share - a.share)
  const bound = winner(times, total)
  const ownMs = ownTime(bound, times)
  // The start is nobody's fault and the same in every run: it leaves the question to the rest.
  const isClear = ownMs >= CLEAR_SHARE * (bound === 'startup' ? total : total - times.startup)
  const second = shares.find(
    ({ bound: other, share }) => !isSameCause(other, bound) && other !== 'startup' && share >= SECOND_SHARE,
  )
  const advice = [
    ...adviceFor(bound, figures, times),
    ...(second === undefined ? [] : adviceFor(second.bound, figures, times).slice(0, 1)),
  ].filter(({ gain }) => gain === undefined || gain >= LEAST_GAIN)
  return { bound, isClear, sentence: sentenceFor(bound, isClear, figures, times, total), advice, shares }
}

/** The processor is one cause, whatever it works at. */
function isSameCause(a: Bound, b: Bound): boolean {
  const isProcessor = (bound: Bound) => bound === 'parsing' || bound === 'transform'
  return a === b || (isProcessor(a) && isProcessor(b))
}

type Times = Readonly<Record<Exclude<Bound, 'unknown'>, number>>

function shareOut(figures: RunFigures): Times {
  const { heldMs, threadMs, parseMs, transformMs, creditMs } = figures
  const held = (...holds: readonly (keyof typeof heldMs)[]) => holds.reduce((sum, hold) => sum + (heldMs[hold] ?? 0), 0)
  const busyMs = parseMs + transformMs
  const waitedFor = held('slots', 'threads', 'end')
  const startup = Math.min(figures.startupMs, waitedFor)
  const working = waitedFor - startup
  // The threads' time without their start, for which a slot was held as well.
  const available = threadMs * (waitedFor > 0 ? working / waitedFor : 0)
  const busyShare = available > 0 ? Math.min(1, busyMs / available) : 0
  const creditShare = available > 0 ? Math.min(1 - busyShare, creditMs / available) : 0
  const arrivingShare = available > 0 ? Math.min(1 - busyShare - creditShare, figures.downloadMs / available) : 0
  const arriving = working * arrivingShare
  const disk = figures.downloadMs > 0 ? arriving * (figures.diskMs / figures.downloadMs) : 0
  const busy = working * busyShare
  const parsing = busyMs > 0 ? busy * (parseMs / busyMs) : 0
  return {
    startup,
    parsing,
    transform: busy - parsing,
    output: held('output') + working * creditShare,
    network: arriving - disk,
    disk,
    machine: held('memory') + working * (1 - busyShare - creditShare - arrivingShare),
    politeness: held('host', 'rate', 'cooling'),
    list: held('list'),
    retries: held('retry'),
  }
}

function bounds(times: Times): (readonly [Exclude<Bound, 'unknown'>, number])[] {
  const { startup, parsing, transform, output, network, disk, machine, politeness, list, retries } = times
  return [
    ['network', network],
    ['disk', disk],
    ['machine', machine],
    ['politeness', politeness],
    ['parsing', parsing],
    ['transform', transform],
    ['output', output],
    ['list', list],
    ['retries', retries],
    ['startup', startup],
  ]
}

/**
 * The processor's two parts are weighed together: then the larger of them is named. The start of the threads is only named where hardly
 * anything else happened: nobody can do much about it.
 */
function winner(times: Times, total: number): Exclude<Bound, 'unknown'> {
  let best: Exclude<Bound, 'unknown'> = times.parsing >= times.transform ? 'parsing' : 'transform'
  for (const [bound, ms] of bounds(times)) {
    if (bound === 'parsing' || bound === 'transform' || bound === 'startup') continue
    if (ms > ownTime(best, times)) best = bound
  }
  return times.startup > (1 - CLEAR_SHARE) * total ? 'startup' : best
}

function ownTime(bound: Exclude<Bound, 'unknown'>, times: Times): number {
  return bound === 'parsing' || bound === 'transform' ? times.parsing + times.transform : times[bound]
}

function sentenceFor(
  bound: Exclude<Bound, 'unknown'>,
  isClear: boolean,
  figures: RunFigures,
  times: Times,
  total: number,
): string {
  const part = (ms: number) => percent(ms / total)
  if (!isClear) {
    const [first, second] = bounds(times).toSorted(([, a], [, b]) => b - a)
    return first === undefined || second === undefined
      ? ''
      : `Nothing alone bounded this run: ${NAMES[first[0]]} took ${part(first[1])} of its time, ${NAMES[second[0]]} ${part(second[1])}.`
  }
  const slots = figures.elapsedMs > 0 ? (figures.slotMs / figures.elapsedMs).toFixed(1) : '0'
  switch (bound) {
    case 'network':
      return `Network-bound: for ${part(times.network)} of the time threads waited for servers, with ${slots} of ${figures.concurrency} downloads under way on average.`
    case 'disk':
      return `Bound by reading local files: for ${part(times.disk)} of the time threads waited for the disk, with ${slots} of ${figures.concurrency} files open on average.`
    case 'machine':
      return `Bound by this machine: for ${part(times.machine)} of the time documents waited for a thread, the main loop, a processor or memory.`
    case 'politeness':
      return `Bound by manners: for ${part(times.politeness)} of the time ${mannersReason(figures)}.`
    case 'parsing':
    case 'transform': {
      const busy = figures.threads > 0 ? (figures.parseMs + figures.transformMs) / figures.elapsedMs : 0
      const where = bound === 'parsing' ? 'in parsing' : 'in the transform'
      return `CPU-bound ${where}: ${part(times.parsing + times.transform)} of the time went into it, with ${busy.toFixed(1)} of ${figures.threads} threads at work on average.`
    }
    case 'output':
      return `Bound by the output: for ${part(times.output)} of the time records waited to be written, of which writes took ${formatDuration(figures.writeMs)}.`
    case 'list':
      return `Bound by the list: for ${part(times.list)} of the time it had not yielded the next URL.`
    case 'retries':
      return `Bound by failures: for ${part(times.retries)} of the time only documents that wait for another try were left.`
    case 'startup':
      return `Too short to be bound by anything: ${part(times.startup)} of the time went into starting the threads.`
  }
}

function mannersReason({ heldMs, setting }: RunFigures): string {
  const { rate = 0, cooling = 0, host = 0 } = heldMs
  if (cooling >= rate && cooling >= host) return `servers had asked to be left alone, ${formatDuration(cooling)} in all`
  if (rate >= host) return '--rate held back the next document'
  const limit = setting === undefined ? '' : ` (${setting.perHost})`
  return `--per-host${limit} held back the next document, with slots free`
}

function adviceFor(bound: Exclude<Bound, 'unknown'>, figures: RunFigures, times: Times): readonly Advice[] {
  switch (bound) {
    case 'network':
      return [...tailAdvice(figures), networkAdvice(figures, times)]
    case 'disk':
      return [...tailAdvice(figures), diskAdvice(figures, times)]
    case 'machine':
      if ((figures.heldMs.memory ?? 0) > times.machine / 2) {
        return [{ text: 'Documents under way needed all that --memory allows: raise it, or have fewer --threads.' }]
      }
      return [
        {
          text: 'What else runs on this machine takes processors from it; with many small documents it is the handling of each one.',
        },
      ]
    case 'politeness':
      return politenessAdvice(figures, times)
    case 'parsing':
    case 'transform':
      return [...tailAdvice(figures), ...processorAdvice(bound, figures, times)]
    case 'output':
      return outputAdvice(figures, times)
    case 'list':
      return [{ text: 'Have whatever writes the list write it faster, or give it as a file.' }]
    case 'retries':
      return [
        {
          text: 'See the failures below: a server that fails less often under a lower --concurrency costs less time than its retries.',
        },
      ]
    case 'startup':
      return [{ text: 'More documents in a run share the start; fewer --threads start sooner.' }]
  }
}

/** The last documents, alone, while other slots had nothing to do. */
function tailAdvice({ heldMs, elapsedMs, slotMs }: RunFigures): Advice[] {
  const { end = 0 } = heldMs
  if (end < elapsedMs * 0.3 || slotMs === 0) return []
  const text = `The last documents ran alone for ${formatDuration(end)}: put the largest and slowest first in the list.`
  return [{ text, gain: (end / elapsedMs) * 0.7 }]
}

function diskAdvice(figures: RunFigures, times: Times): Advice {
  const wider = figures.concurrency * 2
  const speed = formatByteRate(figures.elapsedMs > 0 ? (figures.wireBytes / figures.elapsedMs) * 1000 : 0)
  return {
    text: `--concurrency ${wider} reads twice as many files at once. It helps where the disk (${speed} now) has more to give.`,
    gain: gainOf(times.disk / 2, figures),
  }
}

function networkAdvice(figures: RunFigures, times: Times): Advice {
  const { concurrency, elapsedMs, wireBytes, setting } = figures
  const wider = concurrency * 2
  const speed = formatByteRate(elapsedMs > 0 ? (wireBytes / elapsedMs) * 1000 : 0)
  const perHost = setting !== undefined && setting.perHost < wider ? ` --per-host ${wider}` : ''
  return {
    text: `--concurrency ${wider}${perHost} asks for twice as many documents at once. It helps where the servers and the line (${speed} now) have room, and the servers' owners do not mind.`,
    gain: gainOf(times.network / 2, figures),
  }
}

function politenessAdvice(figures: RunFigures, times: Times): Advice[] {
  const { rate = 0, cooling = 0, host = 0 } = figures.heldMs
  if (cooling >= rate && cooling >= host) {
    return [
      { text: 'A --rate or a lower --per-host below what the servers bear keeps them from asking for pauses.' },
      { text: 'Their pauses are kept to the millisecond; nothing on this side shortens them.' },
    ]
  }
  if (rate >= host) {
    const interval = figures.setting?.startIntervalMs ?? 0
    const now = interval > 0 ? ` (${perSecond(1000 / interval)} now)` : ''
    const text = `Twice the --rate${now} would be that much faster; ask the servers' owners first.`
    return [{ text, gain: gainOf(times.politeness / 2, figures) }]
  }
  const perHost = figures.setting?.perHost ?? 1
  const text = `--per-host ${perHost * 2} would use slots that are free; ask the servers' owners first.`
  return [{ text, gain: gainOf(times.politeness / 2, figures) }]
}

function processorAdvice(bound: 'parsing' | 'transform', figures: RunFigures, times: Times): Advice[] {
  const { threads, setting, concurrency } = figures
  const busyMs = times.parsing + times.transform
  const advice: Advice[] = []
  if (setting?.parser === 'fast-xml-parser' && bound === 'parsing') {
    const text = '--parser engine parses many times as fast as fast-xml-parser.'
    advice.push({ text, gain: gainOf(times.parsing * (1 - 1 / ENGINE_FACTOR), figures) })
  }
  const free = (setting?.cores ?? 0) - threads
  if (free > 0) {
    const more = Math.min(free, threads)
    const needs = concurrency < threads + more ? ` (with --concurrency ${threads + more})` : ''
    const text = `${formatCount(more)} more ${more === 1 ? 'thread' : 'threads'}: --threads ${threads + more}${needs}.`
    advice.push({ text, gain: gainOf(busyMs * (1 - threads / (threads + more)), figures) })
  } else if (setting !== undefined) {
    const text = `All ${formatCount(setting.cores)} processors are taken: more threads would not help, another machine would (each with a part of the list).`
    advice.push({ text })
  }
  if (bound === 'transform') {
    advice.push({ text: 'A transform that takes half as long.', gain: gainOf(times.transform / 2, figures) })
  }
  return advice
}

function outputAdvice(figures: RunFigures, times: Times): Advice[] {
  const { setting } = figures
  const target = setting?.output ?? ''
  const gain = times.output / 2 / Math.max(1, figures.elapsedMs)
  if (/\.(gz|zst)$/.test(target)) {
    return [{ text: 'An output without compression, or .zst instead of .gz, takes records faster.', gain }]
  }
  if (target === '' || target === '-') {
    return [{ text: 'Whoever reads the records is the slow side: one that is twice as fast would help.', gain }]
  }
  return [{ text: 'A target that takes records twice as fast: a local disk, a nearer database.', gain }]
}

/** The part of the run that it would take less if that much time went away: never below what the next bound needs. */
function gainOf(savedMs: number, { elapsedMs, writeMs }: RunFigures): number {
  if (elapsedMs <= 0) return 0
  return Math.max(0, 1 - Math.max(elapsedMs - savedMs, Math.min(writeMs, elapsedMs)) / elapsedMs)
}

function perSecond(rate: number): string {
  return rate >= 1 ? `${formatRate(rate)}/s` : `${formatRate(rate * 60)}/m`
}

function formatRate(rate: number): string {
  return String(Number(rate.toFixed(1)))
}

/** `40%` */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}

/** What each bound is called in a sentence. */
const NAMES: Readonly<Record<Bound, string>> = {
  network: 'the network',
  disk: 'reading local files',
  machine: 'waiting for this machine',
  politeness: 'manners towards servers',
  parsing: 'parsing',
  transform: 'the transform',
  output: 'the output',
  list: 'the list',
  retries: 'waits for another try',
  startup: 'the start of the threads',
  unknown: 'something unknown',
}
