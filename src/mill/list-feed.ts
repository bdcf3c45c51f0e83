/** Reads the list into the scheduler, a little ahead of what runs. */
import type { BadLine, Document } from '../model.ts'
import type { Bell } from '../schedule/bell.ts'
import type { Remembered, Sink } from '../sinks/sink.ts'
import type { DocumentSource } from '../sources/source.ts'
import { recalledList } from './recalled-list.ts'
import type { UntimedEvent } from './untimed-events.ts'

/** The run, as far as its list goes. */
export interface Feeding {
  /** Whether nothing more is wanted of the list. */
  isOver(): boolean
  /** Whether the document at this place of the list may be scheduled; the bell is rung when that may have changed. */
  hasRoom(id: number): boolean
  /** @param remembered what is known of one that is asked for again */
  onDocument(document: Document, remembered: Remembered | undefined): void
  onBadLine(line: BadLine): void
  /** One that an earlier run has done. */
  onSkipped(id: number): void
  onEvent(event: UntimedEvent): void
}

export interface FeedInput {
  readonly list: DocumentSource
  readonly sink: Sink
  /** Whether documents that are done are asked for again. */
  readonly updates: boolean
  readonly bell: Bell
}

export class ListFeed {
  readonly #input: FeedInput
  readonly #run: Feeding
  #listed = 0
  #hasEnded = false
  #heldBack: number | undefined
  #skipped = 0

  constructor(input: FeedInput, run: Feeding) {
    this.#input = input
    this.#run = run
  }

  /** Whether all of the list has been read. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Place in the list of the document that is read and for which there is no room yet. */
  get heldBack(): number | undefined {
    return this.#heldBack
  }

  /** Documents that an earlier run has done. */
  get skipped(): number {
    return this.#skipped
  }

  /** @throws whatever the list or the ledger throws */
  async read(): Promise<void> {
    const { list, sink, updates, bell } = this.#input
    for await (const batch of recalledList(list, sink)) {
      let skipped = 0
      for (const { listed, remembered } of batch) {
        const { id } = listed.kind === 'document' ? listed.document : listed.line
        if (remembered !== undefined && !updates) {
          this.#run.onSkipped(id)
          skipped += 1
          this.#listed += 1
          continue
        }
        this.#heldBack = id
        while (!this.#run.isOver() && !this.#run.hasRoom(id)) await bell.rung()
        this.#heldBack = undefined
        if (this.#run.isOver()) return
        if (listed.kind === 'document') this.#run.onDocument(listed.document, remembered)
        else this.#run.onBadLine(listed.line)
        this.#listed += 1
        bell.ring()
      }
      if (skipped > 0) this.#run.onEvent({ type: 'documents-skipped', documents: skipped })
      this.#skipped += skipped
      if (this.#run.isOver()) return
    }
    this.#hasEnded = true
    const { duplicates, ofOtherShards } = list
    const ofOthers = ofOtherShards > 0 ? { ofOtherShards } : {}
    this.#run.onEvent({ type: 'list-ended', documents: this.#listed, duplicates, ...ofOthers })
    bell.ring()
  }
}
