/**
 * A large document's records through the transform in all threads: the thread that mills it sends them untransformed ("raw"), each batch goes
 * to the thread with the least to do, and the rows are put back in order here. So a transform that is heavy in CPU uses every
 * thread even when there is a single document.
 *
 * Memory is bounded by the milling thread's credit: it is given back when a batch's rows are taken, not before.
 */
import type { MessagePort } from 'node:worker_threads'
import { releaseMemory } from '../channel/batch-memory.ts'
import type { Batch, MainMessage, Receipt, Report, ThreadMessage, TransformCounts } from '../channel/protocol.ts'

type Transformed = Extract<ThreadMessage, { type: 'transformed' }>

/** What happened to a task's raw batches once all are back. */
export type RelayEnd =
  | { readonly status: 'complete'; readonly counts: TransformCounts }
  /** A thread ended with a batch of it; undefined when there was none left. */
  | { readonly status: 'lost'; readonly port: MessagePort | undefined }

interface Relayed {
  readonly onBatch: (batch: Batch, receipt: Receipt) => void
  sent: number
  /** Sequence number of the batch whose rows go out next. */
  next: number
  /** Rows that came before their turn. */
  readonly early: Map<number, Transformed & { readonly taken: () => void }>
  counts: TransformCounts
  isLost: boolean
  lostAt: MessagePort | undefined
  onProgress: (() => void) | undefined
}

/** A raw batch on its way through a thread. */
interface Errand {
  readonly task: number
  readonly sequence: number
  readonly port: MessagePort
  readonly taken: () => void
}

const NOTHING: TransformCounts = { written: 0, rejected: 0, dropped: 0, milliseconds: 0 }

export class TransformRelay {
  /** Raw batches under way in each thread. */
  readonly #loads = new Map<MessagePort, number>()
  readonly #errands = new Map<number, Errand>()
  readonly #tasks = new Map<number, Relayed>()
  #lastErrand = 0

  addThread(port: MessagePort): void {
    this.#loads.set(port, 0)
  }

  /** The thread is gone, and with it the batches that it had. */
  removeThread(port: MessagePort): void {
    this.#loads.delete(port)
    for (const [id, errand] of this.#errands) {
      if (errand.port !== port) continue
      this.#errands.delete(id)
      errand.taken()
      this.#lose(errand.task, port)
    }
  }

  /** Takes a raw batch of a task; its rows come through `onBatch`, in the order of the batches. */
  submit(task: number, batch: Batch, taken: () => void, onBatch: Relayed['onBatch']): void {
    const relayed = this.#tasks.get(task) ?? this.#begin(task, onBatch)
    const sequence = relayed.sent
    relayed.sent += 1
    const port = this.#leastBusy()
    if (port === undefined || relayed.isLost) {
      taken()
      this.#lose(task, undefined)
      return
    }
    this.#lastErrand += 1
    const id = this.#lastErrand
    this.#errands.set(id, { task, sequence, port, taken })
    this.#loads.set(port, (this.#loads.get(port) ?? 0) + 1)
    const message: MainMessage = { type: 'transform', id, task, bytes: batch.bytes }
    port.postMessage(message, [batch.bytes.buffer])
  }

  /** Rows came back from a thread. */
  receive(message: Transformed): void {
    const errand = this.#errands.get(message.id)
    if (errand === undefined) return
    this.#errands.delete(message.id)
    this.#loads.set(errand.port, (this.#loads.get(errand.port) ?? 1) - 1)
    const relayed = this.#tasks.get(errand.task)
    if (relayed === undefined || relayed.isLost) {
      drop({ ...message, taken: errand.taken })
      return
    }
    relayed.early.set(errand.sequence, { ...message, taken: errand.taken })
    for (let ready = relayed.early.get(relayed.next); ready !== undefined; ready = relayed.early.get(relayed.next)) {
      relayed.early.delete(relayed.next)
      relayed.next += 1
      relayed.counts = sum(relayed.counts, ready.counts)
      deliver(ready, relayed.onBatch)
    }
    relayed.onProgress?.()
  }

