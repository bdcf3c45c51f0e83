/**
 * An OAI-PMH repository into PostgreSQL. One run lists the identifiers, page after page; what it finds is the list of a second run, which
 * starts while the first one is still reading, and stores each record with the ledger of what is done in one transaction.
 *
 *   PGPASSWORD=… node examples/oai-to-postgres.ts https://example.org/oai postgres://me@localhost/library
 */
import { mill, type Summary } from '../src/index.ts' // from 'xmlmill' in your project
import { harvest } from './oai-harvest.ts'

/** Stores all records; given again, it asks only for those that are new. */
export function storeRecords(endpoint: string, database: string): Promise<Summary> {
  const records = mill(recordUrls(endpoint), {
    record: '/OAI-PMH/GetRecord/record',
    output: database,
    table: 'records',
    columns: 'identifier=header.identifier,changed=header.datestamp,title=metadata.dc.title',
    stripNamespaces: true,
  })
  return records.summary()
}

async function* recordUrls(endpoint: string): AsyncGenerator<string> {
  for await (const header of harvest(endpoint, { verb: 'ListIdentifiers' })) {
    if (typeof header !== 'object' || header === null || !('identifier' in header)) continue
    yield `${endpoint}?verb=GetRecord&metadataPrefix=oai_dc&identifier=${encodeURIComponent(String(header.identifier))}`
  }
}

const [endpoint, database] = process.argv.slice(2)
if (import.meta.main && endpoint !== undefined && database !== undefined) {
  const { documents } = await storeRecords(endpoint, database)
  process.stdout.write(`${documents.done} new, ${documents.alreadyThere} already there, ${documents.failed} failed\n`)
}
