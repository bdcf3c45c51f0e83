/** Small documents of the kinds that people have, each with what should be said about it. */

export interface DocumentKind {
  readonly name: string
  readonly xml: string
  /** What `--record` should be. */
  readonly record: readonly string[]
  /** What `--array` should name. */
  readonly arrays: readonly string[]
  /** Elements with mixed content. */
  readonly mixed: readonly string[]
}

function times(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join('\n')
}

const rss: DocumentKind = {
  name: 'an RSS feed',
  xml: `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://example.org/</link>
<description>All the news</description>${times(
    12,
    (n) => `<item><title>Item ${n}</title><link>https://example.org/${n}</link>
<guid isPermaLink="false">id-${n}</guid><pubDate>Mon, 0${1 + (n % 9)} Jan 2024 10:00:00 GMT</pubDate>
${times(n % 3, (c) => `<category>cat ${c}</category>`)}<description>Text of item ${n}, long enough to be read.</description></item>`,
  )}</channel></rss>`,
  record: ['item'],
  arrays: ['category'],
  mixed: [],
}

const atom: DocumentKind = {
  name: 'an Atom feed',
  xml: `<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><id>urn:feed</id><updated>2024-01-01T00:00:00Z</updated>
<link rel="self" href="https://example.org/feed"/>${times(
    10,
    (n) => `<entry><title>Entry ${n}</title><id>urn:entry:${n}</id><updated>2024-01-0${1 + (n % 9)}T00:00:00Z</updated>
${times(1 + (n % 2), (c) => `<link rel="r${c}" href="https://example.org/${n}/${c}"/>`)}
${times(1 + (n % 3), (c) => `<author><name>Author ${c}</name><email>a${c}@example.org</email></author>`)}
<summary>What entry ${n} is about</summary></entry>`,
  )}</feed>`,
  record: ['entry'],
  arrays: ['link', 'author'],
  mixed: [],
}

const oaiPmh: DocumentKind = {
  name: 'an OAI-PMH list',
  xml: `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2024-01-01T00:00:00Z</responseDate>
<request verb="ListRecords">https://example.org/oai</request><ListRecords>${times(
    15,
    (n) => `<record><header><identifier>oai:x:${n}</identifier><datestamp>2024-01-01</datestamp>
${times(1 + (n % 2), (s) => `<setSpec>set${s}</setSpec>`)}</header><metadata>
<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Title ${n}</dc:title>${times(1 + (n % 4), (c) => `<dc:creator>Creator ${c}</dc:creator>`)}
${times(n % 3, (c) => `<dc:subject>Subject ${c}</dc:subject>`)}<dc:date>2023</dc:date></oai_dc:dc></metadata></record>`,
  )}<resumptionToken cursor="0">next</resumptionToken></ListRecords></OAI-PMH>`,
  record: ['record'],
  arrays: ['setSpec', 'dc:creator', 'dc:subject'],
  mixed: [],
}

const pubMed: DocumentKind = {
  name: 'a PubMed dump',
  xml: `<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.example.org/pubmed.dtd">
<PubmedArticleSet>${times(
    20,
    (n) => `<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">${1000 + n}</PMID>
<Article><Journal><ISSN IssnType="Print">0${100 + n}-1234</ISSN><Title>Journal ${n}</Title></Journal>
<ArticleTitle>On ${n % 4 === 0 ? '<i>E. coli</i> and others' : 'others'}</ArticleTitle>
<AuthorList CompleteYN="Y">${times(
      1 + (n % 5),
      (a) =>
        `<Author ValidYN="Y"><LastName>Last${a}</LastName><ForeName>Fore</ForeName><Initials>F</Initials></Author>`,
    )}</AuthorList></Article></MedlineCitation><PubmedData><PublicationStatus>ppublish</PublicationStatus>
<ArticleIdList><ArticleId IdType="pubmed">${1000 + n}</ArticleId><ArticleId IdType="doi">10.1/${n}</ArticleId></ArticleIdList>
</PubmedData></PubmedArticle>`,
  )}</PubmedArticleSet>`,
  record: ['PubmedArticle'],
  arrays: ['Author'],
  mixed: ['ArticleTitle'],
}

const sitemap: DocumentKind = {
  name: 'a sitemap',
  xml: `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">${times(
    30,
    (n) => `<url><loc>https://example.org/page/${n}</loc><lastmod>2024-01-01</lastmod><priority>0.5</priority>
${times(n % 3, (i) => `<image:image><image:loc>https://example.org/${i}.png</image:loc></image:image>`)}</url>`,
  )}</urlset>`,
  record: ['url'],
  arrays: ['image:image'],
  mixed: [],
}

const svg: DocumentKind = {
  name: 'an SVG drawing',
  xml: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><title>Map</title>${times(
    4,
    (g) =>
      `<g id="layer${g}">${times(10 + g, (p) => `<path id="p${g}-${p}" d="M ${p} ${g} L 10 10 Z" fill="#00${p}" stroke="none"/>`)}</g>`,
  )}</svg>`,
  record: ['path'],
  arrays: [],
  mixed: [],
}

const tei: DocumentKind = {
  name: 'a TEI text',
  xml: `<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>Work</title></titleStmt></fileDesc></teiHeader>
<text><body>${times(
    6,
    (d) =>
      `<div type="chapter" n="${d + 1}"><head>Chapter ${d}</head>${times(
        1 + d,
        (p) =>
          `<p>Paragraph ${p} speaks of <persName>Ada</persName> and of <placeName>London</placeName>, at some length.</p>`,
      )}</div>`,
  )}</body></text></TEI>`,
  record: ['div'],
  arrays: ['p'],
  mixed: ['p'],
}

const config: DocumentKind = {
  name: 'a configuration',
  xml: `<configuration><appSettings>${times(
    14,
    (n) => `<add key="setting.number.${n}" value="a value of some length ${n}"/>`,
  )}</appSettings><connectionStrings>${times(
    2,
    (n) => `<add name="db${n}" connectionString="Server=x" providerName="y"/>`,
  )}</connectionStrings></configuration>`,
  record: ['/configuration/appSettings/add'],
  arrays: [],
  mixed: [],
}

const soap: DocumentKind = {
  name: 'a SOAP answer',
  xml: `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><m:Session xmlns:m="urn:m">42</m:Session></soap:Header>
<soap:Body><m:ListOrdersResponse xmlns:m="urn:m"><m:Orders>${times(
    9,
    (n) =>
      `<m:Order id="000${n}"><m:Customer>C${n}</m:Customer>${times(
        1 + (n % 3),
        (l) => `<m:Line sku="s${l}"><m:Quantity>${l + 1}</m:Quantity></m:Line>`,
      )}<m:Total>12.50</m:Total></m:Order>`,
  )}</m:Orders></m:ListOrdersResponse></soap:Body></soap:Envelope>`,
  record: ['m:Order'],
  arrays: ['m:Line'],
  mixed: [],
}

const flatExport: DocumentKind = {
  name: 'the export of a table',
  xml: `<resultset statement="select * from t">${times(
    25,
    (n) => `<row><field name="id">${n}</field><field name="code">00${n}</field><field name="name">Name ${n}</field>
<field name="created">2024-01-01</field><field name="amount">1.10</field></row>`,
  )}</resultset>`,
  record: ['row'],
  // Every row has the same five: nothing is single in one place and many in another.
  arrays: [],
  mixed: [],
}

export const DOCUMENT_KINDS: readonly DocumentKind[] = [
  rss,
  atom,
  oaiPmh,
  pubMed,
  sitemap,
  svg,
  tei,
  config,
  soap,
  flatExport,
]
