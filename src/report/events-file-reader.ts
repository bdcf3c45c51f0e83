import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { MillError } from '../errors.ts'
import type { Listener, RunEvent } from './events.ts'
import { EVENTS_TYPE, EVENTS_VERSION } from './events-file.ts'

/** Every kind of event: a kind that a later version added is passed over. */
const TYPES: Readonly<Record<RunEvent['type'], true>> = {
  'run-started': true,
  'list-ended': true,
  'attempt-started': true,
  'attempt-progressed': true,
  downloaded: true,
  'attempt-ended': true,
  'attempt-failed': true,
  'host-cooling': true,
  'document-done': true,
  'document-failed': true,
  'documents-skipped': true,
  'document-unchanged': true,
  'load-sampled': true,
  'thread-crashed': true,
  'run-ended': true,
}

/** What a replay came upon. */
export interface Replay {
  /** Whether the last line is cut off, as it is when the run was killed. */
  readonly isTorn: boolean
  /** Events that the run left out because its disk was too slow. */
  readonly leftOut: number
}

/**
 * Tells the events of a file (`.gz` too) to a listener, in order.
 * @throws MillError REPORT_UNREADABLE
 */
export async function replayEvents(path: string, listener: Listener): Promise<Replay> {
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  file.on('error', (error) => input.destroy(error))
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  // The interface of lines does not pass it on.
  const failed = new Promise<never>((_, reject) => input.once('error', reject))
  failed.catch(() => {})
  const iterator = lines[Symbol.asyncIterator]()
  let number = 0
  let leftOut = 0
  let torn = 0
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), failed])
      if (next.done === true) break
      number += 1
      if (torn > 0) throw unreadable(path, `line ${torn} is no JSON`)
      const value = parse(next.value)
      if (value === undefined) torn = number
      else if (number === 1) checkHeader(path, value)
      else if (isEvent(value)) listener(value)
      else if (has(value, 'type', 'events-left-out') && 'count' in value) leftOut = Number(value.count)
    }
  } catch (cause) {
    if (cause instanceof MillError) throw cause
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause)
  } finally {
    lines.close()
    file.destroy()
  }
  if (number === 0 || torn === 1) throw unreadable(path, 'it does not begin with the header of a file of events')
  return { isTorn: torn > 0, leftOut }
}

function checkHeader(path: string, value: object): void {
  if (!has(value, 'type', EVENTS_TYPE)) {
    throw unreadable(path, 'it does not begin with the header of a file of events, as --events writes it')
  }
  if (!has(value, 'version', EVENTS_VERSION)) {
    const version = 'version' in value ? String(value.version) : 'none'
    throw unreadable(path, `its version is ${version}, this xmlmill reads version ${EVENTS_VERSION}`)
  }
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function has(value: object, name: string, expected: unknown): boolean {
  return Object.entries(value).some(([key, present]) => key === name && present === expected)
}

/** The header has said who wrote it: its fields are taken as they are. */
function isEvent(value: object): value is RunEvent {
  return (
    'type' in value &&
    typeof value.type === 'string' &&
    Object.hasOwn(TYPES, value.type) &&
    'at' in value &&
    typeof value.at === 'number'
  )
}

function unreadable(path: string, reason: string, cause?: unknown): MillError {
  return new MillError('REPORT_UNREADABLE', `${path} cannot be read as a file of events: ${reason}`, { cause })
}
