/** The table of options, in two halves. */
import { CONTENT_OPTIONS } from './content-options.ts'
import type { MillOptions } from './mill-options.ts'
import type { OptionSpec } from './option-spec.ts'
import { RUNNING_OPTIONS } from './running-options.ts'

/** Options in the order of the help. A name's flag is the name in kebab-case. */
export const OPTIONS = { ...CONTENT_OPTIONS, ...RUNNING_OPTIONS } satisfies Record<keyof MillOptions, OptionSpec>

/** `maxRecordBytes` as the command line spells it: `--max-record-bytes`. */
export function flagName(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
