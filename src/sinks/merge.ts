/**
 * Outputs of several runs into one: those of the shards of a list, or of the workers of a fleet.
 *
 * The parts are read only; their ledgers say what is in them, and the output gets a ledger of its own that says the same: it can be verified, gone
 * on with, updated, and merged again. What is moved is committed in steps of whole documents, so the output is in order at any time; a merge that
 * was killed is taken to its end by the same call, for what is there and the same is left. Parts may be added to a merged output later.
 */
import { realpathSync } from 'node:fs'
import { MillError } from '../errors.ts'
import type { LedgerRow } from '../ledger/ledger.ts'
import { checkShape, type RunShape } from '../ledger/run-shape.ts'
import { choose } from './merge/choice.ts'
import { addShards, checkPart, openPart, type Part, shardIn, shardsIn } from './merge/part.ts'
import { takeRejects } from './merge/rejects.ts'
import type { MergeTarget, MergeTargetRequest } from './merge/target.ts'
import { type OutputKind, outputKind, rejectsPath } from './output.ts'

export interface MergeRequest {
  readonly output: string
  /** Outputs of one kind, that of the output, of runs whose records have one shape, and which have ended (see Sink.complete). */
  readonly parts: readonly string[]
  /** Where the rejects of the parts go; beside the output unless given. */
  readonly rejects?: string | undefined
  /**
   * Whether a part's document is to be taken; all unless given. One that is done in several parts is taken once where they agree, and is
   * an error where they do not: who knows which of them counts, says so here.
   */
  readonly keeps?: (row: LedgerRow, part: string) => boolean
  /** Told of each part that is in the output. */
  readonly onPart?: (part: PartMerged) => void
}

/** What was taken of a part. */
export interface PartMerged {
  readonly part: string
  readonly done: number
  readonly failed: number
  /** Documents that were in the output already, of another part or by an earlier call. */
  readonly left: number
  /** Those not to be kept. */
  readonly leftOut: number
}

/** What the output has now. */
export interface Merged {
  readonly done: number
  readonly failed: number
  readonly records: number
  /** Shards that no part has, such as `3/8`; empty also where the parts are of no shards, or of splits that do not go together. */
  readonly missingShards: readonly string[]
}

const TARGETS: Readonly<Partial<Record<OutputKind, (request: MergeTargetRequest) => Promise<MergeTarget>>>> = {
  ndjson: async (request) => (await import('./merge/record-file.ts')).openNdjsonTarget(request),
  csv: async (request) => (await import('./merge/record-file.ts')).openCsvTarget(request),
  directory: async (request) => (await import('./merge/directory.ts')).openDirectoryTarget(request),
  sqlite: async (request) => (await import('./merge/sqlite.ts')).openSqliteTarget(request),
  parquet: async (request) => (await import('./merge/parquet.ts')).openParquetTarget(request),
}

/**
 * Merges parts into an output, which is made if it is absent.
 * @throws MillError OPTIONS_INVALID for parts that do not go together, PART_INCOMPLETE, PART_DAMAGED, PARTS_DIFFER, SHAPE_CHANGED, OUTPUT_EXISTS,
 * OUTPUT_LOCKED, OUTPUT_FAILED
 */
export async function mergeOutputs(request: MergeRequest): Promise<Merged> {
  const { output, parts } = request
  const kind = outputKind(output)
  const open = TARGETS[kind]
  if (open === undefined)
    throw new MillError(
      'OPTIONS_INVALID',
      kind === 'postgres'
        ? 'there is nothing to merge in PostgreSQL: shards go into one database, all with the same --output'
        : `${output} has no ledger that parts could be merged into`,
    )
  checkPaths(output, parts)
  const shape = commonShape(kind, parts)
  // All of them, before the output is touched: where one is damaged, there is no output with some of the others.
  for (const path of parts) {
    using part = openPart(path, kind)
    await checkPart(part)
  }
  const rejects = rejectsPath({ output, rejects: request.rejects }) ?? ''
  const target = await open({ output, shape, rejects, parts }).catch((cause: unknown) => {
    if (cause instanceof MillError && cause.code === 'SHAPE_CHANGED') refuseShard(output, kind)
    throw cause
  })
  try {
    for (const path of parts) {
      using part = openPart(path, kind)
      const merged = await takePart(part, target, request)
      request.onPart?.(merged)
    }
    target.ledger.markEnded()
    const { done, failed, records } = target.ledger.counts()
    return { done, failed, records, missingShards: missingShards(shardsIn(target.ledger)) }
  } finally {
    await target.close()
  }
}

