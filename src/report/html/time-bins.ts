import type { Bins } from './report-data.ts'

const FIRST_BIN_MS = 50
/** When there would be more, two become one: between half of this and this many, a few kilobytes a series. Even. */
const MAX_BINS = 400

/** Sums over time, in bins whose width grows with the run. */
export class TimeBins<Series extends string> {
  readonly #series: Readonly<Record<Series, Float64Array>>
  readonly #names: readonly Series[]
  readonly #maxBins: number
  #binMs = FIRST_BIN_MS
  #count = 0

  constructor(series: Readonly<Record<Series, Float64Array>>, names: readonly Series[], maxBins: number) {
    this.#series = series
    this.#names = names
    this.#maxBins = maxBins
  }

  add(series: Series, at: number, value: number): void {
    const index = this.#index(at)
    const values = this.#series[series]
    values[index] = (values[index] ?? 0) + value
  }

  /** Shares a value out over a stretch of time. */
  spread(series: Series, from: number, to: number, value: number): void {
    if (to <= from || value === 0) {
      this.add(series, to, value)
      return
    }
    const last = this.#index(to)
    const values = this.#series[series]
    const perMs = value / (to - from)
    for (let index = Math.floor(Math.max(0, from) / this.#binMs); index <= last; index += 1) {
      const begin = Math.max(from, index * this.#binMs)
      const end = Math.min(to, (index + 1) * this.#binMs)
      if (end > begin) values[index] = (values[index] ?? 0) + (end - begin) * perMs
    }
  }

  /** Values are rounded to three digits after the point. */
  toBins(): Bins<Series> {
    const series = mapValues(this.#names, (name) => rounded(this.#series[name], this.#count))
    return { binMs: this.#binMs, count: this.#count, series }
  }

  #index(at: number): number {
    while (at >= this.#binMs * this.#maxBins) this.#widen()
    const index = Math.floor(Math.max(0, at) / this.#binMs)
    this.#count = Math.max(this.#count, index + 1)
    return index
  }

  #widen(): void {
    for (const name of this.#names) {
      const values = this.#series[name]
      for (let index = 0; index < this.#maxBins / 2; index += 1) {
        values[index] = (values[2 * index] ?? 0) + (values[2 * index + 1] ?? 0)
      }
      values.fill(0, this.#maxBins / 2)
    }
    this.#binMs *= 2
    this.#count = Math.ceil(this.#count / 2)
  }
}

/** A plain loop: an overview has thousands of these, and Array.from asks an iterator for each. */
function rounded(values: Float64Array, count: number): number[] {
  const result: number[] = []
  for (let index = 0; index < count; index += 1) result.push(Math.round((values[index] ?? 0) * 1000) / 1000)
  return result
}

export function timeBins<const Series extends string>(names: readonly Series[], maxBins = MAX_BINS): TimeBins<Series> {
  return new TimeBins(
    mapValues(names, () => new Float64Array(maxBins)),
    names,
    maxBins,
  )
}

function mapValues<Name extends string, Value>(
  names: readonly Name[],
  value: (name: Name) => Value,
): Readonly<Record<Name, Value>> {
  const entries: Partial<Record<Name, Value>> = {}
  for (const name of names) entries[name] = value(name)
  return isWhole(entries, names) ? entries : fail()
}

function isWhole<Name extends string, Value>(
  entries: Partial<Record<Name, Value>>,
  names: readonly Name[],
): entries is Record<Name, Value> {
  return names.every((name) => name in entries)
}

function fail(): never {
  throw new TypeError('a series has no values')
}
