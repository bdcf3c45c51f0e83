/**
 * A dump in the manner of PubMed, a thousand files of gzipped XML, into Parquet, with all options in a file: what a shop does
 * every night is better read in one place than out of a shell's history.
 *
 *   xmlmill 'https://ftp.example.org/baseline/pubmed24n[0001-1219].xml.gz' --config examples/pubmed.config.ts
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from '../src/index.ts' // from 'xmlmill' in your project

export default defineConfig({
  record: 'PubmedArticle',
  shape: 'xml',
  transform: fileURLToPath(new URL('pubmed-articles.ts', import.meta.url)),
  output: 'articles.parquet',
  columns: 'pmid,title,year,authors',
  // Two at once and one start every two seconds: what a public server bears.
  perHost: 2,
  rate: '30/m',
  userAgent: 'example-harvester/1.0 (mailto:you@example.org)',
})
