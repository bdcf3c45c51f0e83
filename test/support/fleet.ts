/** A queue in a real PostgreSQL, and worker processes as its machines. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finished, runCommand, type Started, startCommand } from './command-line.ts'
import { query, type TestServer } from './postgres.ts'

export interface Fleet extends AsyncDisposable {
  readonly url: string
  readonly folder: string
  /** Writes a list and submits it. */
  submit(urls: readonly string[], ...args: string[]): Promise<Finished>
  /** A machine; it is killed at the end if it is still there. */
  work(...args: string[]): Started
  /** Any other command on the queue. */
  command(name: string, ...args: string[]): Promise<Finished>
  query<Row extends Record<string, unknown>>(sql: string): Promise<readonly Row[]>
  /** Waits until a statement's first value is true; fails after a while. */
  until(sql: string, withinMs?: number): Promise<void>
}

let databases = 0

export async function startFleet(server: TestServer): Promise<Fleet> {
  databases += 1
  const url = await server.database(`fleet${process.pid}_${databases}`)
  const folder = await mkdtemp(join(tmpdir(), 'xmlmill-fleet-'))
  const workers: Started[] = []
  return {
    url,
    folder,
    async submit(urls, ...args) {
      await writeFile(join(folder, 'urls.txt'), `${urls.join('\n')}\n`)
      return runCommand(['submit', '-i', 'urls.txt', '--queue', url, ...args], { cwd: folder })
    },
    work(...args) {
      const worker = startCommand(
        ['work', url, ...(args.includes('--progress') ? [] : ['--progress', 'none']), ...args],
        { cwd: folder },
      )
      workers.push(worker)
      return worker
    },
    command: (name, ...args) => runCommand([name, url, ...args], { cwd: folder }),
    query: (sql) => query(url, sql),
    async until(sql, withinMs = 120_000) {
      for (const from = performance.now(); ; ) {
        const [row] = await query<Record<string, unknown>>(url, sql)
        if (row !== undefined && Object.values(row)[0] === true) return
        if (performance.now() - from > withinMs) throw new Error(`still not true after ${withinMs} ms: ${sql}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { child } of workers) if (child.exitCode === null) child.kill('SIGKILL')
      await Promise.all(workers.map(({ finished }) => finished))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
