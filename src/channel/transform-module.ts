/**
 * The user's transform module, as both ends load it: main once before anything starts, so that a module that does not load costs
 * nothing; each thread for its work.
 */
import { MillError } from '../errors.ts'

/** What a transform is told about a record besides its content. */
export interface RecordContext {
  readonly url: string
  /** The record's place in its document, from 0. */
  readonly n: number
  /** The element's name. */
  readonly name: string
}

/** A row, several rows, or nothing; or a promise of these. */
export type Transform = (record: unknown, context: RecordContext) => unknown

/**
 * Loads a transform module.
 * @param href `file:` URL
 * @throws MillError TRANSFORM_UNLOADABLE
 */
export async function loadTransform(href: string): Promise<Transform> {
  let module: unknown
  try {
    module = await import(href)
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    throw new MillError('TRANSFORM_UNLOADABLE', `${href} does not load: ${reason}`, { cause })
  }
  const transform = isModule(module) ? module.default : undefined
  if (isTransform(transform)) return transform
  throw new MillError('TRANSFORM_UNLOADABLE', `${href} has no default export that is a function`)
}

function isModule(module: unknown): module is { readonly default?: unknown } {
  return typeof module === 'object' && module !== null
}

function isTransform(value: unknown): value is Transform {
  return typeof value === 'function'
}
