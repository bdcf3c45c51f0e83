/**
 * How fast records come into PostgreSQL, beside a bare program that does nothing but COPY the same rows into the same kind of table with
 * pg-copy-streams: in turn, each a process of its own, against a server of this script's. Whole processes are compared, and what they do
 * once they do it: from our first commit to the last one, and from the bare program's BEGIN to its COMMIT.
 *
 *     node scripts/copy-rate.ts [DOCUMENTS] [RECORDS OF EACH] [ROUNDS]
 *     node scripts/copy-rate.ts DIRECTORY RECORD [ROUNDS]      its .xml files
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { query, startPostgres } from '../test/support/postgres.ts'

/** As its users run it: npm run build. */
const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
const TABLE =
  'CREATE TABLE r (url text NOT NULL, n bigint NOT NULL, "row" bigint NOT NULL, record jsonb, PRIMARY KEY (url, n, "row"))'

const [first = '400', second = '500', third = '5'] = process.argv.slice(2)
if (first === 'bare') await copyBare(second, third)
else await compare()

/** The bare program; says how many milliseconds it copied. */
async function copyBare(url: string, rows: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const begin = performance.now()
  await client.query('BEGIN')
  await pipeline(createReadStream(rows), client.query(from('COPY r (url, n, "row", record) FROM STDIN')))
  await client.query('COMMIT')
  print(String(performance.now() - begin))
  await client.end()
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xmlmill-copy-'))
  await using server = await startPostgres()
  try {
    const [pattern, record] = Number.isNaN(Number(first))
      ? [join(resolve(first), '*.xml'), second]
      : [writeDocuments(folder), 'r']
    const whole: number[] = []
    const running: number[] = []
    for (let round = 0; round < Number(third); round++) {
      const [ours, bare] = [await server.database(`ours_${round}`), await server.database(`bare_${round}`)]
      const args = [pattern, '-r', record, '-o', ours, '--table', 'r', '-q']
      const { elapsedMs: oursMs } = await timed([MAIN, ...args], folder)
      const rows = join(folder, 'rows')
      await copyOut(ours, rows)
      await query(bare, TABLE)
      const { elapsedMs: bareMs, output } = await timed([fileURLToPath(import.meta.url), 'bare', bare, rows], folder)
      const { count, later, ms } = await settled(ours)
      whole.push(bareMs / oursMs)
      running.push(later / ms / (count / Number(output)))
      print(`${count} rows, whole processes: xmlmill ${rate(count, oursMs)}, bare COPY ${rate(count, bareMs)}`)
      print(`  once they run: xmlmill ${rate(later, ms)}, bare COPY ${rate(count, Number(output))}`)
    }
    print(`median of ${third}: ${median(running)} of a bare COPY once it runs, ${median(whole)} as a whole process`)
    print(`load of the machine: ${loadavg()[0]?.toFixed(1)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rows in all, and those of them that came after the first commit, with the time from that one to the last. */
async function settled(url: string): Promise<{ readonly count: number; readonly later: number; readonly ms: number }> {
  const [row] = await query<{ count: number; later: number; ms: number }>(
    url,
    `WITH first AS (SELECT min(settled_at) AS at FROM xmlmill_documents)
     SELECT sum(records_written)::int AS count, (max(settled_at) - min(settled_at))::int AS ms,
     coalesce(sum(records_written) FILTER (WHERE settled_at > first.at), 0)::int AS later FROM xmlmill_documents, first`,
  )
  return row ?? { count: 0, later: 0, ms: 0 }
}

function rate(rows: number, ms: number): string {
  return `${Math.round(rows / (ms / 1000))} rows/s (${(ms / 1000).toFixed(2)} s)`
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(2)
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

async function timed(args: readonly string[], cwd: string): Promise<{ elapsedMs: number; output: string }> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [exitCode] = await once(child, 'close')
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}`)
  return { elapsedMs: performance.now() - from, output }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
