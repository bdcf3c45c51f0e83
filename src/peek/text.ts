/** The report of a peek, for a person. */
import type { PeekedDocument } from '../channel/document-profile.ts'
import type { FailedPeek, PeekResult } from './peek.ts'
import type { MixedSuggestion, Suggestions } from './suggestions.ts'
import { figure, percent, renderTree } from './tree-text.ts'

export interface Report {
  readonly result: PeekResult
  readonly suggestions: Suggestions
  /** Command lines to copy: the one to begin with, and what it is; then others. */
  readonly commands: readonly (readonly [string, string])[]
}

/** Lines of one part that are shown. */
const MAX_ROWS = 15

export function renderReport({ result, suggestions, commands }: Report, columns: number): string {
  const sections = [
    section('Documents', documentRows(result.documents)),
    section('Elements', renderTree(result.tree, suggestions, columns)),
    section('Records', recordRows(suggestions)),
    section('Single here, many there', arrayRows(suggestions)),
    section('Looks like more than text (text it stays, but for --values)', valueRows(suggestions)),
    section('Mixed content: JSON does not keep where text and elements stand', mixedRows(suggestions.mixed)),
    section(
      'Children of different names take turns: JSON keeps their order only within a name',
      mixedRows(suggestions.interleaved),
    ),
    section('To know', notes(result.documents)),
    section('Failed', failureRows(result.failed, result.documents)),
    section('For a table (CSV, Parquet, a database)', [
      '  with --types sql this command prints the table, and the --columns that fill it',
    ]),
    ...commands.map(([title, command]) => section(title, [`  ${command}`])),
  ]
  return sections.filter((text) => text !== '').join('\n')
}

function section(title: string, rows: readonly string[]): string {
  return rows.length === 0 ? '' : `${title}\n${rows.join('\n')}\n`
}

function documentRows(documents: readonly PeekedDocument[]): string[] {
  const shown = documents.map(({ url, decodedBytes, isWhole, encoding }) => {
    const part = isWhole ? 'all of it' : 'the first part'
    return `  ${url}  ${size(decodedBytes)}, ${part}, ${encoding}`
  })
  const doctypes = new Set(documents.flatMap(({ profile }) => profile.doctype ?? []))
  const namespaces = new Map(
    documents.flatMap(({ profile }) => profile.namespaces).map((pair) => [pair.join(' '), pair]),
  )
  return [
    ...cut(shown),
    ...cut([...doctypes].map((doctype) => `  doctype    ${doctype}`)),
    ...cut(Array.from(namespaces.values(), ([prefix, name]) => `  namespace  ${prefix || '(default)'} = ${name}`)),
  ]
}

function recordRows({ record, element, candidates }: Suggestions): string[] {
  const rows = candidates.map((candidate) => {
    const isChosen = candidate.record.join() === record.join()
    const { count } = candidate.element
    const paths = candidate.record.map((path) => `--record ${path}`).join(' ')
    const why = `${figure(count)}, ${mean(candidate.perParent)} beside each other, ${percent(candidate.share)} of the bytes`
    return `  ${isChosen ? '' : 'or '}${paths}: ${why}`
  })
  if (record.length === 0) {
    const why = 'no element repeats that covers most of it'
    return [`  each document is one record, <${element.name}>: ${why}`, ...cut(rows, 5)]
  }
  if (candidates.every((candidate) => candidate.record.join() !== record.join())) {
    rows.unshift(`  ${record.map((path) => `--record ${path}`).join(' ')}: ${figure(element.count)}, as you chose`)
  }
  return cut(rows, 5)
}

function arrayRows({ arrays }: Suggestions): string[] {
  return cut(arrays.map(({ name, path, least, most }) => `  --array ${name}: ${path}, ${least} to ${most}`))
}

function valueRows({ values }: Suggestions): string[] {
  return cut(
    values.map(({ path, looksLike, traps, samples }) => {
      const hint = traps.length === 0 ? '' : `; keep it as text: ${traps.join(', ')}`
      return `  ${path}: ${looksLike}${hint} (${samples.join(', ')})`
    }),
  )
}

function mixedRows(mixed: readonly MixedSuggestion[]): string[] {
  return cut(mixed.map(({ path, name, count, of }) => `  ${path || name}: ${figure(count)} of ${figure(of)}`))
}

function notes(documents: readonly PeekedDocument[]): string[] {
  const sum = (what: 'comments' | 'instructions' | 'entityReferences' | 'hidden') =>
    documents.reduce((total, { profile }) => total + profile[what], 0)
  const rows: string[] = []
  const say = (count: number, text: string) => {
    if (count > 0) rows.push(`  ${figure(count)} ${text}`)
  }
  say(sum('comments'), 'comments, which JSON leaves out')
  say(sum('instructions'), 'processing instructions, which JSON leaves out')
  say(sum('entityReferences'), 'references to entities of a document type declaration')
  say(sum('hidden'), 'elements and attributes that are not shown: too many names')
  return rows
}

function failureRows(failed: readonly FailedPeek[], documents: readonly PeekedDocument[]): string[] {
  const faults = documents.flatMap(({ url, fault }) => (fault === undefined ? [] : [{ url, failure: fault }]))
  return cut([...failed, ...faults].map(({ url, failure }) => `  ${url}\n    ${failure.code}: ${failure.message}`))
}

function cut(rows: readonly string[], most = MAX_ROWS): string[] {
  return rows.length <= most ? [...rows] : [...rows.slice(0, most), `  … and ${figure(rows.length - most)} more`]
}

function mean(perParent: number): string {
  return perParent < 10 ? perParent.toFixed(1) : figure(Math.round(perParent))
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}
