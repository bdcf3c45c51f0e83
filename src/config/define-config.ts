import type { MillOptions } from '../options.ts'

/**
 * The options of a configuration file, checked by the compiler: `export default defineConfig({ record: 'paper' })` in
 * `xmlmill.config.ts`. Names, types and defaults are those of `mill`; paths are relative to the working directory, as flags are.
 */
export function defineConfig(options: MillOptions): MillOptions {
  return options
}
