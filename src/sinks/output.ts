/** The output that the options ask for: the target of the records, the file of the rejects, or neither. */
import type { RunOptions } from '../options.ts'
import { openNdjson, openRejects } from './ndjson.ts'
import type { Sink } from './sink.ts'

export interface Output extends Sink, AsyncDisposable {}

/**
 * Opens the targets.
 * @throws MillError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function openOutput(options: RunOptions): Promise<Output> {
  const sinks: Sink[] = []
  const { output, existing } = options
  if (output !== undefined) sinks.push(await openNdjson(output, existing))
  const rejects = rejectsPath(options)
  if (rejects !== undefined) sinks.push(openRejects(rejects, existing === 'append' ? 'append' : 'replace'))
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= closeAll(sinks)
    return closing
  }
  return {
    async write(documents) {
      for (const sink of sinks) await sink.write(documents)
    },
    close,
    // Whoever disposes after an error has that error to tell.
    [Symbol.asyncDispose]: () => close().catch(() => {}),
  }
}

/** Writes to one sink, then to the other. Closing stays with their owners. */
export function inTurn(first: Sink, second: Sink): Sink {
  return {
    async write(documents) {
      await first.write(documents)
      await second.write(documents)
    },
    async close() {},
  }
}

/** Where rejects go: beside the output; stdout has its rejects in the working directory. */
export function rejectsPath({ rejects, output }: Pick<RunOptions, 'rejects' | 'output'>): string | undefined {
  if (rejects !== undefined || output === undefined) return rejects
  return output === '-' ? 'xmlmill.rejects.ndjson' : `${output}.rejects.ndjson`
}

async function closeAll(sinks: readonly Sink[]): Promise<void> {
  const closed = await Promise.allSettled(sinks.map((sink) => sink.close()))
  for (const result of closed) if (result.status === 'rejected') throw result.reason
}
