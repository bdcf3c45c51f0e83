/** Sizes and rates as people write them. */

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
