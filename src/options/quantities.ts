/** Sizes, rates and shards as people write them. */
import type { Shard } from './run-options.ts'

/** Bytes in `64m`, `1.5g`, `1000` (k, m, g are powers of 1024), or undefined when it is no size. */
export function parseSize(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 1 ? Math.floor(value) : undefined
  const match = /^(\d+(?:\.\d+)?)\s*([kmg])?(?:i?b)?$/i.exec(value.trim())
  if (match === null) return undefined
  const unit = { k: 1 << 10, m: 1 << 20, g: 1 << 30 }[match[2]?.toLowerCase() ?? ''] ?? 1
  return parseSize(Number(match[1]) * unit)
}

/** Milliseconds between two starts for `5/s`, `60/m`, `1000/h`, or undefined when it is no rate. */
export function parseRate(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(value.trim())
  const count = Number(match?.[1])
  if (match === null || !(count > 0)) return undefined
  return { s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'] / count
}

/** The shard in `3/8`, or what is wrong with the text. */
export function parseShard(text: string): Shard | { readonly fault: string } {
  const match = /^(\d+)\/(\d+)$/.exec(text.trim())
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null) return { fault: 'it takes I/N, such as 3/8' }
  if (count === 0) return { fault: 'there is one shard at least, 1/1' }
  if (index === 0)
    return { fault: `shards count from 1, so from 1/${count} to ${count}/${count}; where a job counts from 0, add 1` }
  if (!(index <= count && Number.isSafeInteger(count)))
    return { fault: `of ${count} shards the last is ${count}/${count}` }
  return { index, count }
}

/** A shard as parseShard reads it. */
export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`
}
