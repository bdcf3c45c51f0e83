/**
 * Which documents are done, asked by the thousand.
 *
 * A list is mostly given again in the order in which its documents came to be done, so rows are read ahead in that order and
 * matched by key, which takes a third of the time of looking each up in the index; what is not among them is looked up, all in one
 * statement. A list in another order costs one reading of all rows, half a second for a million.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Remembered } from '../sinks/sink.ts'
import { KEY_BYTES } from './document-key.ts'
import { KeyWindow } from './key-window.ts'

const LOOK_UP = `WITH RECURSIVE asked(place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM asked WHERE place < ?1 - 1)
  SELECT place, etag, last_modified, body_sha256 FROM asked
  CROSS JOIN xmlmill_documents ON key = substr(?2, place * ${KEY_BYTES} + 1, ${KEY_BYTES}) WHERE status = 'done'`

const READ_AHEAD = `SELECT seq, hex(key), etag, last_modified, body_sha256 FROM xmlmill_documents
  WHERE seq > ? AND status = 'done' ORDER BY seq LIMIT ?`

/** All keys in one text: a row or a buffer for each would take longer than finding them. */
const READ_KEYS_AHEAD = `SELECT max(seq), group_concat(hex(key), '') FROM (
  SELECT seq, key FROM xmlmill_documents WHERE seq > ? AND status = 'done' ORDER BY seq LIMIT ?)`

const VALIDATORS = 'etag, last_modified, body_sha256'

const HEX_KEY = KEY_BYTES * 2

const NOTHING: Remembered = Object.freeze({})

/** A smaller batch, as from a list that drips, says little of the order. */
const TELLING_COUNT = 100

export class Recollection {
  readonly #lookUp: StatementSync
  readonly #readAhead: StatementSync
  readonly #wantsValidators: boolean
  /** Rows read ahead. */
  readonly #ahead = new KeyWindow<Remembered>()
  #lastSeq = 0

  /** @param wantsValidators whether it is to say more than that a document is done */
  constructor(database: DatabaseSync, wantsValidators: boolean) {
    const prepared = (sql: string) => {
      const statement = database.prepare(wantsValidators ? sql : sql.replace(VALIDATORS, 'NULL, NULL, NULL'))
      statement.setReturnArrays(true)
      return statement
    }
    this.#lookUp = prepared(LOOK_UP)
    this.#readAhead = prepared(wantsValidators ? READ_AHEAD : READ_KEYS_AHEAD)
    this.#wantsValidators = wantsValidators
  }

  /** See SqliteLedger.recall. */
  recall(keys: Buffer): (Remembered | undefined)[] {
    const count = keys.byteLength / KEY_BYTES
    this.#fill(count)
    const known = this.#ahead.take(keys)
    const missed: number[] = []
    for (let place = 0; place < count; place++) if (known[place] === undefined) missed.push(place)
    // What was read ahead is no longer in the list, or far behind in it.
    if (count >= TELLING_COUNT && missed.length * 2 > count) this.#ahead.clear()
    if (missed.length > 0) this.#look(keys, missed, known)
    return known
  }

  #fill(count: number): void {
    if (this.#ahead.size >= 2 * count) return
    const rows = this.#readAhead.all(this.#lastSeq, 2 * count - this.#ahead.size)
    let keys = ''
    const remembered: Remembered[] = []
    for (const row of rows) {
      // Arrays, as asked for; the types know only objects.
      const [seq, hex, etag, lastModified, sha256] = Object.values(row)
      if (typeof hex !== 'string') return
      this.#lastSeq = Number(seq)
      keys += hex
      const one = this.#remembered(etag, lastModified, sha256)
      while (remembered.length * HEX_KEY < keys.length) remembered.push(one)
    }
    if (remembered.length > 0) this.#ahead.add(Buffer.from(keys, 'hex'), remembered)
  }

  #look(keys: Buffer, places: readonly number[], known: (Remembered | undefined)[]): void {
    const asked = Buffer.allocUnsafe(places.length * KEY_BYTES)
    for (const [index, place] of places.entries()) {
      keys.copy(asked, index * KEY_BYTES, place * KEY_BYTES, (place + 1) * KEY_BYTES)
    }
    for (const row of this.#lookUp.all(places.length, asked)) {
      const [index, etag, lastModified, sha256] = Object.values(row)
      const place = places[Number(index)]
      if (place !== undefined) known[place] = this.#remembered(etag, lastModified, sha256)
    }
  }

  #remembered(etag?: SQLOutputValue, lastModified?: SQLOutputValue, sha256?: SQLOutputValue): Remembered {
    if (!this.#wantsValidators) return NOTHING
    return {
      ...(typeof etag === 'string' && { etag }),
      ...(typeof lastModified === 'string' && { lastModified }),
      ...(sha256 instanceof Uint8Array && { bodySha256: Buffer.from(sha256).toString('hex') }),
    }
  }
}
