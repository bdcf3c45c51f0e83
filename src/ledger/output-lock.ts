/**
 * One run at a time for an output.
 *
 * The lock is SQLite's own on a small database beside the output: the operating system takes it away when the process ends,
 * however it ends, which a file with a process id in it does not. A RESERVED lock is held, so that others can read who holds
 * it. The file goes with the lock; whoever opened it before finds that it is no longer the one at the path, and tries
 * again.
 */
import { rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { MillError } from '../errors.ts'

export interface OutputLock {
  release(): void
}

interface Holder {
  readonly pid: number
  readonly startedAt: string
}

const MAX_TRIES = 50
/** SQLite's result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * Takes the lock of an output.
 * @param path of the lock's own file
 * @param output for messages
 * @throws MillError OUTPUT_LOCKED naming the holder's process id and start time; OUTPUT_FAILED when the file cannot be made
 */
export function lockOutput(path: string, output: string): OutputLock {
  let before: Holder | undefined
  for (let tries = 1; ; tries += 1) {
    const result = tryLock(path, output)
    if ('release' in result) return result
    const { holder } = result
    // Read twice: the first time it may be that of a run that was killed, which another run is just taking over from.
    const isSame = holder !== undefined && holder.pid === before?.pid && holder.startedAt === before.startedAt
    if ((isSame && holder.pid !== process.pid) || tries === MAX_TRIES) throw locked(output, holder)
    before = holder
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
}

function tryLock(path: string, output: string): OutputLock | { readonly holder: Holder | undefined } {
  const before = inode(path)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    // Nothing in it needs to survive a power cut: the lock itself does not.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF')
    database.exec(
      'BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER, started_at TEXT); DELETE FROM holder',
    )
    database.prepare('INSERT INTO holder VALUES (?, ?)').run(process.pid, new Date().toISOString())
    database.exec('COMMIT; BEGIN IMMEDIATE')
    if (before !== undefined && inode(path) === before) return held(database, path)
    // Made by this call, or another file since: only a file that was there before can be told from its successor.
    database.close()
    return { holder: undefined }
  } catch (cause) {
    const code = sqliteCode(cause)
    if (code === SQLITE_BUSY) {
      const holder = database === undefined ? undefined : readHolder(database)
      database?.close()
      return { holder }
    }
    database?.close()
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new MillError('OUTPUT_FAILED', `${output} could not be locked with ${path}: ${reason}`, { cause })
    }
    // A power cut may leave anything; a live holder's file is not broken.
    rmSync(path, { force: true })
    return { holder: undefined }
  }
}

function held(database: DatabaseSync, path: string): OutputLock {
  let isHeld = true
  return {
    release() {
      if (!isHeld) return
      isHeld = false
      rmSync(path, { force: true })
      database.close()
    },
  }
}

function inode(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function readHolder(database: DatabaseSync): Holder | undefined {
  try {
    if (database.isTransaction) database.exec('ROLLBACK')
    const row = database.prepare('SELECT pid, started_at FROM holder').get()
    return row === undefined ? undefined : { pid: Number(row.pid), startedAt: String(row.started_at) }
  } catch {
    // Its holder is about to write it.
    return undefined
  }
}

function sqliteCode(cause: unknown): number | undefined {
  // The low byte is the code, what is above says more of it.
  return cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number'
    ? cause.errcode & 0xff
    : undefined
}

function locked(output: string, holder: Holder | undefined): MillError {
  const who = holder === undefined ? 'another run' : `process ${holder.pid}, which started at ${holder.startedAt}`
  return new MillError('OUTPUT_LOCKED', `${output} is in use by ${who}`)
}
