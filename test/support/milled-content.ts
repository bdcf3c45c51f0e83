/** Whether what the product made of a document is what another parser found in it. Documents without --record: one record, the root. */
import {
  contentDifference,
  type Element,
  orderedContent,
  recordContent,
  type TextComparison,
  withoutOrder,
} from './xml-content.ts'
import type { Milled } from './xml-milling.ts'

/** For the json shape, which loses the order of what has different names. Undefined when all is as expected. */
export function jsonDifference(expected: Element, milled: Milled, comparison: TextComparison): string | undefined {
  if (!milled.ok) return `refused: ${milled.failure.message}`
  const [root] = milled.records
  if (root === undefined) return 'no record'
  const actual = { name: root.name, content: withoutOrder(recordContent(root.record, comparison)) }
  return contentDifference({ name: expected.name, content: withoutOrder(expected.content) }, actual)
}

/** For the ordered shape. */
export function orderedDifference(expected: Element, milled: Milled, comparison: TextComparison): string | undefined {
  if (!milled.ok) return `refused in the ordered shape: ${milled.failure.message}`
  const [root] = milled.records
  if (root === undefined) return 'no record in the ordered shape'
  const difference = contentDifference(expected, orderedContent(root.record, comparison))
  return difference && `ordered shape: ${difference}`
}

/** For records chosen by name: the outermost elements of these names, in order. */
export function recordsDifference(
  expected: Element,
  names: readonly string[],
  milled: Milled,
  comparison: TextComparison,
): string | undefined {
  if (!milled.ok) return `refused with records: ${milled.failure.message}`
  const elements = outermost(expected, names)
  if (elements.length !== milled.records.length) {
    return `${elements.length} records expected, ${milled.records.length} found`
  }
  for (const [index, element] of elements.entries()) {
    const { name, record } = milled.records[index] ?? { name: '', record: '' }
    const actual = { name, content: withoutOrder(recordContent(record, comparison)) }
    const difference = contentDifference({ name: element.name, content: withoutOrder(element.content) }, actual)
    if (difference !== undefined) return `record ${index}: ${difference}`
  }
  return undefined
}

function outermost(element: Element, names: readonly string[]): Element[] {
  if (names.includes(element.name)) return [element]
  return element.content.nodes.flatMap((node) => (typeof node === 'string' ? [] : outermost(node, names)))
}
