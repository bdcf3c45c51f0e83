/** What a person reads of a failed document, in one line. */
import type { Place } from '../errors.ts'
import { redactUrl } from '../redact.ts'
import type { RunEvent } from './events.ts'
import { type Paint, printable } from './terminal-text.ts'

type DocumentFailed = Extract<RunEvent, { type: 'document-failed' }>

/** `failed  http://h/a.xml XML_NOT_WELL_FORMED at 3:14: the message`, whole and without a line break. */
export function formatFailureLine(event: DocumentFailed, paint: Paint): string {
  const { failure } = event
  const tries = event.attempt > 1 ? ` (after ${event.attempt} tries)` : ''
  return (
    `${paint('red', 'failed')}  ${printable(redactUrl(event.url))} ${paint('bold', failure.code)}${formatPlace(failure)}: ` +
    `${printable(failure.message)}${tries}`
  )
}

/** ` at 3:14`, ` at byte 512`, or nothing. */
export function formatPlace({ line, column, byteOffset }: Place): string {
  if (line !== undefined) return ` at ${line}${column === undefined ? '' : `:${column}`}`
  return byteOffset === undefined ? '' : ` at byte ${byteOffset}`
}
