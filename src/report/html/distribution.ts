import type { Distribution } from './report-data.ts'

/** Four bins to each doubling: a quantile's middle is at most 9% off. */
const PER_DOUBLING = 4
/** Up to 2^50, a petabyte. */
const BINS = 50 * PER_DOUBLING + 1

/** Positive values counted in bins that grow, in 1.6 KB. */
export class DistributionFold {
  readonly #counts = new Float64Array(BINS)
  #total = 0
  #max = 0

  add(value: number): void {
    const index = value <= 1 ? 0 : Math.min(BINS - 1, Math.ceil(Math.log2(value) * PER_DOUBLING))
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
    this.#max = Math.max(this.#max, value)
  }

  /** From the first bin that has anything to the last. */
  distribution(): Distribution {
    const first = this.#counts.findIndex((count) => count > 0)
    const last = this.#counts.findLastIndex((count) => count > 0)
    const indexes = first === -1 ? [] : Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
    return {
      ends: indexes.map((index) => round(2 ** (index / PER_DOUBLING))),
      counts: indexes.map((index) => this.#counts[index] ?? 0),
      median: this.quantile(0.5),
      p95: this.quantile(0.95),
      max: round(this.#max),
    }
  }

  quantile(part: number): number {
    let left = Math.max(1, Math.ceil(this.#total * part))
    if (this.#total === 0) return 0
    for (const [index, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min(this.#max, round(2 ** ((index - 0.5) / PER_DOUBLING)))
    }
    return this.#max
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
