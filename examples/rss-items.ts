/**
 * RSS feeds to a CSV file: flat rows, one for each category of an item. `--array category` makes one category the same
 * as many; an item that has none is a row as well.
 *
 *   xmlmill -i feeds.txt -r item --array category --bare --transform examples/rss-items.ts \
 *     -o items.csv --columns feed,id,title,published,category
 */
import type { RecordContext } from '../src/index.ts' // from 'xmlmill' in your project

interface Item {
  title?: string
  link?: string
  guid?: string | { '#text': string }
  pubDate?: string
  category?: (string | { '#text': string })[]
}

export default function toRows({ title, link, guid, pubDate, category = [''] }: Item, { url }: RecordContext) {
  const published = pubDate === undefined ? undefined : new Date(pubDate)
  // A throw sends the item to the rejects, with this as the reason; the others go on.
  if (Number.isNaN(published?.getTime())) throw new Error(`pubDate is no date: ${pubDate}`)
  return category.map((name) => ({
    feed: url,
    id: textOf(guid) ?? link,
    title,
    published: published?.toISOString(),
    category: textOf(name),
  }))
}

/** An element with attributes is an object, one without is its text. */
function textOf(value: string | { '#text': string } | undefined): string | undefined {
  return typeof value === 'object' ? value['#text'] : value
}
