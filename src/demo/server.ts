/** The server of `xmlmill demo`: 500 made-up documents on loopback, some of them behind bad manners. */
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { MillOptions } from '../options.ts'
import { REQUESTS_MOST, REQUESTS_TOTAL, type ServerData, type ServerReady } from './server-messages.ts'

export interface DemoServer extends ServerReady, AsyncDisposable {
  /** The most requests that were under way at the same time, so far. */
  readonly maxConcurrent: number
  /** Requests so far, those that were asked to come back included. */
  readonly requests: number
  close(): Promise<void>
}

export interface DemoServerSettings {
  /** Adds a dozen documents that fail: malformed, cut, missing, stalled. Default: false. */
  readonly chaos?: boolean
  /** Another seed gives other documents. Default: 1. */
  readonly seed?: number
}

/** What the demonstration mills with, beside the defaults: its documents are volumes of papers. */
export const DEMO_OPTIONS = { record: 'paper' } as const satisfies MillOptions

/** With chaos: the documents that stall or are cut are given up soon, so that it ends within seconds. */
export const CHAOS_OPTIONS = { ...DEMO_OPTIONS, stallTimeout: 1, retries: 1 } as const satisfies MillOptions

/** Starts the server in a thread of its own, on 127.0.0.1 and a free port; close it in the end. */
export async function startDemoServer(settings: DemoServerSettings = {}): Promise<DemoServer> {
  const { chaos = false, seed = 1 } = settings
  const requests = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
  const counters = new Int32Array(requests)
  const workerData: ServerData = { chaos, seed, requests }
  // The same ending as this file's: .ts from the clone, .js from the package.
  const entry = new URL(`./server-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(entry, { workerData })
  // An 'error' before the message rejects this.
  const [ready]: ServerReady[] = await once(worker, 'message')
  if (ready === undefined) throw new Error('the server of the demonstration did not start')
  const close = async (): Promise<void> => {
    await worker.terminate()
  }
  return {
    ...ready,
    get maxConcurrent() {
      return Atomics.load(counters, REQUESTS_MOST)
    },
    get requests() {
      return Atomics.load(counters, REQUESTS_TOTAL)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
