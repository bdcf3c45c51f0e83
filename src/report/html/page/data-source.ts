/** Where the page has its data from: what is embedded in it, or the server of a run that lasts. */
import type { ReportData, ReportOverview, RowChunk } from '../report-data.ts'
import type { Documents } from './documents.ts'

/** The data in the page itself: JSON, gzip, Base64. */
export async function embeddedReport(text: string): Promise<ReportData> {
  const binary = atob(text.trim())
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  const data: ReportData = await new Response(stream).json()
  return data
}

/** What happens to a live page. */
export interface LiveEvents {
  onOverview(overview: ReportOverview): void
  onRows(): void
  onConnection(isConnected: boolean): void
}

/** Follows a run: overviews are pushed, and after each the rows that have come since. */
export function followRun(documents: Documents, events: LiveEvents): void {
  // A browser that lost the connection says which rows it has: their number is the id of the last event.
  const source = new EventSource(`events${location.search}`)
  let last: ReportOverview | undefined
  // A page that comes late is sent thousands of rows: the table is made again when they are there, or with the next overview.
  const showRows = (): void => {
    const isWhole = last !== undefined && documents.count >= last.rows
    if (isWhole) events.onRows()
    // Once the run is over it would ask for ever.
    if (isWhole && last?.hasEnded === true) source.close()
  }
  source.addEventListener('open', () => events.onConnection(true))
  source.addEventListener('error', () => events.onConnection(false))
  source.addEventListener('overview', (event) => {
    if (last !== undefined && documents.count < last.rows) events.onRows()
    const overview: ReportOverview = JSON.parse(event.data)
    last = overview
    events.onOverview(overview)
    showRows()
  })
  source.addEventListener('rows', (event) => {
    const chunk: RowChunk = JSON.parse(event.data)
    const first = Number(event.lastEventId) - chunk.id.length
    documents.add(chunk, documents.count - first)
    showRows()
  })
}
