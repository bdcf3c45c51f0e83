/** The report of a peek, for a program. */
import type { ElementProfile } from '../channel/document-profile.ts'
import type { Report } from './text.ts'

export function reportToJson({ result, suggestions, commands }: Report): string {
  const { record, element, candidates, arrays, mixed, interleaved, values } = suggestions
  const report = {
    documents: result.documents.map(({ profile: { tree, ...profile }, ...document }) => ({
      ...document,
      roots: [...tree.children.keys()],
      ...profile,
    })),
    failed: result.failed,
    suggestions: {
      record,
      name: element.name,
      records: element.count,
      candidates: candidates.map(({ element: { name, count }, ...candidate }) => ({ name, count, ...candidate })),
      arrays,
      mixed,
      interleaved,
      values,
    },
    commands: commands.map(([, command]) => command),
    elements: Array.from(result.tree.children.values(), toTree),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function toTree({ attributes, children, ...element }: ElementProfile): object {
  return {
    ...element,
    attributes: [...attributes.values()],
    children: Array.from(children.values(), toTree),
  }
}
