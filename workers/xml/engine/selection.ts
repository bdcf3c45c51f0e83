/** `select`: the parts of a record that a transform needs, as edges of a trie for assembly/selection.ts. */
import { MillError } from '../../../src/errors.ts'

export interface SelectionEdge {
  readonly from: number
  readonly kind: number
  /** Of the child or the attribute; empty for text. */
  readonly name: string
  readonly to: number
}

// As in assembly/selection.ts.
const ALL = 1
const ROOT = 2
const CHILD = 0
const ATTRIBUTE = 1
const TEXT = 2
const MOST_EDGES = 256

/**
 * Reads paths such as `title`, `author.last`, `@_id` and `abstract.#text`: names as the output has them, from the record
 * down, a dot between them; a dot that belongs to a name is written `\.`.
 * @throws MillError OPTIONS_INVALID
 */
export function selectionEdges(
  paths: readonly string[],
  attributePrefix: string,
  textKey: string,
): readonly SelectionEdge[] {
  if (paths.length === 0)
    throw new MillError('OPTIONS_INVALID', 'select names no part of a record: leave it out for all')
  const edges = new Map<string, SelectionEdge>()
  let states = ROOT
  const add = (from: number, kind: number, name: string, isLast: boolean): number => {
    const key = `${from} ${kind} ${name}`
    const known = edges.get(key)
    // What is wanted whole stays so, whatever else is asked of it.
    if (known?.to === ALL) return ALL
    const to = isLast ? ALL : (known?.to ?? ++states)
    edges.set(key, { from, kind, name, to })
    return to
  }
  for (const path of paths) {
    const steps = path.split(/(?<!\\)\./).map((step) => step.replaceAll('\\.', '.'))
    if (steps.includes(''))
      throw new MillError('OPTIONS_INVALID', `select has ${JSON.stringify(path)}, where a step has no name`)
    let state = ROOT
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1
      if (isLast && step === textKey) add(state, TEXT, '', true)
      if (isLast && step.startsWith(attributePrefix) && step.length > attributePrefix.length) {
        add(state, ATTRIBUTE, step.slice(attributePrefix.length), true)
      }
      state = add(state, CHILD, step, isLast)
      if (state === ALL) break
    }
  }
  if (edges.size > MOST_EDGES) throw new MillError('OPTIONS_INVALID', `select has more than ${MOST_EDGES} steps`)
  return [...edges.values()]
}
