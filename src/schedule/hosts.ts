/**
 * The hosts and their turns: which of them may have a document start, and which document that is. Pure: the clock is an argument. Each
 * call costs at most O(log n).
 */
import { createHost, type Entry, type Host, hasQueued, takeQueued } from './host.ts'
import { TimeHeap } from './time-heap.ts'

export class Hosts {
  readonly #perHost: number
  readonly #hosts = new Map<string, Host>()
  /** Hosts that may have something to start, in the order of their turns. */
  readonly #runnable = new Set<Host>()
  /** Hosts that become runnable by time alone. */
  readonly #times = new TimeHeap<Host>()
  /** Hosts that are given up and have documents queued. */
  readonly #abandoned = new Set<Host>()
  #queued = 0

  /** @param perHost documents of a host that may download at once */
  constructor(perHost: number) {
    this.#perHost = perHost
  }

  /** Documents queued at all of them. */
  get queued(): number {
    return this.#queued
  }

  get isAnyRunnable(): boolean {
    return this.#runnable.size > 0
  }

  /** Whether another host has something that only wants a slot of the run. */
  isOtherWaiting(host: Host, now: number): boolean {
    for (const other of this.#runnable) {
      if (other === host) continue
      if (this.#mayStart(other, now)) return true
      this.#runnable.delete(other)
    }
    return false
  }

  /** When one becomes runnable by time alone. */
  get wakeAt(): number | undefined {
    return this.#times.earliest
  }

  /** The one that then does. */
  get firstToWake(): Host | undefined {
    return this.#times.first
  }

  [Symbol.iterator](): Iterator<Host> {
    return this.#hosts.values()
  }

  /** The host of one document more. */
  join(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = createHost(name)
      this.#hosts.set(name, host)
    }
    host.documents += 1
    return host
  }

  /** One document less. */
  leave(host: Host, now: number): void {
    host.documents -= 1
    if (host.documents === 0) this.#forget(host, now)
  }

  queue(entry: Entry): void {
    entry.host.queued.push(entry)
    this.#queued += 1
    this.offer(entry.host)
  }

  /** Before those that were not yet tried. */
  queueAgain(entry: Entry): void {
    entry.host.again.push(entry)
    this.#queued += 1
    this.offer(entry.host)
  }

  /** The host may have something to start, or to be given up. */
  offer(host: Host): void {
    if (host.budget?.isGivenUp === true) this.#abandoned.add(host)
    else this.#runnable.add(host)
  }

  /** What may start now: of the host whose turn it is. */
  next(now: number): Entry | undefined {
    for (const host of this.#runnable) {
      this.#runnable.delete(host)
      if (!this.#mayStart(host, now)) continue
      const entry = this.take(host)
      if (entry === undefined) continue
      this.#runnable.add(host)
      return entry
    }
    return undefined
  }

  take(host: Host): Entry | undefined {
    const entry = takeQueued(host)
    if (entry !== undefined) this.#queued -= 1
    return entry
  }

  /** Those that are given up and have documents queued; each is told once. */
  *abandoned(): Generator<Host> {
    for (const host of this.#abandoned) {
      this.#abandoned.delete(host)
      if (host.budget?.isGivenUp === true) yield host
    }
  }

  /** Finds those whose time has come. */
  wake(now: number): void {
    for (let host = this.#times.popDue(now); host !== undefined; host = this.#times.popDue(now)) {
      host.timer = 0
      if (host.documents > 0) this.#runnable.add(host)
      else this.#forget(host, now)
    }
  }

  /** Whether a slot and the time allow a start; when only time is in the way, the host is woken by it. */
  #mayStart(host: Host, now: number): boolean {
    if (!hasQueued(host) || host.budget?.isGivenUp === true) return false
    if (host.budget?.isProbing === true && host.running > 0) return false
    if (host.name !== '' && host.running >= this.#perHost) return false
    if (this.#wakeLater(host, now)) return false
    host.putOff = undefined
    return true
  }

  /** Whether the host's rate or cooling stand against a start; then it is woken when they no longer do. */
  #wakeLater(host: Host, now: number): boolean {
    const from = Math.max(host.nextStart, host.coolUntil)
    if (from <= now) return false
    if (host.timer !== from) {
      host.timer = from
      this.#times.push(from, host)
    }
    return true
  }

  /** A host without documents is only remembered while its times need it. */
  #forget(host: Host, now: number): void {
    // A timer may be left of one that was forgotten before and has come back since.
    if (this.#hosts.get(host.name) !== host || host.budget?.isGivenUp === true) return
    if (!this.#wakeLater(host, now)) this.#hosts.delete(host.name)
  }
}
