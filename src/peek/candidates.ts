/**
 * Which elements are likely records: those that repeat beside each other, have a structure, and cover most of the documents.
 *
 * The score is a product of shares between 0 and 1, so that one thing that speaks against an element is enough to put it behind. The
 * figures were set on kinds of document that people have (feeds, library dumps, exports, prose), not derived.
 */
import type { ElementProfile } from '../channel/document-profile.ts'
import { mergeElements } from './merge.ts'
import { covers, listPlaces, localName, type Place, pathsOf } from './places.ts'

export interface RecordCandidate {
  /** Values for `--record`: one, or several where no single path names just these elements. */
  readonly record: readonly string[]
  /** All of its elements together, wherever they stand. */
  readonly element: ElementProfile
  /** Part of all bytes that these elements take, 0 to 1. */
  readonly share: number
  /** Mean number beside each other. */
  readonly perParent: number
  /** Higher is likelier; only good for comparing. */
  readonly score: number
}

/** Under this share of the bytes an element is not worth to be named. */
const MIN_SHARE = 0.1
/** A record covers this share, or else the document is the record. */
const MIN_SUGGESTED_SHARE = 0.5
/** As many beside each other are as good as any number more. */
const FULL_REPETITION = 31
/** Names below an element that are looked at to see its structure. */
const MAX_FIELDS = 20

/**
 * Likely records, the likeliest first. Empty when nothing repeats.
 * @param tree the profile of whole documents
 */
export function recordCandidates(tree: ElementProfile): RecordCandidate[] {
  const places = listPlaces(tree)
  const groups = Map.groupBy(
    places.filter(({ element, path }) => path.length > 1 && element.count > element.parents),
    ({ element }) => `{${element.namespace}}${localName(element.name)}`,
  )
  const candidates: RecordCandidate[] = []
  for (const group of groups.values()) {
    for (const cluster of clustersOf(group)) {
      const candidate = weigh(namable(cluster, places), tree.size, places)
      if (candidate.share >= MIN_SHARE) candidates.push(candidate)
    }
  }
  return candidates.sort((a, b) => b.score - a.score)
}

/** The candidate to suggest, or undefined when whole documents are the records. */
export function bestCandidate(candidates: readonly RecordCandidate[]): RecordCandidate | undefined {
  return candidates.find(({ share }) => share >= MIN_SUGGESTED_SHARE)
}

/** Elements of one name belong together where they carry about the same; one inside another belongs to the outer one. */
function clustersOf(group: readonly Place[]): Place[][] {
  const clusters: { readonly places: Place[]; readonly fields: ReadonlySet<string> }[] = []
  const bySize = group.toSorted((a, b) => a.path.length - b.path.length || b.element.size - a.element.size)
  for (const place of bySize) {
    if (clusters.some(({ places }) => places.some((outer) => covers(outer, place)))) continue
    const fields = fieldsOf(place.element)
    const alike = clusters.find((cluster) => similarity(cluster.fields, fields) >= 0.5)
    if (alike !== undefined) alike.places.push(place)
    else clusters.push({ places: [place], fields })
  }
  return clusters.map(({ places }) => places)
}

/** What takes several paths to name is rather a field of many things than a record: then only its largest place counts. */
function namable(cluster: readonly Place[], places: readonly Place[]): readonly Place[] {
  if (pathsOf(cluster, places).length === 1) return cluster
  return cluster.toSorted((a, b) => b.element.size - a.element.size).slice(0, 1)
}

function weigh(cluster: readonly Place[], totalSize: number, places: readonly Place[]): RecordCandidate {
  const element = mergeElements(cluster.map((place) => place.element))
  const share = totalSize === 0 ? 0 : Math.min(1, element.size / totalSize)
  const perParent = element.count / Math.max(1, element.parents)
  const repetition = Math.min(1, Math.log2(1 + perParent) / Math.log2(1 + FULL_REPETITION))
  const isProse = cluster.some(({ isInMixed }) => isInMixed) || element.mixed > element.count / 5
  const score =
    share *
    repetition *
    structureOf(element) *
    (isProse ? 0.1 : 1) *
    (isShelf(element) ? 0.5 : 1) *
    (isColumn(element) ? 0.5 : 1)
  return { record: pathsOf(cluster, places), element, share, perParent, score }
}

function structureOf(element: ElementProfile): number {
  const fields = fieldsOf(element).size
  if (element.children.size > 0) return fields / (fields + 2)
  // A text and nothing else, or a text with a name beside it: rather a field of something than a record.
  return fields === 0 ? 0.02 : (0.8 * fields) / (fields + 2)
}

/** Whether it does little but hold a list of things that look like records themselves. */
function isShelf(element: ElementProfile): boolean {
  for (const child of element.children.values()) {
    const own = element.children.size + attributeNames(element).length - 1
    const isProse = child.mixed > child.count / 5
    const repeats = child.count >= 2 * child.parents
    if (isThing(child) && !isProse && repeats && child.size >= 0.7 * element.size && own <= 3) return true
  }
  return false
}

/** Whether it carries enough to be more than a value with a name. */
function isThing(element: ElementProfile): boolean {
  return element.children.size > 0 || attributeNames(element).length >= 3
}

/** Whether it is a value of which every parent has the same number: the columns of a row, not rows. */
function isColumn(element: ElementProfile): boolean {
  const { wholeParents, minPerParent, maxPerParent } = element
  return !isThing(element) && wholeParents >= 3 && minPerParent === maxPerParent && maxPerParent > 1
}

/** Names of what an element carries: attributes, text beside them, and elements three levels down. */
function fieldsOf(element: ElementProfile): ReadonlySet<string> {
  const fields = new Set<string>()
  const visit = (at: ElementProfile, path: string, levels: number): void => {
    for (const name of attributeNames(at)) fields.add(`${path}@${name}`)
    if (at.withText > 0) fields.add(`${path}#text`)
    if (levels === 0) return
    for (const child of at.children.values()) {
      if (fields.size >= MAX_FIELDS) return
      fields.add(`${path}${child.name}`)
      visit(child, `${path}${child.name}/`, levels - 1)
    }
  }
  visit(element, '', 3)
  return fields
}

function attributeNames(element: ElementProfile): string[] {
  return [...element.attributes.keys()].filter((name) => name !== 'xmlns' && !name.startsWith('xmlns:'))
}

/** Part of the names of both that is common (Jaccard index). */
function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter((name) => b.has(name)).length
  const all = a.size + b.size - common
  return all === 0 ? 1 : common / all
}
