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
  const { place, message } = splitPlace(failure, failure.message)
  return (
    `${paint('red', 'failed')}  ${printable(redactUrl(event.url))} ${paint('bold', failure.code)}` +
    `${place === '' ? '' : ` at ${place}`}: ${printable(message)}${tries}`
  )
}

/** `3:14`, `byte 512`, or nothing; and the message without that place, where it begins with it. */
export function splitPlace(
  { line, column, byteOffset }: Place,
  message: string,
): { readonly place: string; readonly message: string } {
  const byte = byteOffset === undefined ? '' : `byte ${byteOffset}`
  const place = line === undefined ? byte : `${line}${column === undefined ? '' : `:${column}`}`
  const beginning = `${place}: `
  return { place, message: place !== '' && message.startsWith(beginning) ? message.slice(beginning.length) : message }
}
