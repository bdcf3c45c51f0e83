/** The public names of xmlmill. */
export type { RecordContext, Transform } from './channel/transform-module.ts'
export { defineConfig } from './config/define-config.ts'
export { type Disposition, ERRORS, type ErrorCode, type Failure, MillError } from './errors.ts'
export {
  type DocumentResult,
  type DoneResult,
  type FailedResult,
  type LibraryOptions,
  type Mill,
  mill,
  type Urls,
} from './library.ts'
export type { DocumentFacts, StepTimes } from './model.ts'
export type { MillOptions, ParserName, ProgressStyle } from './options.ts'
export type { RunEvent } from './report/events.ts'
export type { Summary } from './report/summary.ts'
export { VERSION } from './version.ts'
