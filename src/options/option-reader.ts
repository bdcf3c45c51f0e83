import type { MillOptions } from './mill-options.ts'
import type { OptionSpec } from './option-spec.ts'
import { flagName, OPTIONS } from './option-table.ts'
import { parseSize } from './quantities.ts'

/** Reads given values by kind; a value of the wrong kind becomes a problem and the default. */
export class OptionReader {
  readonly #given: MillOptions
  readonly #problems: string[]

  constructor(given: MillOptions, problems: string[]) {
    this.#given = given
    this.#problems = problems
  }

  text(name: keyof MillOptions): string | undefined {
    const value = this.#given[name] ?? this.#default(name)
    if (value === undefined || typeof value === 'string') return value
    this.#refuse(name, value, 'takes one value')
    return undefined
  }

  texts(name: keyof MillOptions): readonly string[] {
    const value = this.#given[name]
    if (value === undefined) return []
    if (typeof value === 'string') return [value]
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    this.#refuse(name, value, 'takes text')
    return []
  }

  /** The items of lists with commas. */
  names(name: keyof MillOptions): readonly string[] {
    return this.texts(name).flatMap((list) => list.split(',').map((item) => item.trim()))
  }

  switch(name: keyof MillOptions): boolean {
    const value = this.#given[name] ?? false
    if (typeof value === 'boolean') return value
    this.#refuse(name, value, 'takes no value')
    return false
  }

  choice(name: keyof MillOptions): string | undefined {
    const spec: OptionSpec = OPTIONS[name]
    const value = this.text(name)
    if (spec.kind === 'choice' && value !== undefined && !spec.choices.includes(value)) {
      this.#refuse(name, value, `takes one of ${spec.choices.join(', ')}`)
    }
    return value
  }

  count(name: keyof MillOptions): number {
    const spec: OptionSpec = OPTIONS[name]
    const min = spec.kind === 'count' ? spec.min : 0
    const value = this.#given[name] ?? this.#default(name)
    if (Number.isInteger(value) && Number(value) >= min) return Number(value)
    this.#refuse(name, value, `takes a whole number from ${min}`)
    return min
  }

  port(name: keyof MillOptions): number | undefined {
    const value = this.#given[name]
    if (value === undefined) return undefined
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535) return Number(value)
    this.#refuse(name, value, 'takes a port from 0 to 65535')
    return undefined
  }

  milliseconds(name: keyof MillOptions): number | undefined {
    const value = this.#given[name] ?? this.#default(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value * 1000
    this.#refuse(name, value, 'takes a number of seconds above 0')
    return undefined
  }

  size(name: 'maxBytes' | 'maxRecordBytes' | 'spoolAbove' | 'memory'): number {
    const value = this.#given[name] ?? this.#default(name)
    // A program may pass anything.
    const bytes = typeof value === 'number' || typeof value === 'string' ? parseSize(value) : undefined
    if (bytes === undefined) this.#refuse(name, value, 'takes a size such as 64m')
    return bytes ?? 0
  }

  #default(name: keyof MillOptions): unknown {
    const spec: OptionSpec = OPTIONS[name]
    return 'default' in spec ? spec.default : undefined
  }

  #refuse(name: string, value: unknown, expectation: string): void {
    this.#problems.push(`${flagName(name)} is ${String(value)}; it ${expectation}`)
  }
}
