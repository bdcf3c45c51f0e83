import type { MillOptions } from './mill-options.ts'

type Group =
  | 'Input'
  | 'Records'
  | 'Output'
  | 'Politeness'
  | 'HTTP'
  | 'Limits'
  | 'Display'
  // Of flags that are not options of a run.
  | 'General'
  | 'Peek'

type Value =
  | { readonly kind: 'texts' | 'names'; readonly placeholder: string; readonly default?: string }
  /** On the command line the text may be left out where there is one `implied`; it is then given as `--name=TEXT`. */
  | { readonly kind: 'text'; readonly placeholder: string; readonly default?: string; readonly implied?: string }
  | { readonly kind: 'switch' }
  | { readonly kind: 'object'; readonly placeholder: string }
  | { readonly kind: 'count'; readonly placeholder: string; readonly min: number; readonly default: number }
  /** On the command line the number may be left out: then it is `implied`. */
  | { readonly kind: 'port'; readonly placeholder: string; readonly implied: number }
  | { readonly kind: 'seconds'; readonly placeholder: string; readonly default?: number }
  | { readonly kind: 'size'; readonly placeholder: string; readonly default?: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }

/** One option as the command line, the help and the documentation show it. */
export type OptionSpec = Value & {
  readonly group: Group
  readonly alias?: string
  /** The same sentence as in MillOptions; a test compares them. */
  readonly help: string
}

/** Some options, by name. */
export type OptionSpecs = Readonly<Partial<Record<keyof MillOptions, OptionSpec>>>
