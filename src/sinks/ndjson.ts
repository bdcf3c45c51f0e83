/** NDJSON into a file or stdout, compressed as the file's name says. */
import { type ByteTarget, openFile, openStdout } from './byte-target.ts'
import { compressed, compressionOf } from './compression.ts'
import type { DoneDocument, Sink } from './sink.ts'

/** @param output `-` or a path */
export async function openNdjson(output: string, existing: 'refuse' | 'append' | 'replace'): Promise<Sink> {
  return ndjsonSink(await openTarget(output, existing), (document) => document.records)
}

/**
 * The file for records that were refused. It is made when the first one comes: most runs have none.
 */
export function openRejects(path: string, existing: 'append' | 'replace'): Sink {
  let target: Promise<ByteTarget> | undefined
  return ndjsonSink(
    {
      async write(bytes) {
        target ??= openTarget(path, existing)
        await (await target).write(bytes)
      },
      async close() {
        await (await target)?.close()
      },
    },
    (document) => document.rejects,
  )
}

async function openTarget(output: string, existing: 'refuse' | 'append' | 'replace'): Promise<ByteTarget> {
  if (output === '-') return openStdout()
  const file = await openFile(output, existing)
  const compression = compressionOf(output)
  return compression === undefined ? file : compressed(file, compression)
}

/** Small documents are written together: a write of its own for each would cost more than its bytes. */
const WRITE_BYTES = 1 << 20

function ndjsonSink(target: ByteTarget, held: (document: DoneDocument) => DoneDocument['records']): Sink {
  return {
    async write(documents) {
      let chunks: Uint8Array[] = []
      let bytes = 0
      const flush = async () => {
        const [only] = chunks
        const all = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, bytes)
        chunks = []
        bytes = 0
        await target.write(all)
      }
      for (const document of documents) {
        if (document.status === 'failed') continue
        for await (const chunk of held(document).read()) {
          chunks.push(chunk)
          bytes += chunk.byteLength
          if (bytes >= WRITE_BYTES) await flush()
        }
      }
      if (bytes > 0) await flush()
    },
    close: () => target.close(),
  }
}
