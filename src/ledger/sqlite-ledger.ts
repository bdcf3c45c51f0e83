/**
 * A ledger in SQLite: the tables of a ledger file, and the same tables inside an output that is an SQLite database.
 *
 * Synchronous, on the main thread: a group of 512 rows takes about a millisecond, and the write-ahead log is synced once a
 * commit.
 */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { MillError } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { Remembered } from '../sinks/sink.ts'
import type {
  Commit,
  FileCommit,
  FilePosition,
  Member,
  MovedDocument,
  PlacedDocument,
  WaitingRecords,
} from './commit.ts'
import { LEDGER_VERSION, type LedgerRow } from './ledger.ts'
import { LedgerUrls } from './ledger-urls.ts'
import { Recollection } from './recollection.ts'
import { checkShape, type RunShape } from './run-shape.ts'
import {
  asBuffer,
  memberOf,
  PUT,
  PUT_FAILED,
  PUT_UNCHANGED,
  placedOf,
  rowOf,
  rowValues,
  SELECT_PLACED,
  type StoredRow,
  TABLES,
} from './sqlite-tables.ts'

/** What the ledger calls what was last done with the output, and what tells it from others. */
const STAGE = 'stage'
const ID = 'id'

/** What is done with an output: a run, or a merge of parts into it. */
export type Stage = 'running' | 'merging'

/** The members of a rewritten file before it takes its name. */
const MOVED = ' moved'

export class SqliteLedger {
  readonly urls: LedgerUrls
  readonly #database: DatabaseSync
  readonly #name: string
  readonly #put: StatementSync
  readonly #putFailed: StatementSync
  readonly #putUnchanged: StatementSync
  readonly #recollection: Recollection
  readonly #putFile: StatementSync
  readonly #putMember: StatementSync
  #selectRow: StatementSync | undefined
  #hasNoted = false
  #lastCommitMs = 0

