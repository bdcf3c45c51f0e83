/** A ledger in a file of its own, with the lock of the output that it belongs to. */
import { accessSync, constants, existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MillError } from '../errors.ts'
import { lockOutput, type OutputLock } from './output-lock.ts'
import type { RunShape } from './run-shape.ts'
import { ledgerFailed, SqliteLedger, type Stage } from './sqlite-ledger.ts'

/** How long a commit waits for somebody who reads the ledger meanwhile. */
export const BUSY_TIMEOUT_MS = 30_000

/** More would be memory that grows with the list: keys are hashes, and what is not in here is in the system's cache of files. */
const CACHE_KIB = 8 << 10

/**
 * Pages of the write-ahead log at which they are brought into the database, 16 MB. Keys are hashes, so a commit of some hundred rows changes a
 * page for each of them, and by default one commit in three would wait for that as well.
 */
const CHECKPOINT_PAGES = 4000

/** What every connection to a ledger, or to an output with a ledger in it, begins with. */
export const SQLITE_SETTINGS = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB};
  PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`

export interface LedgerFileOptions {
  /** The output's name, for messages. */
  readonly output: string
  readonly shape: RunShape
  /** Whether `recall` is to say more than that a document is done. */
  readonly wantsValidators: boolean
  /** Default: a run. */
  readonly stage?: Stage | undefined
}

/** Where the lock of an output is, whose ledger is in this file. */
export function lockPath(ledgerPath: string): string {
  return `${ledgerPath}-lock`
}

export class LedgerFile implements Disposable {
  readonly ledger: SqliteLedger
  /** Whether this run made it. */
  readonly isNew: boolean
  readonly #database: DatabaseSync
  readonly #lock: OutputLock

  private constructor(path: string, lock: OutputLock, { output, shape, wantsValidators, stage }: LedgerFileOptions) {
    this.#lock = lock
    this.isNew = !existsSync(path)
    this.#database = openDatabase(path, output)
    try {
      this.ledger = new SqliteLedger(this.#database, output, shape, wantsValidators, stage)
    } catch (cause) {
      this.#database.close()
      throw cause
    }
  }

  /**
   * Opens the ledger, made if it is absent. Call with the lock held; the ledger takes it over.
   * @throws MillError SHAPE_CHANGED, OUTPUT_FAILED; then the lock is released
   */
  static open(path: string, lock: OutputLock, options: LedgerFileOptions): LedgerFile {
    try {
      return new LedgerFile(path, lock, options)
    } catch (cause) {
      lock.release()
      throw ledgerFailed(options.output, cause)
    }
  }

  /** The log is written back into the file and goes away. */
  close(): void {
    try {
      if (this.#database.isOpen) this.#database.close()
    } finally {
      this.#lock.release()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Opens a ledger for whoever holds the lock, to read what it says.
 * @throws MillError OPTIONS_INVALID where it is a database without a ledger, which stays as it is; OUTPUT_FAILED
 */
export function readLedger(path: string, output: string): { readonly ledger: SqliteLedger } & Disposable {
  if (isStrange(path, output)) throw new MillError('OPTIONS_INVALID', `${output} has no ledger`)
  const database = openDatabase(path, output)
  try {
    return { ledger: new SqliteLedger(database, output, undefined, false), [Symbol.dispose]: () => database.close() }
  } catch (cause) {
    database.close()
    throw ledgerFailed(output, cause)
  }
}

/**
 * Takes the lock of the output whose ledger is or will be in this file.
 * @throws MillError OUTPUT_LOCKED; OUTPUT_FAILED also where its folder is absent or not to be written to
 */
export function lockLedger(path: string, output: string): OutputLock {
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillError('OUTPUT_FAILED', `${output} could not be written: ${reason}`, { cause })
  }
  return lockOutput(lockPath(path), output)
}

/** Removes a ledger. The log goes first: a new database would take an old log for its own. */
export function removeLedger(path: string): void {
  for (const suffix of ['-wal', '-shm', '']) rmSync(path + suffix, { force: true })
}

/** Whether the database is somebody else's. One with nothing in it is what a kill at the very beginning leaves. */
function isStrange(path: string, output: string): boolean {
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true })
    try {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
      return tables.length > 0 && !tables.some(({ name }) => name === 'xmlmill_meta')
    } finally {
      database.close()
    }
  } catch (cause) {
    throw ledgerFailed(output, cause)
  }
}

function openDatabase(path: string, output: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    database.exec(SQLITE_SETTINGS)
    return database
  } catch (cause) {
    throw ledgerFailed(output, cause)
  }
}
