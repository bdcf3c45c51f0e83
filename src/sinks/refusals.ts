/** Records of a group of documents that the target has put among the rejects. */

import type { Refusal } from './columns.ts'
import type { DoneDocument, OnRefused, Refused, SettledDocument } from './sink.ts'

export class Refusals {
  readonly #ofDocument = new Map<SettledDocument, Refused>()

  add(document: DoneDocument, { reason, gap }: Refusal): void {
    const before = this.#ofDocument.get(document)
    const known = before?.gap
    this.#ofDocument.set(document, {
      records: (before?.records ?? 0) + 1,
      reason: before?.reason ?? reason,
      gap: gap === undefined || known === undefined ? (gap ?? known) : joined(known, gap),
    })
  }

  /** How many of a document. */
  records(document: SettledDocument): number {
    return this.#ofDocument.get(document)?.records ?? 0
  }

  /** After the commit. */
  tell(onRefused: OnRefused): void {
    for (const [document, refused] of this.#ofDocument) if (document.status === 'done') onRefused(document, refused)
  }
}

function joined(a: NonNullable<Refused['gap']>, b: NonNullable<Refused['gap']>): NonNullable<Refused['gap']> {
  return { present: a.present.length > 0 ? a.present : b.present, missing: [...a.missing, ...b.missing] }
}
