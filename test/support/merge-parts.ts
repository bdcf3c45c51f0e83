/** Outputs of the shards of a list, and of an undisturbed run over all of it, for tests of what joins them. */
import { afterAll } from 'vitest'
import { type Chain, millUndisturbed, writeDocuments } from './kill-chain.ts'
import { COLUMNS, directory, file, parquet, type SinkTarget, sqlite } from './sink-targets.ts'
import { temporaryFolder } from './temporary-folder.ts'

const SHARDS = 3

/** Every kind of output that has parts: its target by the name that is given. */
export const MERGED: readonly (readonly [name: string, extension: string, targetOf: (name: string) => SinkTarget])[] = [
  ['NDJSON', '.ndjson', (name) => file(name)],
  ['NDJSON with gzip', '.ndjson.gz', (name) => file(name)],
  ['NDJSON with zstd', '.ndjson.zst', (name) => file(name)],
  ['a directory', '/', directory],
  ['CSV, its columns inferred', '.csv', (name) => file(name)],
  ['CSV with --columns', '.csv.gz', (name) => file(name, COLUMNS)],
  ['SQLite', '.sqlite', (name) => sqlite(name, [])],
  ['SQLite with --key', '.db', (name) => sqlite(name, [...COLUMNS, '--key', 'id', '--table', 'things'])],
  ['Parquet, its columns inferred', '.parquet', (name) => parquet(name, [])],
  ['Parquet with --columns', '.parquet', (name) => parquet(name, COLUMNS)],
]

export interface Shards {
  /** Chains of one list and one folder: the outputs of its shards. */
  readonly parts: readonly Chain[]
  /** All of the list in one output. */
  readonly whole: Chain
  /** The output that the parts are merged into, in this folder or another. */
  into(name: string, folder?: Chain['folder']): Chain
}

/** Mills the shards and the whole, once for all tests of a file. */
export function millShards(extension: string, targetOf: (name: string) => SinkTarget): () => Promise<Shards> {
  let milled: Promise<Shards> | undefined
  return () => {
    milled ??= (async () => {
      const folder = temporaryFolder()
      afterAll(() => folder[Symbol.dispose]())
      const input = writeDocuments(folder)
      const chain = (name: string, flags: readonly string[], elsewhere = folder): Chain => ({
        input,
        folder: elsewhere,
        target: targetOf(`${name}${extension}`),
        flags,
      })
      const parts = Array.from({ length: SHARDS }, (_, place) =>
        chain(`part-${place + 1}`, ['--shard', `${place + 1}/${SHARDS}`]),
      )
      const whole = chain('whole', [])
      for (const one of [...parts, whole]) await millUndisturbed(one)
      return { parts, whole, into: (name, elsewhere) => chain(name, [], elsewhere) }
    })()
    return milled
  }
}

/** Where a chain's output is. */
export function outputOf({ folder, target }: Chain): string {
  return folder.file(target.output)
}
