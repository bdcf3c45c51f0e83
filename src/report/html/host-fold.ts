import { DistributionFold } from './distribution.ts'
import type { HostRow } from './report-data.ts'

/** Hosts tracked, and hosts shown. */
const MAX_HOSTS = 1000
const SHOWN_HOSTS = 100

interface Host {
  done: number
  failed: number
  retries: number
  wireBytes: number
  downloadMs: number
  readonly downloads: DistributionFold
}

/** Hosts compared; those beyond the first thousand are only counted together. */
export class HostFold {
  readonly #hosts = new Map<string, Host>()

  get count(): number {
    return this.#hosts.size
  }

  done(name: string, wireBytes: number, downloadMs: number): void {
    const host = this.#host(name)
    if (host === undefined) return
    host.done += 1
    host.wireBytes += wireBytes
    host.downloadMs += downloadMs
    host.downloads.add(downloadMs)
  }

  failed(name: string): void {
    const host = this.#host(name)
    if (host !== undefined) host.failed += 1
  }

  retried(name: string): void {
    const host = this.#host(name)
    if (host !== undefined) host.retries += 1
  }

  /** Those with the most documents first. */
  rows(): readonly HostRow[] {
    return Array.from(this.#hosts)
      .sort(([, a], [, b]) => b.done + b.failed - a.done - a.failed)
      .slice(0, SHOWN_HOSTS)
      .map(([host, figures]) => ({
        host,
        done: figures.done,
        failed: figures.failed,
        retries: figures.retries,
        wireBytes: figures.wireBytes,
        medianDownloadMs: figures.downloads.quantile(0.5),
        p95DownloadMs: figures.downloads.quantile(0.95),
        bytesPerSecond: figures.downloadMs > 0 ? Math.round((figures.wireBytes / figures.downloadMs) * 1000) : 0,
      }))
  }

  #host(name: string): Host | undefined {
    if (name === '') return undefined
    let host = this.#hosts.get(name)
    if (host === undefined && this.#hosts.size < MAX_HOSTS) {
      host = { done: 0, failed: 0, retries: 0, wireBytes: 0, downloadMs: 0, downloads: new DistributionFold() }
      this.#hosts.set(name, host)
    }
    return host
  }
}
