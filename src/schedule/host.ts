/** A host and its queue. */
import type { Failure } from '../errors.ts'
import type { Attempt, Document } from '../model.ts'
import type { HostBudget } from './host-budget.ts'

/** A document on its way through the scheduler. */
export interface Entry extends Attempt {
  readonly document: Document
  readonly host: Host
  number: number
  /** What this document's servers have asked it to wait so far. */
  patienceSpentMs: number
  holdsSlot: boolean
  /** It waits in a thread for the document before it, whose slot it is to have. */
  follows: boolean
  startedAt: number
}

export interface Host {
  readonly name: string
  /** Documents not yet done or failed; a host without any is forgotten once its times have passed. */
  documents: number
  running: number
  /** How long its documents take, in milliseconds: a mean that forgets; undefined after a failure. */
  paceMs: number | undefined
  /** Documents for another try go before new ones. */
  readonly again: Entry[]
  readonly queued: Entry[]
  /** Index of the first entry of `queued`: shifting an array of 10,000 each time would cost as much. */
  head: number
  nextStart: number
  coolUntil: number
  /** When its timer will wake it, so that it has one timer at a time; 0 for none. */
  timer: number
  /** Set while the host asked for a wait beyond the limit. */
  putOff: Failure | undefined
  /** Made at the first failure. */
  budget: HostBudget | undefined
  /** The failure for which the host was given up. */
  lastFault: Failure | undefined
}

export function createHost(name: string): Host {
  return {
    name,
    documents: 0,
    running: 0,
    paceMs: undefined,
    again: [],
    queued: [],
    head: 0,
    nextStart: 0,
    coolUntil: 0,
    timer: 0,
    putOff: undefined,
    budget: undefined,
    lastFault: undefined,
  }
}

/** Nothing of it starts before that time. */
export function coolHost(host: Host, until: number): void {
  host.coolUntil = Math.max(host.coolUntil, until)
}

export function hasQueued(host: Host): boolean {
  return host.again.length > 0 || host.head < host.queued.length
}

/** The document that is taken next, unless the host is probed. */
export function nextQueued(host: Host): Entry | undefined {
  return host.again[0] ?? host.queued[host.head]
}

/** Documents queued. */
export function queueLength(host: Host): number {
  return host.again.length + host.queued.length - host.head
}

/** Takes the document whose turn it is out of the host's queue. */
export function takeQueued(host: Host): Entry | undefined {
  // A host that is probed is asked for something else than what has failed: it may be well, and a few of its documents not.
  const isFresh = host.budget?.isProbing === true && host.head < host.queued.length
  const entry = (isFresh ? undefined : host.again.shift()) ?? host.queued[host.head]
  if (entry !== undefined && entry === host.queued[host.head]) {
    host.head += 1
    if (host.head > 64 && host.head * 2 > host.queued.length) {
      host.queued.splice(0, host.head)
      host.head = 0
    }
  }
  return entry
}
