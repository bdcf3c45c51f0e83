/** What is measured: which documents, held back in which way, and what arithmetic allows at best. */
import { type Address, hugePath, type Pool, pathOf, type Ready } from './origin/protocol.ts'

export type ScenarioName = 'cpu' | 'latency' | 'bandwidth' | 'huge' | 'tiny' | 'transform' | 'cold'

export interface Workload {
  readonly paths: readonly string[]
  /** Of all the bodies together. */
  readonly bytes: number
  /** Less time than this is impossible with four connections. */
  readonly boundMs?: number
}

export interface Scenario {
  readonly name: ScenarioName
  readonly title: string
  readonly sentence: string
  /** Whether the contestants write to stdout, where the first byte is timed. */
  readonly toStdout: boolean
  /** Most that a slow contestant is given of it: its throughput is as good on a part, and nobody waits for an hour. */
  readonly share: number
  workload(share: number): Workload
}

export const CONCURRENCY = 4
const LATENCY_MS = 50
const BYTES_PER_SECOND = 8_000_000

export interface Sizes {
  readonly mixedPoolBytes: number
  readonly cpuBytes: number
  readonly latencyDocuments: number
  readonly bandwidthDocuments: number
  readonly hugeBytes: number
  readonly tinyDocuments: number
  readonly transformDocuments: number
  /** Part of the CPU-bound scenarios that a slow contestant gets. */
  readonly share: number
}

export const FULL: Sizes = {
  mixedPoolBytes: 64 << 20,
  cpuBytes: 1 << 30,
  latencyDocuments: 800,
  bandwidthDocuments: 160,
  hugeBytes: 2 * 2 ** 30,
  tinyDocuments: 100_000,
  transformDocuments: 1000,
  share: 1 / 8,
}

export const QUICK: Sizes = {
  mixedPoolBytes: 16 << 20,
  cpuBytes: 128 << 20,
  latencyDocuments: 100,
  bandwidthDocuments: 24,
  hugeBytes: 256 << 20,
  tinyDocuments: 10_000,
  transformDocuments: 100,
  share: 1 / 4,
}

/** @param corpus whether the mixed documents are somebody's own: then only those scenarios run that use them */
export function scenarios(sizes: Sizes, origin: Ready, corpus: boolean): readonly Scenario[] {
  const pooled = (pool: Pool, count: number, how: Partial<Address> = {}): Workload => {
    const lengths = origin[pool]
    let bytes = 0
    const paths: string[] = []
    for (let position = 0; position < count; position++) {
      const index = position % lengths.length
      bytes += lengths[index] ?? 0
      paths.push(pathOf({ pool, index, prefix: Math.floor(position / lengths.length), ...how }))
    }
    return { paths, bytes }
  }
  /** Documents that together have about so many bytes, in whole rounds of the pool where there is more than one. */
  const mixed = (bytes: number): Workload => {
    const poolBytes = origin.mixed.reduce((sum, length) => sum + length, 0)
    const rounds = bytes / poolBytes
    const whole = rounds >= 1 ? Math.round(rounds) : rounds
    return pooled('mixed', Math.max(1, Math.round(whole * origin.mixed.length)))
  }
  const all: readonly Scenario[] = [
    {
      name: 'cpu',
      title: 'CPU',
      sentence: `${amount(mixed(sizes.cpuBytes).bytes)} in documents of many sizes from loopback: nothing holds them back but the machine.`,
      toStdout: false,
      share: sizes.share,
      workload: (share) => mixed(sizes.cpuBytes * share),
    },
    {
      name: 'latency',
      title: 'Latency',
      sentence: `${sizes.latencyDocuments} documents of 50 KB, each answered after ${LATENCY_MS} ms, ${CONCURRENCY} at once.`,
      toStdout: false,
      share: 1,
      workload: () => ({
        ...pooled('middling', sizes.latencyDocuments, { latencyMs: LATENCY_MS }),
        boundMs: (sizes.latencyDocuments / CONCURRENCY) * LATENCY_MS,
      }),
    },
    {
      name: 'bandwidth',
      title: 'Bandwidth',
      sentence: `${sizes.bandwidthDocuments} documents of 2 MB, each connection at 8 MB/s, ${CONCURRENCY} at once.`,
      toStdout: false,
      share: 1,
      workload: () => {
        const load = pooled('equal', sizes.bandwidthDocuments, { bytesPerSecond: BYTES_PER_SECOND })
        return { ...load, boundMs: (load.bytes / (CONCURRENCY * BYTES_PER_SECOND)) * 1000 }
      },
    },
    {
      name: 'huge',
      title: 'One huge document',
      sentence: `One document of ${amount(sizes.hugeBytes)} from loopback.`,
      toStdout: false,
      share: sizes.share,
      workload: (share) => {
        const bytes = Math.round(sizes.hugeBytes * share)
        return { paths: [hugePath(bytes)], bytes }
      },
    },
    {
      name: 'tiny',
      title: 'Tiny documents',
      sentence: `${sizes.tinyDocuments.toLocaleString('en')} documents of 1 KB from loopback.`,
      toStdout: false,
      share: sizes.share,
      workload: (share) => pooled('tiny', Math.round(sizes.tinyDocuments * share)),
    },
    {
      name: 'transform',
      title: 'A heavy function',
      sentence: `${sizes.transformDocuments} documents of 50 KB, and a function of 200 SHA-256 digests for each record.`,
      toStdout: false,
      share: 1,
      workload: () => pooled('middling', sizes.transformDocuments),
    },
    {
      name: 'cold',
      title: 'Cold start',
      sentence: 'One document of 50 KB: the time from the start of the process to its first record.',
      toStdout: true,
      share: 1,
      workload: () => pooled('middling', 1),
    },
  ]
  return corpus ? all.filter(({ name }) => name === 'cpu') : all
}

function amount(bytes: number): string {
  return bytes >= 1 << 30 ? `${+(bytes / (1 << 30)).toFixed(2)} GB` : `${Math.round(bytes / (1 << 20))} MB`
}
