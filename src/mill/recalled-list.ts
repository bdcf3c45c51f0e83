/** The list with what the output already knows of its documents, a batch at a time: asked for one by one, it would be the slowest part. */
import type { DocumentFacts } from '../model.ts'
import type { Remembered, Sink } from '../sinks/sink.ts'
import { inBatches } from '../sources/batches.ts'
import type { DocumentSource, Listed } from '../sources/source.ts'

/** Documents that the output is asked about at once. */
const RECALL_DOCUMENTS = 1000

interface Recalled {
  readonly listed: Listed
  /** Undefined when it is to be milled. */
  readonly remembered: Remembered | undefined
}

export async function* recalledList(list: DocumentSource, sink: Sink): AsyncGenerator<readonly Recalled[]> {
  for await (const batch of inBatches(list, RECALL_DOCUMENTS)) {
    const documents = batch.flatMap((listed) => (listed.kind === 'document' ? [listed.document] : []))
    const known = ((await sink.recall?.(documents)) ?? []).values()
    yield batch.map((listed) => ({
      listed,
      remembered: listed.kind === 'document' ? known.next().value : undefined,
    }))
  }
}

/** Servers that know no validators send what they have sent before. */
export function isSameBody({ bodySha256 }: DocumentFacts, remembered: Remembered | undefined): boolean {
  return bodySha256 !== undefined && bodySha256 === remembered?.bodySha256
}
