/**
 * Whether contestants wrote the same records. A digest of an output that does not depend on the order of lines, nor of keys in
 * them, and looks at the document's path and the record alone, whatever else a contestant puts into a line.
 */
import { hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

export interface Digest {
  readonly records: number
  /** Sum of the records' hashes. */
  readonly sum: string
}

/** @throws Error when a line is no JSON object with `url` and `record` */
export async function digestOf(file: string): Promise<Digest> {
  let records = 0
  let sum = 0n
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed !== 'object' || parsed === null || !('url' in parsed) || !('record' in parsed)) {
      throw new Error(`a line of ${file} has no url and record: ${line.slice(0, 200)}`)
    }
    const { pathname } = new URL(String(parsed.url))
    sum += BigInt(`0x${hash('sha256', `${pathname} ${canonical(parsed.record)}`).slice(0, 16)}`)
    records += 1
  }
  return { records, sum: (sum & 0xffff_ffff_ffff_ffffn).toString(16) }
}

/** Lines of an output, counted without looking into them. */
export async function countLines(file: string): Promise<number> {
  let lines = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1
  }
  return lines
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`
}
