/**
 * How fast records come into PostgreSQL, beside a bare program that does nothing but COPY the same rows into the same kind of table with
 * pg-copy-streams: in turn, each a process of its own, against a server of this script's.
 *
 *     node scripts/copy-rate.ts [DOCUMENTS] [RECORDS OF EACH] [ROUNDS]
 *     node scripts/copy-rate.ts DIRECTORY RECORD [ROUNDS]      its .xml files
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { query, startPostgres } from '../test/support/postgres.ts'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const TABLE =
  'CREATE TABLE r (url text NOT NULL, n bigint NOT NULL, "row" bigint NOT NULL, record jsonb, PRIMARY KEY (url, n, "row"))'

const [first = '400', second = '500', third = '5'] = process.argv.slice(2)
if (first === 'bare') await copyBare(second, third)
else await compare()

/** The bare program. */
async function copyBare(url: string, rows: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN')
  await pipeline(createReadStream(rows), client.query(from('COPY r (url, n, "row", record) FROM STDIN')))
  await client.query('COMMIT')
  await client.end()
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-copy-'))
  await using server = await startPostgres()
  try {
    const [pattern, record] = Number.isNaN(Number(first)) ? [`${first}/*.xml`, second] : [writeDocuments(folder), 'r']
    const shares: number[] = []
    for (let round = 0; round < Number(third); round++) {
      const [ours, bare] = [await server.database(`ours_${round}`), await server.database(`bare_${round}`)]
      const args = [pattern, '-r', record, '-o', ours, '--table', 'r', '-q']
      const oursMs = await elapsedMs([MAIN, ...args], folder)
      const [counted] = await query<{ count: number }>(ours, 'SELECT count(*)::int AS count FROM r')
      const rows = join(folder, 'rows')
      await copyOut(ours, rows)
      await query(bare, TABLE)
      const bareMs = await elapsedMs([fileURLToPath(import.meta.url), 'bare', bare, rows], folder)
      const count = counted?.count ?? 0
      shares.push(bareMs / oursMs)
      const rate = (ms: number) => `${Math.round(count / (ms / 1000))} rows/s (${(ms / 1000).toFixed(2)} s)`
      print(`${count} rows: xmlmill ${rate(oursMs)}, bare COPY ${rate(bareMs)}: ${(bareMs / oursMs).toFixed(2)} of it`)
    }
    const middle = shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? Number.NaN
    print(`median ${middle.toFixed(2)}; load of the machine ${loadavg()[0]?.toFixed(1)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeDocuments(folder: string): string {
  mkdirSync(join(folder, 'documents'))
  for (let document = 0; document < Number(first); document++) {
    const records = Array.from({ length: Number(second) }, (_, n) => {
      const text = `Some words of document ${document} that stand for an abstract, and "quoted" ones. `.repeat(5)
      return `<r id="${document}-${n}"><title>Title ${n}</title><author>A</author><author>B</author><abstract>${text}</abstract></r>`
    })
    writeFileSync(join(folder, 'documents', `${document}.xml`), `<a>${records.join('')}</a>`)
  }
  return join(folder, 'documents', '*.xml')
}

/** The rows as COPY takes them. */
async function copyOut(url: string, path: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await pipeline(client.query(to('COPY r (url, n, "row", record) TO STDOUT')), createWriteStream(path))
  await client.end()
}

async function elapsedMs(args: readonly string[], cwd: string): Promise<number> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  const [exitCode] = await once(child, 'close')
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}`)
  return performance.now() - from
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
