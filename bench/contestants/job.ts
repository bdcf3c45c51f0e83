/** What the Node contestants share: the job from the command line, its list and its output. */
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'

export interface Job {
  readonly urls: readonly string[]
  readonly output: Writable
}

export const CONCURRENCY = Number(process.env.BENCH_CONCURRENCY)

/** The list and the output that the command line names. */
export async function readJob(): Promise<Job> {
  const [, , list = '', output = ''] = process.argv
  const urls = (await readFile(list, 'utf8')).trimEnd().split('\n')
  return { urls, output: output === '-' ? process.stdout : createWriteStream(output) }
}

/** Writes, and waits where the output asks for it. */
export async function write(output: Writable, lines: string | Uint8Array): Promise<void> {
  if (!output.write(lines)) await new Promise<void>((resolve) => output.once('drain', resolve))
}

/** Resolves when all is written. */
export function end(output: Writable): Promise<void> {
  if (output === process.stdout) return Promise.resolve()
  return new Promise((resolve) => output.end(resolve))
}
