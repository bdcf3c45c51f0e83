/**
 * The parts of prom-client that a scrape needs, one by one. Its index also loads what pushes to gateways, what gathers from clusters, and
 * with @opentelemetry/api sixty files for traces that nobody has here: 35 ms of processor time, and these 6. Hence its exact version in
 * package.json.
 */
import { createRequire } from 'node:module'
import type PromClient from 'prom-client'

const load = createRequire(import.meta.url)

export const Registry: typeof PromClient.Registry = load('prom-client/lib/registry.js')
export const Counter: typeof PromClient.Counter = load('prom-client/lib/counter.js')
export const Gauge: typeof PromClient.Gauge = load('prom-client/lib/gauge.js')
export const Histogram: typeof PromClient.Histogram = load('prom-client/lib/histogram.js')

/** Its default metrics but for the time of processors, which is what needs traces. */
const PROCESS_METRICS = [
  'eventLoopLag',
  'gc',
  'heapSizeAndUsed',
  'heapSpacesSizeAndUsed',
  'osMemoryHeap',
  'processHandles',
  'processMaxFileDescriptors',
  'processOpenFileDescriptors',
  'processRequests',
  'processResources',
  'processStartTime',
  'version',
]

interface ProcessSettings {
  /** How often the delay of the main loop is measured, in milliseconds. */
  readonly eventLoopMonitoringPrecision: number
}

export type OpenMetricsRegistry = PromClient.Registry<PromClient.OpenMetricsContentType>

type Collect = (registry: OpenMetricsRegistry, settings: ProcessSettings) => void

export function collectProcessMetrics(...given: Parameters<Collect>): void {
  for (const name of PROCESS_METRICS) {
    const collect: Collect = load(`prom-client/lib/metrics/${name}.js`)
    collect(...given)
  }
}