async function takePart(part: Part, target: MergeTarget, { output, keeps }: MergeRequest): Promise<PartMerged> {
  const choice = choose(part, { output, ledger: target.ledger, keeps })
  await takeRejects(part, target, choice)
  await target.take(part, choice)
  target.ledger.commit({ rows: [], within: () => addShards(target.ledger, part.shards) })
  return { part: part.path, ...choice.counts }
}

/** @throws MillError OPTIONS_INVALID */
function checkPaths(output: string, parts: readonly string[]): void {
  const kind = outputKind(output)
  const problems: string[] = []
  const seen = new Map([[real(output), output]])
  for (const part of parts) {
    const other = seen.get(real(part))
    if (other !== undefined)
      problems.push(other === output ? `${part} is the output itself: ${OUTPUT_FIRST}` : `${part} is given twice`)
    seen.set(real(part), part)
    const own = outputKind(part)
    if (own !== kind) problems.push(`${part} is ${KIND_NAMES[own]}, and ${output} ${KIND_NAMES[kind]}`)
  }
  if (problems.length === 0 && isNamedAsPart(output, parts))
    problems.push(`${output} is a part itself: ${OUTPUT_FIRST}`)
  if (problems.length > 0) throw new MillError('OPTIONS_INVALID', problems.join('\n'))
}

const OUTPUT_FIRST = 'the output that the parts go into comes first, and then the parts'

/** Whether it is called as the part of another worker of a fleet, beside those that are given: somebody has named the parts alone. */
function isNamedAsPart(output: string, parts: readonly string[]): boolean {
  const wholeName = (path: string) => path.replace(/\.part-\d+(?=[./]|$)/, '')
  const whole = wholeName(output)
  return whole !== output && parts.some((part) => part !== whole && wholeName(part) === whole)
}

/** @throws MillError OPTIONS_INVALID where what is there of the output is of one shard */
function refuseShard(output: string, kind: OutputKind): void {
  const shard = shardIn(output, kind)
  if (shard !== undefined)
    throw new MillError('OPTIONS_INVALID', `${output} is a part itself, shard ${shard}: ${OUTPUT_FIRST}`)
}

const KIND_NAMES: Readonly<Record<OutputKind, string>> = {
  stream: 'a stream',
  ndjson: 'a file of JSON lines',
  directory: 'a directory of files',
  csv: 'a CSV file',
  parquet: 'a directory of Parquet files',
  sqlite: 'an SQLite database',
  postgres: 'a PostgreSQL database',
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * The shape that all parts have.
 * @throws MillError SHAPE_CHANGED, and what openPart throws, for any of them: before anything is written
 */
function commonShape(kind: OutputKind, parts: readonly string[]): RunShape {
  let first: Pick<Part, 'path' | 'shape'> | undefined
  for (const path of parts) {
    using part = openPart(path, kind)
    if (first === undefined) first = { path, shape: part.shape }
    else checkShape(`${path}, beside ${first.path},`, first.shape, part.shape)
  }
  return first?.shape ?? {}
}

/** The shards of a split that are in none of the parts. */
function missingShards(shards: readonly string[]): readonly string[] {
  const [count, ...others] = new Set(shards.map((shard) => Number(shard.split('/')[1])))
  if (count === undefined || others.length > 0) return []
  return Array.from({ length: count }, (_, place) => `${place + 1}/${count}`).filter((shard) => !shards.includes(shard))
}
