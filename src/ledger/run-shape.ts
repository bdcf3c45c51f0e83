/** The options that decide what records look like. Two runs into one output must agree on them. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MillError } from '../errors.ts'
import { flagName, type MillOptions, type RunOptions, type ThreadOptions } from '../options.ts'

/** Option -> its value as text. */
export type RunShape = Readonly<Record<string, string>>

/** What of the thread's options leaves the records as they are; everything else shapes them, also what is yet to come. */
const SHAPELESS: ReadonlySet<string> = new Set<keyof ThreadOptions>([
  'connectTimeoutMs',
  'stallTimeoutMs',
  'timeoutMs',
  'maxBytes',
  'maxRecordBytes',
  'maxDepth',
  'headers',
  'userAgent',
  'proxy',
  'cacert',
  'netrc',
  'publicOnly',
  'transformTimeoutMs',
  'cache',
  'offline',
  'digest',
])

const OFF: ReadonlySet<string> = new Set(['false', '[]', '{}'])

/** Options that a user knows by another name than a thread does. */
const NAMES: Readonly<Record<string, keyof MillOptions>> = { envelope: 'bare' }

/**
 * The shape of a run. A transform counts by the content of its file; what the file imports does not count.
 * @param more what a target adds, such as its columns: option -> value
 * @throws MillError TRANSFORM_UNLOADABLE
 */
export async function runShape(
  { thread }: Pick<RunOptions, 'thread'>,
  more: Readonly<Partial<Record<keyof MillOptions, unknown>>> = {},
): Promise<RunShape> {
  const shape: Record<string, string> = {}
  for (const [option, value] of Object.entries({ ...thread, ...more })) {
    if (value === undefined || SHAPELESS.has(option)) continue
    const name = NAMES[option] ?? option
    const text = option === 'transform' ? await contentHash(String(value)) : JSON.stringify(value)
    // What is off is left out: an option that a later version brings is off in a ledger of today.
    if (option === 'envelope' ? value === true : OFF.has(text)) continue
    shape[name] = option === 'envelope' ? 'true' : text
  }
  return shape
}

async function contentHash(href: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(fileURLToPath(href)))
      .digest('hex')
      .slice(0, 16)
  } catch (cause) {
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} cannot be read`, { cause })
  }
}

/**
 * Refuses to mix two shapes in one output.
 * @throws MillError SHAPE_CHANGED naming each option that differs
 */
export function checkShape(output: string, before: RunShape, now: RunShape): void {
  const changes: string[] = []
  for (const option of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (before[option] === now[option] || SHAPELESS.has(option)) continue
    changes.push(`${flagName(option)} was ${shown(option, before[option])} and is ${shown(option, now[option])}`)
  }
  if (changes.length > 0)
    throw new MillError('SHAPE_CHANGED', `${output} has records of another shape: ${changes.join('; ')}`)
}

function shown(option: string, value: string | undefined): string {
  if (value === undefined) return 'not given'
  if (value === 'true') return 'given'
  return option === 'transform' ? `a file with the hash ${value}` : value
}
