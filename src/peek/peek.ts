/** Looks into the first part of a few documents: list -> scheduler -> thread -> one profile. As polite as a run, with the same slots. */
import { type ElementProfile, emptyElement, type PeekedDocument } from '../channel/document-profile.ts'
import type { Failure } from '../errors.ts'
import type { Attempt } from '../model.ts'
import type { RunOptions } from '../options.ts'
import { Bell } from '../schedule/bell.ts'
import { Scheduler } from '../schedule/scheduler.ts'
import type { DocumentList } from '../sources/source.ts'
import { mergeElements } from './merge.ts'
import { PeekThread } from './thread.ts'

export interface PeekInput {
  readonly list: DocumentList
  readonly options: RunOptions
  /** How much of a document is read, decompressed. */
  readonly partBytes: number
  /** How many documents of the list are looked into. */
  readonly documents: number
  /** Told when a document has to be asked for again. */
  readonly onRetry?: (url: string, failure: Failure, delayMs: number) => void
}

export interface FailedPeek {
  readonly url: string
  readonly failure: Failure
}

export interface PeekResult {
  /** In the order of the list. */
  readonly documents: readonly PeekedDocument[]
  readonly failed: readonly FailedPeek[]
  /** All documents together: its `children` are the roots. */
  readonly tree: ElementProfile
}

/** @throws MillError SOURCE_UNREADABLE. A document's failure is part of the result. */
export async function peek(input: PeekInput): Promise<PeekResult> {
  const { options, partBytes } = input
  await using thread = new PeekThread({ options: options.thread, partBytes })
  const scheduler = new Scheduler(options.schedule)
  const failed: (FailedPeek & { readonly id: number })[] = []
  await fill(scheduler, input, failed)

  const peeked: { readonly id: number; readonly document: PeekedDocument }[] = []
  const bell = new Bell()
  const tryOne = async (attempt: Attempt) => {
    const { id, url } = attempt.document
    const outcome = await thread.peek(url)
    const now = performance.now()
    if (outcome.status === 'peeked') {
      scheduler.done(attempt, now)
      peeked.push({ id, document: outcome.document })
    } else {
      const verdict = scheduler.failed(attempt, outcome.failure, now)
      if (verdict.next === 'failed') failed.push({ id, url, failure: verdict.failure })
      else input.onRetry?.(url, outcome.failure, verdict.notBefore - now)
    }
    bell.ring()
  }
  while (scheduler.attempting + scheduler.pending > 0) {
    for (;;) {
      const attempt = scheduler.next(performance.now())
      if (attempt === undefined) break
      // It does not reject: the thread's answers never do.
      void tryOne(attempt)
    }
    const given = scheduler.giveUp(performance.now())
    failed.push(...given.map(({ document, failure }) => ({ id: document.id, url: document.url, failure })))
    if (given.length > 0) continue
    const wakeAt = scheduler.wakeAt()
    await bell.rung(wakeAt === undefined ? undefined : wakeAt - performance.now())
  }
  const documents = peeked.sort((a, b) => a.id - b.id).map(({ document }) => document)
  const trees = documents.map(({ profile }) => profile.tree)
  return {
    documents,
    failed: failed.sort((a, b) => a.id - b.id),
    tree: trees.length === 0 ? emptyElement('', '') : mergeElements(trees),
  }
}

/** Takes the first documents of the list; the rest is not read. */
async function fill(
  scheduler: Scheduler,
  { list, documents }: PeekInput,
  failed: (FailedPeek & { readonly id: number })[],
): Promise<void> {
  let count = 0
  for await (const listed of list) {
    if (listed.kind === 'document') scheduler.add(listed.document)
    else failed.push({ id: listed.line.id, url: listed.line.url, failure: listed.line.failure })
    count++
    if (count >= documents) return
  }
}
