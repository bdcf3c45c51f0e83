/**
 * The transform of pubmed.config.ts. Titles have <i> and <sub> in the middle of their text, with a space here and none there: only
 * `shape: 'xml'` keeps all of that. A record is then its own XML, well-formed and in UTF-8.
 */
export default function toArticle(article: string) {
  return {
    pmid: textOf(article, 'PMID'),
    title: textOf(article, 'ArticleTitle'),
    year: textOf(article, 'Year'),
    authors: article.match(/<Author[\s/>]/g)?.length ?? 0,
  }
}

/** The text of the first element of that name, without the tags in it. */
function textOf(xml: string, name: string): string | undefined {
  const inside = new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 's').exec(xml)?.[1]
  return inside?.replace(/<[^>]*>/g, '').replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, character)
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function character(reference: string, decimal?: string, hexadecimal?: string, name = ''): string {
  if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
  if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16))
  return NAMED[name] ?? reference
}
