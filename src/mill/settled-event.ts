import type { RunEvent } from '../report/events.ts'
import type { SettledDocument } from '../sinks/sink.ts'

type WithoutTime<Event> = Event extends RunEvent ? Omit<Event, 'at'> : never
export type UntimedEvent = WithoutTime<RunEvent>

/** What is told of a document when it is in the output. */
export function settledEvent(settled: SettledDocument): UntimedEvent {
  const { id, url, host } = settled.document
  const told = { id, url, host, attempt: settled.attempts }
  if (settled.status === 'failed') return { type: 'document-failed', ...told, failure: settled.failure }
  const { thread, facts, status } = settled
  return { type: status === 'done' ? 'document-done' : 'document-unchanged', ...told, thread, facts }
}
