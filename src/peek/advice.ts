/** From what was found to the options of a run. */
import type { PeekedDocument } from '../channel/document-profile.ts'
import { type MillOptions, OPTIONS, parseSize } from '../options.ts'
import { localName } from './places.ts'
import type { Suggestions } from './suggestions.ts'

/** The options that were given and those that the documents ask for; what was given stays. */
export function advisedOptions(
  given: MillOptions,
  suggestions: Suggestions,
  documents: readonly PeekedDocument[],
): MillOptions {
  const { record, element, arrays } = suggestions
  // Names of arrays are those that are written; record paths are those of the document.
  const found = arrays.map(({ name }) => (given.stripNamespaces === true ? localName(name) : name))
  const names = [...new Set([...textsOf(given.array), ...found])]
  const maxBytes = neededMaxBytes(given, documents)
  return {
    ...given,
    ...(given.record === undefined && record.length > 0 && { record: record.length === 1 ? record[0] : record }),
    ...(names.length > 0 && { array: names.join(',') }),
    ...(maxBytes !== undefined && { maxBytes }),
    output: given.output ?? `${fileName(element.name)}.ndjson`,
  }
}

/** The same with everything in its order where text stands between elements; undefined when nothing is lost, or the shape was chosen. */
export function losslessOptions(advised: MillOptions, suggestions: Suggestions): MillOptions | undefined {
  const isChosen =
    advised.shape !== undefined || advised.parser === 'fast-xml-parser' || advised.parserOptions !== undefined
  if (isChosen || suggestions.mixed.length === 0) return undefined
  // Every child is in an array of its own there.
  const { array: _, ...kept } = advised
  return { ...kept, shape: 'ordered' }
}

/** A size that the largest announced document fits into; undefined when all do. Compressed ones may still be larger. */
function neededMaxBytes(given: MillOptions, documents: readonly PeekedDocument[]): string | undefined {
  const limit = parseSize(given.maxBytes ?? OPTIONS.maxBytes.default) ?? Number.POSITIVE_INFINITY
  const longest = Math.max(0, ...documents.map(({ wireLength }) => wireLength ?? 0))
  return longest > limit ? `${Math.ceil((longest * 1.1) / 2 ** 30)}g` : undefined
}

function textsOf(value: string | readonly string[] | undefined): readonly string[] {
  return [value ?? []].flat().flatMap((names) => names.split(','))
}

function fileName(element: string): string {
  return element.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^[-.]+/, '') || 'records'
}
