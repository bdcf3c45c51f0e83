/**
 * A connection to the queue's database that outlives the database's absences: transactions come one after the other, and one that is
 * cut off by a restart is tried again.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { MillError } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import { type Connection, connect } from '../sinks/postgres-connection.ts'

/** How long an absence may last: after that the command fails, and the documents that it had go to others. */
const PATIENCE_MS = 10 * 60_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/**
 * A process that is stopped in the middle of a transaction (SIGSTOP, a machine that sleeps) would hold what it has locked. The server
 * ends such a transaction after this time, which none of ours needs between two statements.
 */
export const IDLE_LIMIT_MS = 5000

/** SQLSTATE of a server that goes, comes, or is full: classes 08, 57P, 53, and a transaction that was left alone. */
const AWAY = /^(?:08...|57P0[1-5]|53[0-4]00|25P0[34])$/
const AWAY_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
/** Two transactions stood in each other's way, and the server has ended this one: again at once. */
const CONFLICT = /^40(?:001|P01)$/

/** Whether an error says that the database cannot be reached now. */
export function isAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    if (AWAY.test(code) || AWAY_CODES.has(code)) return true
    if (/^Connection terminated|not queryable|timeout expired|Client was closed/.test(cause.message)) return true
    if (cause instanceof AggregateError && cause.errors.some(isAway)) return true
  }
  return false
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && CONFLICT.test(error.code)
}

/** Pauses between tries to reach a database, growing, until patience is at its end. */
export class Absence {
  #since: number | undefined
  #pauseMs = FIRST_PAUSE_MS

  /**
   * Waits before the next try.
   * @throws the error when it is none of an absence, or the absence has lasted too long
   */
  async endure(error: unknown, now: number): Promise<void> {
    if (!isAway(error)) throw error
    this.#since ??= now
    if (now - this.#since > PATIENCE_MS) throw error
    await delay(this.#pauseMs)
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
  }
}

/** What pg-boss wants of a statement. */
interface Answer {
  rows: Record<string, unknown>[]
}

export class FleetDatabase implements AsyncDisposable {
  readonly url: string
  #client: Connection | undefined
  #connecting: Promise<Connection> | undefined
  readonly #inside = new AsyncLocalStorage<Connection>()
  #connections = 0
  /** The transaction that is under way: the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(url: string) {
    this.url = url
  }

  /** Raised with every new connection: what was in doubt when the last one broke is to be looked at again. */
  get connections(): number {
    return this.#connections
  }

  /**
   * Does the work in one transaction; again, from its beginning, when the connection breaks. So it may happen that work was
   * committed and is done again: it must bear that.
   */
  transaction<T>(work: (client: Connection) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#enduring(() => this.#tryOnce(work)))
    this.#last = result.catch(() => {})
    return result
  }

  /**
   * A statement by itself: in its turn, or within the transaction in which it is called. It is for pg-boss, which looks after itself between
   * and in the middle of our transactions.
   */
  query(text: string, values?: unknown[]): Promise<Answer> {
    const client = this.#inside.getStore()
    if (client !== undefined) return client.query(text, values)
    const result = this.#last.then(async () => (await this.#connected()).query(text, values))
    this.#last = result.catch(() => {})
    return result
  }

  async #connected(): Promise<Connection> {
    if (this.#isClosed) throw new MillError('INTERNAL', 'the connection to the queue was closed before')
    if (this.#client !== undefined) return this.#client
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<Connection> {
    const client = await connect(this.url)
    try {
      await client.query(`SET idle_in_transaction_session_timeout = ${IDLE_LIMIT_MS}`)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
    client.on('end', () => this.#drop(client))
    client.on('error', () => this.#drop(client))
    this.#client = client
    this.#connections += 1
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#client?.end().catch(() => {})
  }

  #drop(client: Connection): void {
    if (this.#client === client) this.#client = undefined
  }

  async #enduring<T>(attempt: () => Promise<T>): Promise<T> {
    const absence = new Absence()
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (isConflict(error)) continue
        // Who has never been there is not away: the address may be wrong.
        if (this.#isClosed || this.#connections === 0) throw this.#failed(error)
        await absence.endure(error, performance.now()).catch((reason: unknown) => {
          throw this.#failed(reason)
        })
      }
    }
  }

  #failed(error: unknown): unknown {
    if (error instanceof MillError && error.code !== 'OUTPUT_FAILED') return error
    const cause = error instanceof MillError ? error.cause : error
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new MillError('QUEUE_FAILED', `${redactUrl(this.url)}: ${reason}`, { cause })
  }

  async #tryOnce<T>(work: (client: Connection) => Promise<T>): Promise<T> {
    const client = await this.#connected()
    try {
      await client.query('BEGIN')
      const result = await this.#inside.run(client, () => work(client))
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if (isAway(error)) {
        this.#drop(client)
        await client.end().catch(() => {})
      }
      throw error
    }
  }
}

/**
 * Whether two URLs lead to one database, however they are spelled: a lock that is held by the one is seen by the other.
 * @throws MillError OUTPUT_FAILED when one of them leads nowhere
 */
export async function isSameDatabase(one: string, other: string): Promise<boolean> {
  if (one === other) return true
  const key = String(BigInt.asIntN(64, BigInt(Date.now()) * 1_000_003n + BigInt(process.pid)))
  const first = await connect(one)
  try {
    const second = await connect(other)
    try {
      await first.query('BEGIN')
      await first.query('SELECT pg_advisory_xact_lock($1)', [key])
      const { rows } = await second.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS free', [key])
      return rows[0]?.free === false
    } finally {
      await second.end().catch(() => {})
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw cause instanceof MillError
      ? cause
      : new MillError('OUTPUT_FAILED', `${redactUrl(other)} and the queue could not be compared: ${reason}`, { cause })
  } finally {
    await first.end().catch(() => {})
  }
}