  /**
   * Makes the tables if they are not there.
   * @param name the output's, for messages
   * @param shape undefined to read whatever is there
   * @param wantsValidators whether `recall` is to say more than that a document is done
   * @param stage what is about to be done with the output, where a shape is given
   * @throws MillError SHAPE_CHANGED, PART_INCOMPLETE, and OUTPUT_FAILED for a ledger of another version
   */
  constructor(
    database: DatabaseSync,
    name: string,
    shape: RunShape | undefined,
    wantsValidators: boolean,
    stage: Stage = 'running',
  ) {
    this.#database = database
    this.#name = name
    this.#transaction(() => {
      database.exec(TABLES)
      const version = this.meta('version')
      if (version === undefined) {
        // Who only reads what a kill at the very beginning has left does not say what the next run is to be like.
        if (shape !== undefined) {
          this.setMeta('version', String(LEDGER_VERSION))
          this.setMeta('shape', JSON.stringify(shape))
        }
      } else if (version !== String(LEDGER_VERSION)) {
        const message = `the ledger of ${name} is of version ${version}, this xmlmill writes version ${LEDGER_VERSION}`
        throw new MillError('OUTPUT_FAILED', `${message}; use the other xmlmill, or --fresh`)
      } else if (shape !== undefined) {
        checkShape(name, this.shape, shape)
        if (stage === 'merging') this.checkWhole()
      }
      if (shape !== undefined && this.meta(STAGE) !== stage) this.setMeta(STAGE, stage)
      if (shape !== undefined && this.meta(ID) === undefined) this.setMeta(ID, randomUUID())
    })
    this.urls = new LedgerUrls(database)
    this.#put = database.prepare(PUT)
    this.#putFailed = database.prepare(PUT_FAILED)
    this.#putUnchanged = database.prepare(PUT_UNCHANGED)
    this.#recollection = new Recollection(database, wantsValidators)
    this.#putFile = database.prepare('INSERT OR REPLACE INTO xmlmill_files (name, bytes, plain_bytes) VALUES (?, ?, ?)')
    this.#putMember = database.prepare(
      'INSERT OR REPLACE INTO xmlmill_members (file, plain_offset, plain_length, offset, length) VALUES (?, ?, ?, ?, ?)',
    )
  }

  /** How long the main thread waited for the last commit. */
  get lastCommitMs(): number {
    return this.#lastCommitMs
  }

  /** Writes everything or nothing; when it returns it is on the disk. */
  commit({ rows, files = [], waiting = [], placed, within }: Commit): void {
    const from = performance.now()
    this.#transaction(() => {
      within?.()
      for (const row of rows) this.#putRow(row)
      for (const records of waiting) this.#addWaiting(records)
      if (placed !== undefined) this.#place(placed)
      for (const { name, position, members } of files) {
        this.#putFile.run(name, position.bytes, position.plainBytes)
        for (const member of members) this.#addMember(name, member)
      }
      if (this.#hasNoted) this.#database.exec('DELETE FROM xmlmill_noted')
      failpoint('ledger.filled')
    })
    this.#hasNoted = false
    this.#lastCommitMs = performance.now() - from
    failpoint('ledger.committed')
  }

  /**
   * For each key, in order: what is known of the document if it is done.
   * @param keys 16 bytes each, one behind the other
   */
  recall(keys: Buffer): (Remembered | undefined)[] {
    return this.#recollection.recall(keys)
  }

  /** How far a file counts; undefined when nothing was ever committed to it. */
  position(file: string): FilePosition | undefined {
    const row = this.#database.prepare('SELECT bytes, plain_bytes FROM xmlmill_files WHERE name = ?').get(file)
    return row === undefined ? undefined : { bytes: Number(row.bytes), plainBytes: Number(row.plain_bytes) }
  }

  /** The members of a compressed file in order. */
  *members(file: string): Generator<Member> {
    const rows = this.#database
      .prepare('SELECT * FROM xmlmill_members WHERE file = ? ORDER BY plain_offset')
      .iterate(file)
    for (const row of rows) {
      yield memberOf(row)
    }
  }

  /** Done documents with their places, by the place or as they were first listed. */
  *placed(order: 'offset' | 'seq'): Generator<PlacedDocument> {
    const by = order === 'seq' ? 'seq' : 'offset, length'
    for (const row of this.#database.prepare(`${SELECT_PLACED} ORDER BY ${by}`).iterate()) yield placedOf(row)
  }

  /** All documents, also those that failed: by the places of their records, those without a place first, or as they were first listed. */
  *rows(order: 'offset' | 'seq'): Generator<StoredRow> {
    const by = order === 'seq' ? 'seq' : 'offset, length'
    for (const row of this.#database.prepare(`SELECT * FROM xmlmill_documents ORDER BY ${by}`).iterate())
      yield rowOf(row)
  }

  /** What is known of one document. */
  row(key: Buffer): LedgerRow | undefined {
    this.#selectRow ??= this.#database.prepare('SELECT * FROM xmlmill_documents WHERE key = ?')
    const row = this.#selectRow.get(key)
    return row === undefined ? undefined : rowOf(row)
  }

  /** How far each file counts, by what the ledger calls it. */
  positions(): ReadonlyMap<string, FilePosition> {
    const rows = this.#database.prepare('SELECT name, bytes, plain_bytes FROM xmlmill_files').all()
    return new Map(
      rows.map((row) => [String(row.name), { bytes: Number(row.bytes), plainBytes: Number(row.plain_bytes) }]),
    )
  }

  /** Says that these files are about to change: if the next commit does not come, they are what a kill may have left. */
  note(files: readonly string[]): void {
    this.#hasNoted = true
    this.#transaction(() => {
      const insert = this.#database.prepare('INSERT OR REPLACE INTO xmlmill_noted (file) VALUES (?)')
      for (const file of files) insert.run(file)
    })
  }

  /** Files that were noted before the last run was killed. */
  noted(): string[] {
    return this.#database
      .prepare('SELECT file FROM xmlmill_noted')
      .all()
      .map((row) => String(row.file))
  }

  /** The done document whose records are in a file of its own. */
  placedIn(file: string): PlacedDocument | undefined {
    const row = this.#database.prepare(`${SELECT_PLACED} AND file = ?`).get(file)
    return row === undefined ? undefined : placedOf(row)
  }

  /** Settles what was noted: these files are gone, and their documents are to be milled again. */
  forget(files: readonly string[]): void {
    this.#transaction(() => {
      const remove = this.#database.prepare('DELETE FROM xmlmill_documents WHERE file = ?')
      for (const file of files) remove.run(file)
      this.#database.exec('DELETE FROM xmlmill_noted')
    })
  }

  /** The member of a compressed file that has this byte, or the last one before it. */
  memberAt(file: string, plainOffset: number): Member | undefined {
    const row = this.#database
      .prepare('SELECT * FROM xmlmill_members WHERE file = ? AND plain_offset <= ? ORDER BY plain_offset DESC LIMIT 1')
      .get(file, plainOffset)
    return row === undefined ? undefined : memberOf(row)
  }

  /** What tells this ledger from every other, also after it was moved or copied; undefined where no run has opened it. */
  get id(): string | undefined {
    return this.meta(ID)
  }

  /** What the run was that made it. */
  get shape(): RunShape {
    return JSON.parse(this.meta('shape') ?? '{}')
  }

  /** The list has ended, or the last of the parts has been joined: the output is whole, but for documents that failed. */
  markEnded(): void {
    this.#transaction(() => this.setMeta(STAGE, 'ended'))
  }

  /** @throws MillError PART_INCOMPLETE where a run into the output has not come to its end */
  checkWhole(): void {
    const stage = this.meta(STAGE)
    if (stage !== 'ended' && stage !== 'merging')
      throw new MillError(
        'PART_INCOMPLETE',
        `the run into ${this.#name} was stopped or killed before its list had ended`,
      )
  }

  /** Whether the file may have records that no row places any more. */
  get isSuperseding(): boolean {
    return this.meta('superseding') !== undefined
  }

  markSuperseding(): void {
    this.setMeta('superseding', 'yes')
  }

  endSuperseding(): void {
    this.#database.exec("DELETE FROM xmlmill_meta WHERE name = 'superseding'")
  }

  /** Forgets the places of a rewrite that came to nothing. */
  beginMoving(): void {
    this.#database.exec('DELETE FROM xmlmill_moved')
    this.#database.prepare('DELETE FROM xmlmill_members WHERE file = ?').run(MOVED)
  }

  addMoved(documents: readonly MovedDocument[]): void {
    this.#transaction(() => this.#insertMoved(documents))
  }

  /** The last of the new places, and the new file: from now on the rewrite is to be taken to its end. */
  noteMoved(documents: readonly MovedDocument[], { name, position, members }: FileCommit): void {
    this.#transaction(() => {
      this.#insertMoved(documents)
      for (const each of members) this.#addMember(MOVED, each)
      this.setMeta('moved', JSON.stringify({ name, ...position }))
    })
  }

  get hasNotedMove(): boolean {
    return this.meta('moved') !== undefined
  }

  /** The new file has taken the old one's place: its places count. */
  takeMoved(): void {
    const { name, bytes, plainBytes } = JSON.parse(this.meta('moved') ?? '{}')
    this.#transaction(() => {
      const database = this.#database
      database.exec(`UPDATE xmlmill_documents SET offset = moved.offset FROM xmlmill_moved AS moved
        WHERE moved.seq = xmlmill_documents.seq`)
      database.prepare('DELETE FROM xmlmill_members WHERE file = ?').run(name)
      database.prepare('UPDATE xmlmill_members SET file = ? WHERE file = ?').run(name, MOVED)
      this.#putFile.run(name, bytes, plainBytes)
      database.exec("DELETE FROM xmlmill_moved; DELETE FROM xmlmill_meta WHERE name IN ('moved', 'superseding')")
    })
  }

  /** How many documents are done and failed, and how many bytes of records, records and rejects the done ones have. */
  counts(): Readonly<Record<'done' | 'failed' | 'bytes' | 'records' | 'rejected', number>> {
    const row = this.#database
      .prepare(`SELECT count(*) FILTER (WHERE status = 'done') AS done, count(*) FILTER (WHERE status = 'failed') AS failed,
        total(length) FILTER (WHERE status = 'done') AS bytes, total(records_written) FILTER (WHERE status = 'done') AS records,
        total(records_rejected) FILTER (WHERE status = 'done') AS rejected
        FROM xmlmill_documents`)
      .get()
    return {
      done: Number(row?.done),
      failed: Number(row?.failed),
      bytes: Number(row?.bytes),
      records: Number(row?.records),
      rejected: Number(row?.rejected),
    }
  }

  /** A word to remember beside the rows; in a transaction of its own unless one is open. */
  setMeta(name: string, value: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO xmlmill_meta (name, value) VALUES (?, ?)').run(name, value)
  }

  meta(name: string): string | undefined {
    const value = this.#database.prepare('SELECT value FROM xmlmill_meta WHERE name = ?').get(name)?.value
    return typeof value === 'string' ? value : undefined
  }

  #putRow(row: LedgerRow): void {
    if (row.status === 'unchanged') {
      this.#putUnchanged.run(row.attempts, row.settledAt, row.etag, row.lastModified, row.key)
      return
    }
    const statement = row.status === 'failed' ? this.#putFailed : this.#put
    statement.run(...rowValues(row))
  }

  /** Records that wait for their place, in the order in which they came. */
  waiting(): WaitingRecords[] {
    return this.#database
      .prepare('SELECT key, lines FROM xmlmill_waiting ORDER BY seq')
      .all()
      .map(({ key, lines }) => ({ key: asBuffer(key), lines: asBuffer(lines) }))
  }

  #addWaiting({ key, lines }: WaitingRecords): void {
    this.#database
      .prepare(
        `INSERT INTO xmlmill_waiting (key, lines) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET lines = excluded.lines`,
      )
      .run(key, lines)
  }

  #place(placed: NonNullable<Commit['placed']>): void {
    const update = this.#database.prepare(
      'UPDATE xmlmill_documents SET file = ?, offset = ?, length = ?, crc32 = ? WHERE key = ?',
    )
    for (const { key, placement } of placed)
      update.run(placement.file ?? null, placement.offset, placement.length, placement.crc32, key)
    this.#database.exec('DELETE FROM xmlmill_waiting')
  }

  #insertMoved(documents: readonly MovedDocument[]): void {
    const insert = this.#database.prepare('INSERT INTO xmlmill_moved (seq, offset) VALUES (?, ?)')
    for (const { seq, offset } of documents) insert.run(seq, offset)
  }

  #addMember(file: string, { plainOffset, plainLength, offset, length }: Member): void {
    this.#putMember.run(file, plainOffset, plainLength, offset, length)
  }

  #transaction(work: () => void): void {
    const database = this.#database
    try {
      // A database's records may be in one that is open already.
      if (!database.isTransaction) database.exec('BEGIN IMMEDIATE')
      work()
      database.exec('COMMIT')
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw ledgerFailed(this.#name, cause)
    }
  }
}

/** What SQLite threw, as an error of the run. */
export function ledgerFailed(name: string, cause: unknown): MillError {
  if (cause instanceof MillError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MillError('OUTPUT_FAILED', `the ledger of ${name} failed: ${reason}`, { cause })
}
