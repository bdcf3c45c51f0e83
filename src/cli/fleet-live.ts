/** The live page of a fleet: what all machines have put into the queue's database, as it comes. */
import { ReportFold } from '../report/html/report-fold.ts'
import { LiveServer } from '../report/live/live-server.ts'
import { DatabaseReplay } from './database-events.ts'

export interface FleetLive extends AsyncDisposable {
  readonly url: string
  /** Shows what has come meanwhile. */
  refresh(): Promise<void>
  /** Shows that nothing more will come, and waits a moment for it to be seen. */
  end(): Promise<void>
}

/** @throws MillError PORT_UNAVAILABLE */
export async function openFleetLive(queue: string, port: number, host: string | undefined): Promise<FleetLive> {
  const fold = new ReportFold()
  fold.withoutNotes()
  fold.remark(
    'Made from the ledger, for all machines: it knows documents when they are done; when one started is reckoned back from there.',
  )
  const replay = await DatabaseReplay.open(queue, (event) => fold.add(event))
  const server = await LiveServer.open({ fold, port, host })
  return {
    url: server.url,
    refresh: () => replay.tell(),
    async end() {
      replay.end()
      await server.close()
    },
    [Symbol.asyncDispose]: () => replay[Symbol.asyncDispose](),
  }
}