  /** Resolves when everything that a task has submitted is back, and forgets the task. */
  async finished(task: number): Promise<RelayEnd> {
    const relayed = this.#tasks.get(task)
    if (relayed === undefined) return { status: 'complete', counts: NOTHING }
    while (!relayed.isLost && relayed.next < relayed.sent) {
      const { promise, resolve } = Promise.withResolvers<void>()
      relayed.onProgress = resolve
      await promise
    }
    this.#tasks.delete(task)
    return relayed.isLost ? { status: 'lost', port: relayed.lostAt } : { status: 'complete', counts: relayed.counts }
  }

  /** Its thread is gone, or it has ended: rows of it that are still to come are nobody's. */
  forget(task: number): void {
    const relayed = this.#tasks.get(task)
    if (relayed === undefined) return
    this.#tasks.delete(task)
    for (const rows of relayed.early.values()) drop(rows)
  }

  #begin(task: number, onBatch: Relayed['onBatch']): Relayed {
    const relayed: Relayed = {
      onBatch,
      sent: 0,
      next: 0,
      early: new Map(),
      counts: NOTHING,
      isLost: false,
      lostAt: undefined,
      onProgress: undefined,
    }
    this.#tasks.set(task, relayed)
    return relayed
  }

  #lose(task: number, port: MessagePort | undefined): void {
    const relayed = this.#tasks.get(task)
    if (relayed === undefined) return
    relayed.isLost = true
    relayed.lostAt ??= port
    for (const rows of relayed.early.values()) drop(rows)
    relayed.early.clear()
    relayed.onProgress?.()
  }

  #leastBusy(): MessagePort | undefined {
    let best: MessagePort | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [port, load] of this.#loads) {
      if (load >= least) continue
      best = port
      least = load
    }
    return best
  }
}

/** Rows that nobody wants any more. */
function drop({ batches, taken }: { readonly batches: readonly Batch[]; readonly taken: () => void }): void {
  for (const { bytes } of batches) releaseMemory(bytes.buffer)
  taken()
}

/** The sender's credit comes back when the last of the rows is taken. */
function deliver(
  { batches, taken }: { readonly batches: readonly Batch[]; readonly taken: () => void },
  onBatch: Relayed['onBatch'],
): void {
  let open = batches.length
  if (open === 0) taken()
  for (const batch of batches) {
    const receipt: Receipt = {
      taken() {
        open -= 1
        if (open === 0) taken()
      },
      // It is another thread's memory than that of the one that is granted anything.
      spent: () => releaseMemory(batch.bytes.buffer),
    }
    onBatch(batch, receipt)
  }
}

function sum(a: TransformCounts, b: TransformCounts): TransformCounts {
  return {
    written: a.written + b.written,
    rejected: a.rejected + b.rejected,
    dropped: a.dropped + b.dropped,
    milliseconds: a.milliseconds + b.milliseconds,
  }
}

/** What other threads made of a document's records, added to its own thread's facts. */
export function withCounts(report: Report, counts: TransformCounts): Report {
  const { outcome } = report
  if (outcome.status === 'failed' || counts.written + counts.rejected + counts.dropped === 0) return report
  const { facts } = outcome
  const dropped = (facts.notes.droppedByTransform ?? 0) + counts.dropped
  return {
    ...report,
    outcome: {
      status: 'done',
      facts: {
        ...facts,
        recordsWritten: facts.recordsWritten + counts.written,
        recordsRejected: facts.recordsRejected + counts.rejected,
        times: { ...facts.times, transformMs: facts.times.transformMs + counts.milliseconds },
        notes: dropped === 0 ? facts.notes : { ...facts.notes, droppedByTransform: dropped },
      },
    },
  }
}
