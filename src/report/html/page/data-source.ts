/** Where the page has its data from: what is embedded in it, or the server of a run that lasts. */
import { CHUNK_ROWS, type ReportData, type ReportOverview, type RowChunk } from '../report-data.ts'
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

/** Follows a run: overviews are pushed, rows fetched at the page's own pace, chunk after chunk. */
export function followRun(documents: Documents, events: LiveEvents): void {
  const query = location.search
  const source = new EventSource(`events${query}`)
  let wanted = 0
  let hasEnded = false
  let isFetching = false
  const fetchRows = async (): Promise<void> => {
    if (isFetching) return
    isFetching = true
    let hasNew = false
    try {
      while (documents.count < wanted) {
        const index = Math.floor(documents.count / CHUNK_ROWS)
        // Where a run is so quick that whole chunks come, the beginning of the next waits until it is one: each row is sent once.
        if (hasNew && !hasEnded && wanted < (index + 1) * CHUNK_ROWS) break
        const response = await fetch(`rows/${index}${query}`)
        if (!response.ok) break
        const chunk: RowChunk = await response.json()
        const known = documents.count - index * CHUNK_ROWS
        if (chunk.id.length <= known) break
        documents.add(chunk, known)
        hasNew = true
      }
    } catch {
      // The run ended, or the network did: what is there stays.
    } finally {
      isFetching = false
      events.onRows()
    }
  }
  source.addEventListener('open', () => events.onConnection(true))
  source.addEventListener('error', () => events.onConnection(false))
  source.addEventListener('overview', (event) => {
    const overview: ReportOverview = JSON.parse(event.data)
    wanted = overview.rows
    hasEnded = overview.hasEnded
    events.onOverview(overview)
    const rows = fetchRows()
    // Once the run is over it would ask for ever; the server waits a moment for the last rows.
    if (overview.hasEnded) void rows.then(() => source.close())
  })
}
