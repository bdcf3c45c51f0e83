/** Columns of parts that were taken from their first records, and so may differ from part to part. Pure. */
import { MillError } from '../../errors.ts'

export interface PartColumns {
  /** All, in their order. */
  readonly names: readonly string[]
  /** The keys of records that the last of the names are for; undefined where the columns were named. */
  readonly keys: readonly string[] | undefined
}

/** All columns of all parts: those before the record's own, and then the record's in the order in which they first come. */
export function unionColumns(all: readonly PartColumns[]): PartColumns | undefined {
  const [first] = all
  if (first?.keys === undefined) return first
  const names = new Map<string, string>()
  for (const { names: some, keys = [] } of all) {
    const own = some.slice(some.length - keys.length)
    for (const [place, key] of keys.entries()) names.set(key, own[place] ?? key)
  }
  const lead = first.names.slice(0, first.names.length - first.keys.length)
  return { names: [...lead, ...names.values()], keys: [...names.keys()] }
}

/**
 * Where each of the output's columns is in a part; -1 for nowhere. Undefined where the part has the very same columns.
 * @throws MillError OUTPUT_FAILED where the part has a column that the output has not
 */
export function placesIn(
  part: { readonly path: string; readonly names: readonly string[] },
  output: { readonly path: string; readonly names: readonly string[] },
): readonly number[] | undefined {
  const extra = part.names.filter((name) => !output.names.includes(name))
  if (extra.length > 0)
    throw new MillError(
      'OUTPUT_FAILED',
      `${part.path} has columns that ${output.path} has not (${extra.join(', ')}); merge all parts at once into another output`,
    )
  const isSame = part.names.length === output.names.length && part.names.every((name, at) => name === output.names[at])
  return isSame ? undefined : output.names.map((name) => part.names.indexOf(name))
}
