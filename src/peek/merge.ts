/** Several profiles as one: of several documents, or of the places in which records of one kind stand. */
import { type ElementProfile, emptyElement, MAX_SAMPLES, type ValueProfile } from '../channel/document-profile.ts'

/** Elements that a merged tree has at most: enough for any vocabulary, little enough for any number of documents. */
const MAX_ELEMENTS = 20_000

/** One tree with the counts of all. Names beyond the limit are left out. */
export function mergeElements(elements: readonly ElementProfile[]): ElementProfile {
  const [first] = elements
  const merged = emptyElement(first?.name ?? '', first?.namespace ?? '')
  const budget = { elements: MAX_ELEMENTS }
  for (const element of elements) add(merged, element, budget)
  return merged
}

function add(into: ElementProfile, from: ElementProfile, budget: { elements: number }): void {
  into.count += from.count
  into.whole += from.whole
  into.size += from.size
  into.parents += from.parents
  into.wholeParents += from.wholeParents
  into.parentsOfMany += from.parentsOfMany
  into.maxPerParent = Math.max(into.maxPerParent, from.maxPerParent)
  into.minPerParent = Math.min(into.minPerParent || from.minPerParent, from.minPerParent || into.minPerParent)
  into.plain += from.plain
  into.binding += from.binding
  into.withText += from.withText
  into.mixed += from.mixed
  into.interleaved += from.interleaved
  addValues(into.values, from.values)
  for (const [name, attribute] of from.attributes) {
    const known = into.attributes.get(name)
    if (known !== undefined) addValues(known.values, attribute.values)
    else into.attributes.set(name, structuredClone(attribute))
  }
  for (const [name, child] of from.children) {
    let known = into.children.get(name)
    if (known === undefined) {
      if (budget.elements === 0) continue
      budget.elements--
      known = emptyElement(child.name, child.namespace)
      into.children.set(name, known)
    }
    add(known, child, budget)
  }
}

function addValues(into: ValueProfile, from: ValueProfile): void {
  into.count += from.count
  into.maxLength = Math.max(into.maxLength, from.maxLength)
  for (const kind of kindsOf(from)) into.kinds[kind] = (into.kinds[kind] ?? 0) + (from.kinds[kind] ?? 0)
  for (const sample of from.samples) {
    if (into.samples.length < MAX_SAMPLES && !into.samples.includes(sample)) into.samples.push(sample)
  }
}

const KINDS = [
  'integer',
  'decimal',
  'padded',
  'long',
  'inexact',
  'boolean',
  'date',
  'datetime',
  'empty',
  'text',
] as const

/** The kinds of text that were met. */
export function kindsOf(values: ValueProfile): (keyof ValueProfile['kinds'])[] {
  return KINDS.filter((kind) => values.kinds[kind] !== undefined)
}
