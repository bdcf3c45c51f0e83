/**
 * Sitemaps into SQLite: one row a page, with what was last changed when. Sitemaps come in parts and gzipped; both are seen by themselves.
 * Given again, the same command goes on where it stopped; with `--update` it asks again for what changed.
 *
 *   xmlmill 'https://example.org/sitemap-[1-40].xml.gz' -r url --transform examples/sitemap-pages.ts \
 *     -o pages.sqlite --table pages --columns host,path,changed,priority
 */
interface Url {
  loc: string
  lastmod?: string
  priority?: string
}

export default function toPage({ loc, lastmod, priority }: Url) {
  const { hostname, pathname } = new URL(loc)
  return { host: hostname, path: pathname, changed: lastmod, priority: Number(priority ?? 0.5) }
}
