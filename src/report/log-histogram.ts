/** Buckets a tenth apart: a quantile's middle is at most 5% off. */
const GROWTH = Math.log(1.1)
/** 1.1^193 is above 10^8 ms, more than a day. */
const BUCKETS = 194

/** Durations counted in buckets of growing width: quantiles of any number of values in 1.5 KB. */
export class LogHistogram {
  readonly #buckets = new Float64Array(BUCKETS)
  #count = 0

  /** Values up to 1 ms share a bucket, as do those of a day and more. */
  add(ms: number): void {
    const index = ms <= 1 ? 0 : Math.min(BUCKETS - 1, 1 + Math.floor(Math.log(ms) / GROWTH))
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    this.#count++
  }

  /** The value that this part (0 to 1) of all values does not exceed, within 5%; 0 without values. */
  quantile(part: number): number {
    let left = Math.max(1, Math.ceil(this.#count * part))
    if (this.#count === 0) return 0
    for (const [index, count] of this.#buckets.entries()) {
      left -= count
      if (left <= 0) return index === 0 ? 1 : Math.exp((index - 0.5) * GROWTH)
    }
    return 0
  }
}
