/**
 * An OAI-PMH list, of which every page names the next one. The URLs are an async generator that waits for what the loop finds; `mill` takes
 * them as they come, and downloads, decodes and parses in its threads.
 *
 *   node examples/oai-harvest.ts https://example.org/oai > records.ndjson
 */
import { mill } from '../src/index.ts' // from 'xmlmill' in your project

export interface Harvest {
  /** `ListIdentifiers` gives the records' headers alone. Default: ListRecords. */
  readonly verb?: 'ListRecords' | 'ListIdentifiers'
  readonly metadataPrefix?: string
}

/** Yields every record of a repository; throws when a page fails, because the pages behind it cannot be known then. */
export async function* harvest(
  endpoint: string,
  { verb = 'ListRecords', metadataPrefix = 'oai_dc' }: Harvest = {},
): AsyncGenerator<unknown> {
  const tokens: PromiseWithResolvers<string>[] = []

  async function* pages(): AsyncGenerator<string> {
    let token = ''
    do {
      const next = Promise.withResolvers<string>()
      tokens.push(next)
      yield token === ''
        ? `${endpoint}?verb=${verb}&metadataPrefix=${metadataPrefix}`
        : `${endpoint}?verb=${verb}&resumptionToken=${encodeURIComponent(token)}`
      token = await next.promise
    } while (token !== '')
  }

  // The token is an element beside the records, and milled like one.
  const item = verb === 'ListRecords' ? 'record' : 'header'
  const record = [`/OAI-PMH/${verb}/${item}`, `/OAI-PMH/${verb}/resumptionToken`]
  for await (const page of mill(pages(), { record, concurrency: 1 })) {
    if (page.status === 'failed') throw page.error
    let token = ''
    for (const one of page.records()) {
      const text = tokenOf(one)
      if (text === undefined) yield one
      else token = text
    }
    // An empty token, or none, says that this was the last page.
    tokens[page.id]?.resolve(token)
  }
}

/** The token is a text, or an object where it has attributes such as `cursor`; a record has a header, a header an identifier. */
function tokenOf(record: unknown): string | undefined {
  if (typeof record === 'string') return record
  if (typeof record !== 'object' || record === null || 'header' in record || 'identifier' in record) return undefined
  return '#text' in record ? String(record['#text']) : ''
}

const [endpoint] = process.argv.slice(2)
if (import.meta.main && endpoint !== undefined) {
  for await (const record of harvest(endpoint)) process.stdout.write(`${JSON.stringify(record)}\n`)
}
