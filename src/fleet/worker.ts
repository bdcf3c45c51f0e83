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

/** A lease that was not renewed for so long is lost. */
export const LEASE_MS = 10_000

/** How often one looks for machines that are lost. */
const LOOK_MS = 2000

/** Of the rate, what was a second ago counts so much less than what is now. */
const FADE_PER_S = 0.9

export class FleetWorker {
  readonly #threads: number
  #number = 0
  #renewedAt = Number.NEGATIVE_INFINITY
  #interruptedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
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

  /**
   * Whether it is this machine's time to look for those that are lost. Not soon after it could not renew its own lease: then nobody
   * could, perhaps, and all are there.
   */
  looksForLost(now: number): boolean {
    if (now - this.#interruptedAt <= LEASE_MS || now - this.#lookedAt <= LOOK_MS) return false
    this.#lookedAt = now
    return true
  }

  /** @returns the state of the run that it works on; undefined when its lease has run out and it is to join anew */
  async renew(client: Connection, run: number | null): Promise<string | undefined> {
    const now = performance.now()
    if (now - this.#renewedAt > LEASE_MS / 2) this.#interruptedAt = now
    this.#renewedAt = now
    const { rows } = await client.query<{ state: string | null }>({
      name: 'renew',
      text: `UPDATE ${SCHEMA}.workers SET heartbeat_at = clock_timestamp(), figures = $2, run = $3
       WHERE number = $1 AND lost_at IS NULL RETURNING (SELECT state FROM ${SCHEMA}.runs WHERE runs.number = $3) AS state`,
      values: [this.#number, this.figures(now), run],
    })
    return rows[0] === undefined ? undefined : (rows[0].state ?? 'cancelled')
  }

  /** Joins the fleet, or joins it anew after its lease ran out. */
  async join(client: Connection): Promise<void> {
    const { rows } = await client.query<{ number: number }>(
      `INSERT INTO ${SCHEMA}.workers (machine, pid, threads) VALUES ($1, $2, $3) RETURNING number`,
      [hostname(), process.pid, this.#threads],
    )
    this.#number = rows[0]?.number ?? 0
    this.#renewedAt = performance.now()
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
