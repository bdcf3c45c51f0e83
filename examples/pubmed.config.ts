/**
 * A dump in the manner of PubMed, a thousand files of gzipped XML, with all options in a file. Titles have <i> and <sup> in their text, which
 * JSON would tear apart: `shape: 'xml'` keeps each title's own text in order, because a record is then its own XML.
 *
 *   xmlmill 'https://ftp.example.org/baseline/pubmed24n[0001-1219].xml.gz' --config examples/pubmed.config.ts -o articles.ndjson.zst
 */
import { defineConfig } from '../src/index.ts' // from 'xmlmill' in your project

export default defineConfig({
  record: 'PubmedArticle',
  shape: 'xml',
  // Two at once and one start every two seconds: what a public server bears.
  perHost: 2,
  rate: '30/m',
  userAgent: 'example-harvester/1.0 (mailto:you@example.org)',
})
