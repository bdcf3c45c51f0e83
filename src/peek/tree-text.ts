/** The tree of elements, as a person reads it: a line a place, its count, and what is remarkable about it. */
import type { ElementProfile, ValueProfile } from '../channel/document-profile.ts'
import { recordMatcher } from './chosen-record.ts'
import { covers, listPlaces, type Place } from './places.ts'
import { appearance, type Suggestions, trapsOf } from './suggestions.ts'

/** Nesting that is shown. */
const MAX_LEVELS = 8
/** Children of one element that are shown. */
const MAX_CHILDREN = 25
const MAX_LINES = 150
const MAX_NAME_COLUMNS = 40

interface Row {
  readonly name: string
  readonly count: string
  readonly remarks: readonly string[]
}

/** @param columns width of the terminal; longer lines are cut */
export function renderTree(tree: ElementProfile, suggestions: Suggestions, columns: number): string[] {
  const isRecord = recordMatcher(suggestions.record)
  const places = new Map(listPlaces(tree).map((place) => [place.element, place]))
  const records = suggestions.record.length === 0 ? [] : [...places.values()].filter(isRecord)
  const arrays = new Set(suggestions.arrays.map(({ name }) => name))
  const isInRecord = (place: Place) =>
    suggestions.record.length === 0 || records.some((record) => record !== place && covers(record, place))

  const rows: Row[] = []
  const visit = (parent: ElementProfile, level: number): void => {
    const children = [...parent.children.values()]
    for (const element of children.slice(0, MAX_CHILDREN)) {
      if (rows.length >= MAX_LINES) return
      const place = places.get(element)
      const remarks = remarksOn(element, parent)
      if (place !== undefined && records.includes(place)) remarks.push('<- record')
      else if (place !== undefined && arrays.has(element.name) && isInRecord(place)) remarks.push('<- array')
      rows.push({ name: '  '.repeat(level) + element.name, count: figure(element.count), remarks })
      rows.push(...attributeRows(element, level + 1))
      if (level + 1 < MAX_LEVELS) visit(element, level + 1)
      else if (element.children.size > 0) rows.push(more(level + 1, element.children.size, 'deeper down'))
    }
    if (children.length > MAX_CHILDREN) rows.push(more(level, children.length - MAX_CHILDREN, 'more'))
  }
  visit(tree, 0)
  if (rows.length >= MAX_LINES) rows.push({ name: '…', count: '', remarks: ['--json has all'] })
  return align(rows, columns)
}

function remarksOn(element: ElementProfile, parent: ElementProfile): string[] {
  const remarks: string[] = []
  const { minPerParent: least, maxPerParent: most } = element
  if (most > 1) remarks.push(least === most ? `${most} in each` : `${least === 0 ? 1 : least} to ${most} in each`)
  if (parent.whole > 0 && element.wholeParents < parent.whole && parent.name !== '') {
    remarks.push(`in ${percent(element.wholeParents / parent.whole)}`)
  }
  if (element.mixed > 0) remarks.push(`mixed content in ${figure(element.mixed)}`)
  if (element.children.size === 0) remarks.push(...aboutValues(element.values))
  return remarks
}

function attributeRows(element: ElementProfile, level: number): Row[] {
  return [...element.attributes.values()]
    .filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'))
    .slice(0, MAX_CHILDREN)
    .map(({ name, values }) => ({
      name: `${'  '.repeat(level)}@${name}`,
      count: figure(values.count),
      remarks: aboutValues(values),
    }))
}

function aboutValues(values: ValueProfile): string[] {
  const looksLike = appearance(values)
  const about = looksLike === undefined ? [] : [[looksLike, ...trapsOf(values)].join(', ')]
  const [sample] = values.samples
  return sample === undefined ? about : [...about, JSON.stringify(sample)]
}

function more(level: number, count: number, what: string): Row {
  return { name: `${'  '.repeat(level)}… ${figure(count)} ${what}`, count: '', remarks: [] }
}

function align(rows: readonly Row[], columns: number): string[] {
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...rows.map(({ name }) => name.length)))
  const countColumns = Math.max(0, ...rows.map(({ count }) => count.length))
  return rows.map(({ name, count, remarks }) => {
    const line = `  ${name.padEnd(nameColumns)}  ${count.padStart(countColumns)}  ${remarks.join(' · ')}`.trimEnd()
    return line.length > columns ? `${line.slice(0, Math.max(1, columns - 1))}…` : line
  })
}

/** With commas at the thousands, whatever the locale. */
export function figure(count: number): string {
  return count.toLocaleString('en-US')
}

export function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1%' : `${Math.floor(share * 100)}%`
}
