import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { harvest } from '../../examples/oai-harvest.ts'
import { storeRecords } from '../../examples/oai-to-postgres.ts'
import { papersByYear } from '../../examples/papers-by-year.ts'
import { runCommand } from '../support/command-line.ts'
import { query, startPostgres } from '../support/postgres.ts'
import { serve } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

function lines(text: string): unknown[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

test('sitemap-pages.ts: sitemaps become one row a page in SQLite', async () => {
  const part = (n: number) =>
    `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://example.org/${n}/a</loc><lastmod>2024-01-01</lastmod></url>
<url><loc>https://example.org/${n}/b</loc><priority>0.9</priority></url></urlset>`
  await using site = await serve({ '/map-1.xml.gz': gzipSync(part(1)), '/map-2.xml.gz': gzipSync(part(2)) })
  using folder = temporaryFolder()
  const args = [site.url('/map-[1-2].xml.gz'), '-r', 'url', '--transform', example('sitemap-pages.ts')]
  const target = ['-o', 'pages.sqlite', '--table', 'pages', '--columns', 'host,path,changed,priority']
  const { exitCode, stderr } = await runCommand([...args, ...target], { cwd: folder.path })
  expect(exitCode, stderr).toBe(0)
  using database = new DatabaseSync(folder.file('pages.sqlite'))
  expect(database.prepare('SELECT host, path, changed, priority FROM pages ORDER BY path').all()).toEqual([
    { host: 'example.org', path: '/1/a', changed: '2024-01-01', priority: 0.5 },
    { host: 'example.org', path: '/1/b', changed: null, priority: 0.9 },
    { host: 'example.org', path: '/2/a', changed: '2024-01-01', priority: 0.5 },
    { host: 'example.org', path: '/2/b', changed: null, priority: 0.9 },
  ])
})

test('rss-items.ts: an item becomes a row of CSV for each category, and one without a date is refused', async () => {
  const feed = `<rss version="2.0"><channel>
<item><title>One, two</title><guid isPermaLink="false">1</guid><pubDate>Mon, 01 Jan 2024 10:00:00 GMT</pubDate><category>a</category><category domain="d">b</category></item>
<item><title>Two</title><link>https://example.org/2</link></item>
<item><title>Three</title><pubDate>yesterday</pubDate></item></channel></rss>`
  await using site = await serve({ '/feed.xml': feed })
  using folder = temporaryFolder()
  folder.write('feeds.txt', site.url('/feed.xml'))
  const args = ['-i', 'feeds.txt', '-r', 'item', '--array', 'category', '--bare']
  const target = ['-o', 'items.csv', '--columns', 'feed,id,title,published,category', '--rejects', 'rejects.ndjson']
  const { exitCode, stderr } = await runCommand([...args, '--transform', example('rss-items.ts'), ...target], {
    cwd: folder.path,
  })
  expect(exitCode, stderr).toBe(1)
  expect(readFileSync(folder.file('items.csv'), 'utf8').trimEnd().split(/\r?\n/)).toEqual([
    'feed,id,title,published,category',
    `${site.url('/feed.xml')},1,"One, two",2024-01-01T10:00:00.000Z,a`,
    `${site.url('/feed.xml')},1,"One, two",2024-01-01T10:00:00.000Z,b`,
    `${site.url('/feed.xml')},https://example.org/2,Two,,""`,
  ])
  expect(readFileSync(folder.file('rejects.ndjson'), 'utf8')).toContain('pubDate is no date: yesterday')
})

test('pubmed.config.ts: articles of gzipped files become rows of Parquet, their titles as they were read', async () => {
  const article = (pmid: number, title: string, more = '') =>
    `<PubmedArticle><MedlineCitation><PMID Version="1">${pmid}</PMID><Article><ArticleTitle>${title}</ArticleTitle>${more}</Article></MedlineCitation></PubmedArticle>`
  const details =
    '<Journal><JournalIssue><PubDate><Year>1975</Year></PubDate></JournalIssue></Journal><AuthorList><Author/><Author/></AuthorList>'
  const articles = article(1, 'On <i>E. coli</i> in H<sub>2</sub>O &lt; 1 &#8211; 2', details) + article(2, 'Plain')
  const dump = gzipSync(
    `<!DOCTYPE PubmedArticleSet SYSTEM "pubmed.dtd"><PubmedArticleSet>${articles}</PubmedArticleSet>`,
  )
  await using site = await serve({ '/n0001.xml.gz': dump })
  using folder = temporaryFolder()
  const args = [site.url('/n[0001-0001].xml.gz'), '--config', example('pubmed.config.ts')]
  const { exitCode, stderr } = await runCommand(args, { cwd: folder.path })
  expect(exitCode, stderr).toBe(0)
  const [part = ''] = readdirSync(folder.file('articles.parquet')).filter((name) => name.endsWith('.parquet'))
  const file = await asyncBufferFromFile(folder.file(`articles.parquet/${part}`))
  const rows = await parquetReadObjects({ file })
  expect(rows).toMatchObject([
    { pmid: '1', title: 'On E. coli in H2O < 1 – 2', year: '1975', authors: '2' },
    { pmid: '2', title: 'Plain', authors: '0' },
  ])
})

test('heavy-transform.ts: the same text has the same signature, another one another', async () => {
  const papers = ['The mills of the Po', 'The mills of the Po', 'Of wind and water'].map(
    (t) => `<paper><t>${t}</t></paper>`,
  )
  await using site = await serve({ '/a.xml': `<v>${papers.join('')}</v>` })
  using folder = temporaryFolder()
  const { exitCode, stdout } = await runCommand(
    [site.url('/a.xml'), '-r', 'paper', '--bare', '--transform', example('heavy-transform.ts')],
    { cwd: folder.path },
  )
  expect(exitCode).toBe(0)
  const rows = lines(stdout.toString())
  expect(rows).toMatchObject([{ n: 0 }, { n: 1 }, { n: 2 }])
  const [first, second, third] = rows.map((row) => JSON.stringify(row).replace(/.*"signature":/, ''))
  expect(first).toBe(second)
  expect(first).not.toBe(third)
})

test('oai-harvest.ts: follows the pages to the last one', async () => {
  const page = (records: string, token: string) =>
    `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>${records}${token}</ListRecords></OAI-PMH>`
  const record = (id: number) => `<record><header><identifier>${id}</identifier></header></record>`
  await using site = await serve({
    '/oai?verb=ListRecords&metadataPrefix=oai_dc': page(
      record(1) + record(2),
      '<resumptionToken cursor="0">a b</resumptionToken>',
    ),
    '/oai?verb=ListRecords&resumptionToken=a%20b': page(record(3), '<resumptionToken>c</resumptionToken>'),
    '/oai?verb=ListRecords&resumptionToken=c': page(record(4), '<resumptionToken/>'),
  })
  const found: unknown[] = []
  for await (const one of harvest(site.url('/oai'))) found.push(one)
  expect(found).toEqual(['1', '2', '3', '4'].map((identifier) => ({ header: { identifier } })))
  expect(site.hits()).toBe(3)
})

test('oai-harvest.ts: ends with the error of a page that fails', async () => {
  await using site = await serve({})
  const harvesting = harvest(site.url('/oai')).next()
  await expect(harvesting).rejects.toMatchObject({ code: 'HTTP_REFUSED' })
})

test('papers-by-year.ts: counts over documents, and goes on past one that fails', async () => {
  const volume = (...years: number[]) => `<v>${years.map((year) => `<paper><year>${year}</year></paper>`).join('')}</v>`
  await using site = await serve({ '/1.xml': volume(2001, 2002, 2001), '/2.xml': '<v><paper/></v>' })
  const failed: string[] = []
  const urls = ['/1.xml', '/2.xml', '/3.xml'].map(site.url)
  const counts = await papersByYear(urls, (url) => failed.push(url))
  expect([...counts].sort()).toEqual([
    ['2001', 2],
    ['2002', 1],
    ['unknown', 1],
  ])
  expect(failed).toEqual([site.url('/3.xml')])
})

test('oai-to-postgres.ts: stores the records that another run lists, and only new ones the next time', async () => {
  const listed = ['oai:x:1', 'oai:x:2']
  const record = (id: string) =>
    `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><header><identifier>${id}</identifier><datestamp>2024-01-01</datestamp></header><metadata><oai_dc:dc xmlns:oai_dc="urn:oai_dc" xmlns:dc="urn:dc"><dc:title>Of ${id}</dc:title></oai_dc:dc></metadata></record></GetRecord></OAI-PMH>`
  await using site = await serve({
    '/oai': (request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams
      const id = query.get('identifier')
      const headers = listed.map((one) => `<header><identifier>${one}</identifier></header>`).join('')
      response.end(
        id === null
          ? `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListIdentifiers>${headers}<resumptionToken/></ListIdentifiers></OAI-PMH>`
          : record(id),
      )
    },
  })
  await using server = await startPostgres()
  const database = await server.database('library')
  expect(await storeRecords(site.url('/oai'), database)).toMatchObject({ documents: { done: 2, failed: 0 } })
  listed.push('oai:x:3')
  expect(await storeRecords(site.url('/oai'), database)).toMatchObject({ documents: { done: 1, alreadyThere: 2 } })
  expect(await query(database, 'SELECT identifier, changed, title FROM records ORDER BY identifier')).toEqual(
    listed.map((id) => ({ identifier: id, changed: '2024-01-01', title: `Of ${id}` })),
  )
})
