/** This process as the fleet sees it: its row among the workers, its lease on what it has, its figures. */
import { hostname } from 'node:os'
import type { RunEvent } from '../report/events.ts'
import type { Connection } from '../sinks/postgres-connection.ts'
import { SCHEMA } from './tables.ts'

/** What a worker has done so far, since it joined. */
export interface WorkerFigures {
  readonly done: number
  readonly failed: number
  readonly records: number
  readonly bytes: number
  /** Documents a second, over the last ten seconds or so. */
  readonly rate: number
  readonly downloading: number
}

/** Of the rate, what was a second ago counts so much less than what is now. */
const FADE_PER_S = 0.9

export class FleetWorker {
  readonly #threads: number
  #number = 0
  #done = 0
  #failed = 0
  #records = 0
  #bytes = 0
  #downloading = 0
  #rate = 0
  #ratedAt = 0
  #ratedDone = 0

  constructor(threads: number) {
    this.#threads = threads
  }

  get number(): number {
    return this.#number
  }

  /** Joins the fleet, or joins it anew after its lease ran out. */
  async join(client: Connection): Promise<void> {
    const { rows } = await client.query<{ number: number }>(
      `INSERT INTO ${SCHEMA}.workers (machine, pid, threads) VALUES ($1, $2, $3) RETURNING number`,
      [hostname(), process.pid, this.#threads],
    )
    this.#number = rows[0]?.number ?? 0
  }

  async leave(client: Connection): Promise<void> {
    await client.query(
      `UPDATE ${SCHEMA}.workers SET left_at = now(), figures = $2 WHERE number = $1 AND lost_at IS NULL`,
      [this.#number, this.figures(performance.now())],
    )
  }

  figures(now: number): WorkerFigures {
    const elapsedS = (now - this.#ratedAt) / 1000
    if (elapsedS >= 1) {
      const fade = this.#ratedAt === 0 ? 0 : FADE_PER_S ** elapsedS
      this.#rate = this.#rate * fade + ((this.#done - this.#ratedDone) / elapsedS) * (1 - fade)
      this.#ratedAt = now
      this.#ratedDone = this.#done
    }
    return {
      done: this.#done,
      failed: this.#failed,
      records: this.#records,
      bytes: this.#bytes,
      rate: this.#ratedAt === 0 ? 0 : this.#rate,
      downloading: this.#downloading,
    }
  }

  readonly listener = (event: RunEvent): void => {
    if (event.type === 'document-done') {
      this.#done += 1
      this.#records += event.facts.recordsWritten
      this.#bytes += event.facts.decodedBytes
    } else if (event.type === 'document-failed') this.#failed += 1
    else if (event.type === 'load-sampled') this.#downloading = event.downloading
  }
}
