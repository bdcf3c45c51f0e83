/**
 * xmlmill in a program: counts the papers of every year over any number of documents. Memory stays small, because the loop takes one
 * document at a time while the next ones are milled.
 *
 *   node examples/papers-by-year.ts 'https://example.org/volume-1.xml' 'https://example.org/volume-2.xml'
 */
import { mill } from '../src/index.ts' // from 'xmlmill' in your project

interface Paper {
  year?: string
}

/** @throws when the signal is aborted; a document that fails is told to `onFailure`, and the others go on */
export async function papersByYear(
  urls: Iterable<string>,
  onFailure: (url: string, message: string) => void,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const document of mill(urls, { record: 'paper', ...(signal && { signal }) })) {
    if (document.status === 'failed') {
      onFailure(document.url, document.error.message)
      continue
    }
    for (const paper of document.records()) {
      const year = isPaper(paper) ? (paper.year ?? 'unknown') : 'unknown'
      counts.set(year, (counts.get(year) ?? 0) + 1)
    }
  }
  return counts
}

function isPaper(record: unknown): record is Paper {
  return typeof record === 'object' && record !== null
}

if (import.meta.main) {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const onFailure = (url: string, message: string) => process.stderr.write(`${url}: ${message}\n`)
  const counts = await papersByYear(process.argv.slice(2), onFailure, stopping.signal)
  for (const [year, count] of [...counts].sort()) process.stdout.write(`${year}\t${count}\n`)
}
