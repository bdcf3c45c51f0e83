/** What to make of a profile: pure functions from counts to advice. */
import type { ElementProfile, ValueKind, ValueProfile } from '../channel/document-profile.ts'
import { bestCandidate, type RecordCandidate, recordCandidates } from './candidates.ts'
import { kindsOf } from './merge.ts'
import { listPlaces } from './places.ts'

/** A child that stands alone in some records and repeats in others. */
export interface ArraySuggestion {
  readonly name: string
  /** Where, from the record: `AuthorList/Author`. */
  readonly path: string
  readonly least: number
  readonly most: number
}

/** Text beside children. */
export interface MixedSuggestion {
  readonly name: string
  readonly path: string
  readonly count: number
  readonly of: number
}

/** Texts that look like something else than text. */
export interface ValueSuggestion {
  /** `year`, `@id`, `link/@rel`; from the record. */
  readonly path: string
  readonly looksLike: 'integer' | 'number' | 'date' | 'datetime' | 'boolean'
  /** What a JSON number or a numeric column would do to some of them. */
  readonly traps: readonly string[]
  readonly samples: readonly string[]
}

export interface Suggestions {
  /** Values for `--record`; empty when whole documents are the records. */
  readonly record: readonly string[]
  /** The records together. */
  readonly element: ElementProfile
  readonly candidates: readonly RecordCandidate[]
  readonly arrays: readonly ArraySuggestion[]
  readonly mixed: readonly MixedSuggestion[]
  /** Elements whose children are not in groups: JSON keeps their order only within a name. */
  readonly interleaved: readonly MixedSuggestion[]
  readonly values: readonly ValueSuggestion[]
}

/** @param tree the profile of whole documents */
export function suggest(tree: ElementProfile): Suggestions {
  const candidates = recordCandidates(tree)
  const best = bestCandidate(candidates)
  return suggestFor(best?.element ?? rootElement(tree), best?.record ?? [], candidates)
}

/**
 * The same for records that were chosen.
 * @param element all of them together
 */
export function suggestFor(
  element: ElementProfile,
  record: readonly string[],
  candidates: readonly RecordCandidate[],
): Suggestions {
  return {
    record,
    element,
    candidates,
    arrays: arraysIn(element),
    mixed: countsIn(element, 'mixed'),
    interleaved: countsIn(element, 'interleaved').filter(({ path }) => path !== ''),
    values: valuesIn(element),
  }
}

/** The root elements together; the commonest name where there are several. */
export function rootElement(tree: ElementProfile): ElementProfile {
  const [root = tree] = [...tree.children.values()].toSorted((a, b) => b.count - a.count)
  return root
}

/**
 * Single in some places, many in others; or many everywhere, but not the same number, so that a single one is to be expected. The
 * children of mixed content are left out: their order is lost anyway.
 */
function arraysIn(record: ElementProfile): ArraySuggestion[] {
  const found = new Map<string, ArraySuggestion>()
  for (const { element, path, isInMixed } of placesIn(record)) {
    const isSometimesMany = element.parentsOfMany > 0
    const varies = element.minPerParent !== element.maxPerParent || element.wholeParents === 0
    if (!isSometimesMany || !varies || isInMixed || found.has(element.name)) continue
    const { name, minPerParent, maxPerParent } = element
    found.set(name, { name, path, least: minPerParent === 0 ? 1 : minPerParent, most: maxPerParent })
  }
  return [...found.values()]
}

function countsIn(record: ElementProfile, what: 'mixed' | 'interleaved'): MixedSuggestion[] {
  const found = placesIn(record, true).filter(({ element }) => element[what] > 0)
  return found.map(({ element, path }) => ({ name: element.name, path, count: element[what], of: element.count }))
}

function valuesIn(record: ElementProfile): ValueSuggestion[] {
  const found: ValueSuggestion[] = []
  const add = (path: string, values: ValueProfile) => {
    const looksLike = appearance(values)
    if (looksLike === undefined) return
    found.push({ path, looksLike, traps: trapsOf(values), samples: values.samples })
  }
  for (const { element, path } of placesIn(record, true)) {
    const prefix = path === '' ? '' : `${path}/`
    for (const [name, { values }] of element.attributes) add(`${prefix}@${name}`, values)
    if (element.children.size === 0 && path !== '') add(path, element.values)
  }
  return found
}

const NUMBERS: readonly ValueKind[] = ['integer', 'decimal', 'padded', 'long', 'inexact']

/** What all texts of a place look like, or undefined when they look like text. */
export function appearance(values: ValueProfile): ValueSuggestion['looksLike'] | undefined {
  const kinds = kindsOf(values).filter((kind) => kind !== 'empty')
  const [first] = kinds
  if (first === undefined) return undefined
  if (kinds.every((kind) => kind === 'integer' || kind === 'padded' || kind === 'long')) return 'integer'
  if (kinds.every((kind) => NUMBERS.includes(kind))) return 'number'
  if (kinds.length > 1) return kinds.every((kind) => kind === 'date' || kind === 'datetime') ? 'datetime' : undefined
  return first === 'date' || first === 'datetime' || first === 'boolean' ? first : undefined
}

/** Why numbers are better kept as text; empty when they are what they look like. */
export function trapsOf({ kinds }: ValueProfile): readonly string[] {
  const traps: string[] = []
  if (kinds.padded !== undefined) traps.push(`leading zeros in ${kinds.padded}`)
  if (kinds.long !== undefined) traps.push(`more digits than a JSON number keeps in ${kinds.long}`)
  if (kinds.inexact !== undefined) traps.push(`${kinds.inexact} that would be written differently`)
  return traps
}

interface InnerPlace {
  readonly element: ElementProfile
  /** From the record; empty for the record itself. */
  readonly path: string
  readonly isInMixed: boolean
}

function placesIn(record: ElementProfile, withRecord = false): InnerPlace[] {
  const inner = listPlaces(record).map(({ element, path, isInMixed }) => ({
    element,
    path: path.join('/'),
    isInMixed: isInMixed || record.mixed > 0,
  }))
  return withRecord ? [{ element: record, path: '', isInMixed: false }, ...inner] : inner
}
