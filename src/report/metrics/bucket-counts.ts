/** A histogram's numbers: how many values are in each bucket, and what all of them are together. */
export class BucketCounts {
  readonly bounds: readonly number[]
  /** One for each bound, of the values up to it and above the one before. */
  readonly counts: Float64Array
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length)
  }

  add(value: number): void {
    this.sum += value
    this.count += 1
    const { bounds, counts } = this
    let index = 0
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1
    // Beyond the last bound it is counted in `count` alone, and an array of numbers takes no notice of the index.
    counts[index] = (counts[index] ?? 0) + 1
  }
}
