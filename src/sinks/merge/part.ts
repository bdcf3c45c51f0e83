/** One of the outputs that are merged: held, checked, and open to be read. */
import { realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { MillError } from '../../errors.ts'
import { lockLedger, readLedger } from '../../ledger/ledger-file.ts'
import type { RunShape } from '../../ledger/run-shape.ts'
import type { SqliteLedger } from '../../ledger/sqlite-ledger.ts'
import { LINES, RECORDS } from '../ledger-place.ts'
import type { OutputKind } from '../output.ts'
import { ledgerPath, problemsOf } from '../verify.ts'

/** What the ledger of a merged output calls the shards that are in it. */
const SHARDS = 'shards'

export interface Part extends Disposable {
  /** As the user has it. */
  readonly path: string
  readonly kind: OutputKind
  readonly ledger: SqliteLedger
  /** What tells it from every other part. */
  readonly id: string
  /** The shape of its records, whatever its shard. */
  readonly shape: RunShape
  /** The shards that are in it, such as `3/8`; none where it is of a run without --shard. */
  readonly shards: readonly string[]
  /** The files of its rejects, as far as they count. */
  readonly rejects: readonly { readonly path: string; readonly bytes: number }[]
}

/**
 * Takes the lock of a part and opens its ledger.
 * @throws MillError OPTIONS_INVALID where it has no ledger, OUTPUT_LOCKED, OUTPUT_FAILED, PART_INCOMPLETE
 */
export function openPart(path: string, kind: OutputKind): Part {
  const place = ledgerPath(path, kind)
  const lock = lockLedger(place, path)
  try {
    const opened = readLedger(place, path)
    const { ledger } = opened
    const dispose = () => {
      opened[Symbol.dispose]()
      lock.release()
    }
    try {
      ledger.checkWhole()
      const { shard, ...shape } = ledger.shape
      return {
        path,
        kind,
        ledger,
        id: ledger.id ?? realpathSync(path),
        shape,
        shards: shard === undefined ? shardsIn(ledger) : [JSON.parse(shard)],
        rejects: rejectsOf(place, ledger),
        [Symbol.dispose]: dispose,
      }
    } catch (cause) {
      dispose()
      throw cause
    }
  } catch (cause) {
    lock.release()
    throw cause
  }
}

/**
 * Reads the whole part.
 * @throws MillError PART_DAMAGED where it is not what its ledger says
 */
export async function checkPart({ path, kind, ledger }: Part): Promise<void> {
  const [first, ...more] = await problemsOf(path, kind, ledger)
  if (first === undefined) return
  const others = more.length === 0 ? '' : ` (and ${more.length} more: see xmlmill verify)`
  throw new MillError('PART_DAMAGED', `${path} is damaged: ${first}${others}; nothing was merged`)
}

/** The shard that is in an output with a ledger, where it is of one. */
export function shardIn(path: string, kind: OutputKind): string | undefined {
  const place = ledgerPath(path, kind)
  const lock = lockLedger(place, path)
  try {
    using opened = readLedger(place, path)
    const { shard } = opened.ledger.shape
    return shard === undefined ? undefined : JSON.parse(shard)
  } finally {
    lock.release()
  }
}

/** The shards that a merged output has. */
export function shardsIn(ledger: SqliteLedger): readonly string[] {
  return JSON.parse(ledger.meta(SHARDS) ?? '[]')
}

/** To be called within a commit: the output has these shards as well. */
export function addShards(ledger: SqliteLedger, shards: readonly string[]): void {
  if (shards.length === 0) return
  ledger.setMeta(SHARDS, JSON.stringify([...new Set([...shardsIn(ledger), ...shards])]))
}

/** More than one where runs into the part had different --rejects. */
function rejectsOf(ledgerPath: string, ledger: SqliteLedger): Part['rejects'] {
  return [...ledger.positions()].flatMap(([name, { bytes }]) =>
    name === RECORDS || name === LINES || bytes === 0 ? [] : [{ path: resolve(dirname(ledgerPath), name), bytes }],
  )
}
