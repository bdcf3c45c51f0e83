/**
 * `--events FILE`: a run's events as NDJSON, to be replayed. The first line says what it is; each further line is an event as in
 * events.ts, without user information in URLs. Fields and kinds of events are only ever added under the same version.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { redactUrl } from '../redact.ts'
import { VERSION } from '../version.ts'
import type { BatchListener } from './event-batches.ts'
import type { RunEvent } from './events.ts'

export const EVENTS_TYPE = 'xmlmill-events'
export const EVENTS_VERSION = 1

/** Text gathered for one write: each one wakes a thread of the pool for files, which on a busy machine costs more than the bytes. */
const BATCH_CHARACTERS = 256 << 10
/** Nothing waits for longer, in milliseconds of the run. */
const FLUSH_MS = 1000
/** What may wait for a slow disk. Beyond it, events that only show progress are left out. */
const MAX_WAITING_BYTES = 32 << 20

export interface EventsFile {
  readonly listener: BatchListener
  /** @throws NodeJS.ErrnoException when something could not be written */
  close(): Promise<void>
}

/** Opens the file, replacing one that is there. Writes never hold up the run; an error is kept until `close`. */
export function openEventsFile(path: string): EventsFile {
  const stream = createWriteStream(path)
  let error: Error | undefined
  stream.on('error', (failure) => {
    error ??= failure
  })
  let text = `${JSON.stringify({ type: EVENTS_TYPE, version: EVENTS_VERSION, program: `xmlmill ${VERSION}` })}\n`
  let leftOut = 0
  let flushedAt = 0
  const flush = () => {
    if (text !== '' && error === undefined) stream.write(text)
    text = ''
  }
  return {
    listener(events) {
      const kept = isBehind(stream) ? events.filter((event) => !isProgress(event)) : events
      leftOut += events.length - kept.length
      if (kept.length > 0) text += toLines(kept)
      const { at = flushedAt } = events.at(-1) ?? {}
      if (text.length < BATCH_CHARACTERS && at - flushedAt < FLUSH_MS) return
      flushedAt = at
      flush()
    },
    async close() {
      if (leftOut > 0) text += `${JSON.stringify({ type: 'events-left-out', count: leftOut })}\n`
      flush()
      stream.end()
      await finished(stream).catch((failure: unknown) => {
        throw error ?? failure
      })
      if (error !== undefined) throw error
    },
  }
}

function isBehind(stream: WriteStream): boolean {
  return stream.writableLength > MAX_WAITING_BYTES
}

/** Events that a replay can do without. */
function isProgress({ type }: RunEvent): boolean {
  return type === 'attempt-progressed' || type === 'downloaded' || type === 'attempt-ended'
}

const BETWEEN_EVENTS = '},{"type":'

/**
 * All of them as one JSON text, cut between them: two thirds of the time that a text for each takes. What else looks like a cut would only
 * make more of them. A text with an @ may have user information in it, and is written again without: looking at every value costs half as
 * much again.
 */
function toLines(events: readonly RunEvent[]): string {
  const text = JSON.stringify(events)
  if (!text.includes('@')) {
    const parts = text.slice(1, -1).split(BETWEEN_EVENTS)
    if (parts.length === events.length) return `${parts.join('}\n{"type":')}\n`
  }
  return events.map(toLine).join('')
}

function toLine(event: RunEvent): string {
  const text = JSON.stringify(event)
  return `${text.includes('@') ? JSON.stringify(event, withoutUserInformation) : text}\n`
}

function withoutUserInformation(key: string, value: unknown): unknown {
  return (key === 'url' || key === 'finalUrl') && typeof value === 'string' ? redactUrl(value) : value
}
