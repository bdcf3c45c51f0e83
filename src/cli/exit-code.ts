/** What the process says when it ends. */
import type { ErrorCode } from '../errors.ts'

export const EXIT = {
  done: 0,
  /** Some documents failed or records were rejected. */
  incomplete: 1,
  /** Usage, an unreadable list, or a transform that does not load: nothing was fetched. */
  usage: 2,
  /** The output failed. */
  output: 3,
  /** Another run has the output. */
  locked: 4,
} as const

/** Exit code of a run that was stopped by an error. */
export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    // The reader of a pipe went away, as `head` does: nothing is wrong.
    case 'OUTPUT_CLOSED':
      return EXIT.done
    case 'OUTPUT_FAILED':
    case 'QUEUE_FAILED':
      return EXIT.output
    case 'OUTPUT_LOCKED':
      return EXIT.locked
    case 'OPTIONS_INVALID':
    case 'OUTPUT_EXISTS':
    case 'SHAPE_CHANGED':
    case 'PART_INCOMPLETE':
    case 'PARTS_DIFFER':
    case 'PART_DAMAGED':
    case 'SOURCE_UNREADABLE':
    case 'QUEUE_UNUSABLE':
    case 'TRANSFORM_REFUSED':
    case 'REPORT_FAILED':
    case 'REPORT_UNREADABLE':
    case 'PORT_UNAVAILABLE':
    case 'TRANSFORM_UNLOADABLE':
      return EXIT.usage
    default:
      return EXIT.incomplete
  }
}
