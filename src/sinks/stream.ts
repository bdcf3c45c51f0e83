/**
 * Records into what only takes them: stdout, a pipe, a device. What was written cannot be taken back, so a kill between a write
 * and the commit of a `--state` ledger gives a group of documents twice to whoever reads; never is one lost.
 */
import { existsSync } from 'node:fs'
import { type ByteTarget, openDevice, openStdout } from './byte-target.ts'
import { compressed, compressionOf } from './compression.ts'
import type { OutputLedger } from './output-ledger.ts'
import { RejectsFile } from './rejects.ts'
import type { SettledDocument, Sink, Store } from './sink.ts'
import type { TargetRequest } from './target.ts'
import { WriteBuffer } from './write-buffer.ts'

/** Several small documents go together: a write of its own for each would cost more than its bytes. */
const WRITE_BYTES = 1 << 20

/**
 * Opens a stream; with `--state` one that remembers.
 * @throws MillError OUTPUT_FAILED, OUTPUT_LOCKED, SHAPE_CHANGED
 */
export async function openStream(request: TargetRequest): Promise<Sink | Store> {
  const { output, options, rejects } = request
  const { state } = options
  if (state === undefined) {
    // Without a ledger nothing is known of an earlier file of rejects but that it is of an earlier run. One that
    // was named is not taken for ours.
    const file = await RejectsFile.open(rejects, rejects, { position: () => undefined }, options.rejects === undefined)
    return streamSink(await openTarget(output), file)
  }
  const beside = await openState(state, request)
  try {
    return streamStore(await openTarget(output), beside)
  } catch (cause) {
    await beside.close()
    throw cause
  }
}

/** A run without `--state` starts without what a ledger needs. */
async function openState(state: string, request: TargetRequest): Promise<OutputLedger> {
  const [{ lockLedger, removeLedger }, { OutputLedger }] = await Promise.all([
    import('../ledger/ledger-file.ts'),
    import('./output-ledger.ts'),
  ])
  const isReplaced = request.options.existing === 'replace'
  const lock = lockLedger(state, state)
  if (isReplaced) removeLedger(state)
  return OutputLedger.open(state, lock, request, isReplaced || !existsSync(state))
}

async function openTarget(output: string): Promise<ByteTarget> {
  const target = output === '-' ? openStdout() : await openDevice(output)
  const compression = compressionOf(output)
  return compression === undefined ? target : compressed(target, compression)
}

function streamSink(target: ByteTarget, rejects: RejectsFile): Sink {
  const gathered = gatheringFor(target)
  return {
    async write(documents) {
      await writeRecords(gathered, documents)
      await rejects.append(documents)
      rejects.committed(await rejects.synced())
    },
    async close() {
      await Promise.all([target.close(), rejects.close()])
    },
  }
}

function streamStore(target: ByteTarget, beside: OutputLedger): Store {
  const gathered = gatheringFor(target)
  return {
    get commitIntervalMs() {
      return beside.commitIntervalMs
    },
    recall: async (documents) => beside.recall(documents),
    rejectedRecords: async () => beside.rejectedRecords(),
    async write(documents) {
      await writeRecords(gathered, documents)
      await target.flush?.()
      await beside.commit(documents, {})
    },
    async close() {
      await Promise.all([target.close(), beside.close()])
    },
  }
}

function gatheringFor(target: ByteTarget): WriteBuffer {
  return new WriteBuffer(WRITE_BYTES, (bytes) => target.write(bytes))
}

async function writeRecords(gathered: WriteBuffer, documents: readonly SettledDocument[]): Promise<void> {
  for (const document of documents) {
    if (document.status !== 'done') continue
    for await (const chunk of document.records.read()) await gathered.append(chunk)
  }
  await gathered.flush()
}
