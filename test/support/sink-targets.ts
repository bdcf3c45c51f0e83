/** Outputs as the shared tests of sinks see them: a name, and how to read back what is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { query } from './postgres.ts'
import { readZstd } from './zstd.ts'

export interface Row {
  readonly url: string
  readonly n: number
  /** The record's `id` and `text`. */
  readonly id: string
  readonly text: string
}

export interface SinkTarget {
  readonly name: string
  /** The value of `-o`. */
  readonly output: string
  /** Options that it needs besides. */
  readonly args: readonly string[]
  /** Where its rejects are, if not beside it. */
  readonly rejects?: string
  /** What is there; the rows of a document in the order in which they were written. */
  rows(folder: string): Promise<readonly Row[]>
  /** The table, where there is one that can be asked. */
  readonly table?: string
  /** Says something to the database in SQL. */
  execute?(folder: string, sql: string): Promise<void>
  /** Takes away what another test has left where a folder is not all there is. */
  clear?(): Promise<void>
}

export const COLUMNS = ['--columns', 'id=@_id,text=#text']

function ndjsonRows(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { url, n, record } = JSON.parse(line)
      return { url, n, id: record['@_id'], text: record['#text'] }
    })
}

/** Fields of CSV as RFC 4180 has them, read independently of what writes them. */
function csvRows(text: string): Row[] {
  const rows: string[][] = []
  let row: string[] = []
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    const [, value = '', end] = match
    row.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value)
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  const [header = [], ...body] = rows
  const place = (name: string) => header.findIndex((one) => one === name || one === `@_${name}` || one === `#${name}`)
  return body.map((cells) => ({
    url: cells[place('url')] ?? '',
    n: Number(cells[place('n')]),
    id: cells[place('id')] ?? '',
    text: cells[place('text')] ?? '',
  }))
}

const READERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = { gz: gunzipSync, zst: readZstd }

/** What a file has in it, decompressed. */
export function readText(path: string): string {
  const bytes = readFileSync(path)
  return (READERS[path.split('.').at(-1) ?? '']?.(bytes) ?? bytes).toString()
}

export function file(name: string, args: readonly string[] = []): SinkTarget {
  const parse = name.includes('.csv') ? csvRows : ndjsonRows
  return {
    name: `${name} ${args.join(' ')}`.trim(),
    output: name,
    args,
    rows: async (folder) => (existsSync(join(folder, name)) ? parse(readText(join(folder, name))) : []),
  }
}

export function directory(output: string): SinkTarget {
  return {
    name: output,
    output,
    args: [],
    rows: async (folder) =>
      existsSync(join(folder, output))
        ? readdirSync(join(folder, output))
            .filter((name) => name.endsWith('.ndjson'))
            .flatMap((name) => ndjsonRows(readFileSync(join(folder, output, name), 'utf8')))
        : [],
  }
}

export const DIRECTORY: SinkTarget = directory('out/')

export const FILE_TARGETS: readonly SinkTarget[] = [
  file('out.ndjson'),
  file('out.ndjson.gz'),
  DIRECTORY,
  file('out.csv', COLUMNS),
  file('out.csv'),
  file('out.csv.zst', COLUMNS),
  sqlite('out.sqlite', []),
  sqlite('out.db', COLUMNS),
  sqlite('out.sqlite3', [...COLUMNS, '--key', 'id', '--table', 'things']),
  parquet('out.parquet', COLUMNS),
  parquet('out.parquet', []),
]

export function parquet(name: string, args: readonly string[]): SinkTarget {
  return {
    name: `${name} ${args.join(' ')}`.trim(),
    output: name,
    args,
    async rows(folder) {
      if (!existsSync(join(folder, name))) return []
      const parts = readdirSync(join(folder, name)).filter((part) => part.endsWith('.parquet'))
      const rows: Row[] = []
      for (const part of parts.toSorted()) {
        const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name, part))
        const file = buffer.slice(byteOffset, byteOffset + byteLength)
        for (const row of await parquetReadObjects({ file }))
          rows.push({
            url: String(row.url),
            n: Number(row.n),
            id: String(row.id ?? row['@_id']),
            text: String(row.text ?? row['#text']),
          })
      }
      return rows
    },
  }
}

/** A PostgreSQL database. */
export function postgres(url: string, args: readonly string[]): SinkTarget {
  const table = args.includes('--table') ? 'things' : 'r'
  const cells = args.includes('--columns') ? 'id, text' : `record ->> '@_id' AS id, record ->> '#text' AS text`
  return {
    name: `postgres ${args.join(' ')}`.trim(),
    output: url,
    args,
    rejects: `${URL.parse(url)?.pathname.slice(1)}.rejects.ndjson`,
    async rows() {
      const there = await query(url, `SELECT 1 FROM pg_class WHERE relname = '${table}'`)
      if (there.length === 0) return []
      const rows = await query<{ url: string; n: string; id: string; text: string }>(
        url,
        `SELECT url, n, ${cells} FROM ${table} ORDER BY ctid`,
      )
      return rows.map((row) => ({ ...row, n: Number(row.n) }))
    },
    table,
    async execute(_, sql) {
      await query(url, sql)
    },
    async clear() {
      await query(url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    },
  }
}

export function sqlite(name: string, args: readonly string[]): SinkTarget {
  const table = args.includes('--table') ? 'things' : 'r'
  return {
    name: `${name} ${args.join(' ')}`.trim(),
    output: name,
    args,
    table,
    async execute(folder, sql) {
      using database = new DatabaseSync(join(folder, name))
      database.exec(sql)
    },
    async rows(folder) {
      if (!existsSync(join(folder, name))) return []
      using database = new DatabaseSync(join(folder, name))
      const isThere = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined
      if (!isThere) return []
      const cells = args.includes('--columns')
        ? 'id, text'
        : `record ->> '$."@_id"' AS id, record ->> '$."#text"' AS text`
      return database
        .prepare(`SELECT url, n, ${cells} FROM ${table} ORDER BY rowid`)
        .all()
        .map(({ url, n, id, text }) => ({ url: String(url), n: Number(n), id: String(id), text: String(text) }))
    },
  }
}
