/**
 * The transform of pubmed.config.ts. Titles have <i> and <sub> in the middle of their text: in the ordered shape nothing of it moves, and the
 * title can be put together again as it was read.
 */
interface Node {
  readonly '#text'?: string
  readonly [name: string]: unknown
}

export default function toArticle(article: Node) {
  const at = (...path: readonly string[]) => nodesAt([article], ['PubmedArticle', 'MedlineCitation', ...path])
  return {
    pmid: textOf(at('PMID')),
    title: textOf(at('Article', 'ArticleTitle')),
    year: textOf(at('Article', 'Journal', 'JournalIssue', 'PubDate', 'Year')) || null,
    authors: childrenNamed(at('Article', 'AuthorList'), 'Author').length,
  }
}

/** What is in the first element of that path. */
function nodesAt(nodes: readonly Node[], path: readonly string[]): readonly Node[] {
  return path.reduce((inside, name) => childrenNamed(inside, name)[0] ?? [], nodes)
}

function childrenNamed(nodes: readonly Node[], name: string): (readonly Node[])[] {
  return nodes.flatMap((node) => (Object.hasOwn(node, name) ? [childrenOf(node[name])] : []))
}

function childrenOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value : []
}

function textOf(nodes: readonly Node[]): string {
  return nodes
    .map(
      (node) =>
        node['#text'] ??
        Object.values(node)
          .map((value) => textOf(childrenOf(value)))
          .join(''),
    )
    .join('')
}
