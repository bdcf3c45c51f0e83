import type { Report } from '../channel/protocol.ts'
import type { Attempt } from '../model.ts'
import type { RunEvent } from '../report/events.ts'
import type { SettledDocument } from '../sinks/sink.ts'

type WithoutTime<Event> = Event extends RunEvent ? Omit<Event, 'at'> : never
export type UntimedEvent = WithoutTime<RunEvent>

/** What is told of an attempt when its thread is done with it. */
export function endedEvent({ document, number }: Attempt, { thread, outcome }: Report): UntimedEvent {
  const { status, facts } = outcome
  return { type: 'attempt-ended', id: document.id, attempt: number, thread, status, times: facts.times }
}

/** What is told of a document when it is in the output. */
export function settledEvent(settled: SettledDocument): UntimedEvent {
  const { id, url, host } = settled.document
  const told = { id, url, host, attempt: settled.attempts }
  if (settled.status === 'failed') return { type: 'document-failed', ...told, failure: settled.failure }
  const { thread, facts, status } = settled
  return { type: status === 'done' ? 'document-done' : 'document-unchanged', ...told, thread, facts }
}
